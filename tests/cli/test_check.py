"""Check by command: what a sync would meet, before it does."""

from __future__ import annotations

import json
import socket
from typing import Any

import pytest

from openpanel_source.sandbox import Sandbox
from openpanel_source.wire.retry import RetryPolicy
from tests.support.command import fails, run
from tests.support.sandbox_world import event, world


def test_check_says_what_a_sync_would_meet() -> None:
    result = run("check")
    assert result.exit_code == 0
    for line in (
        "answers, credentials are valid",
        "client type: read",
        "project web: 3 events",
        "server generation: about 2026-09 or later; start and end are exact instants",
        "rate limit: 1,000,000 requests a window, as the server says",
    ):
        assert line in result.stdout


def test_the_type_of_a_client_is_not_guessed_from_a_fault(sandbox: Sandbox) -> None:
    sandbox.behave(path="no-such-project", status=500)
    result = run("check")
    assert "client type: cannot be told" in result.stdout


def test_check_goes_on_after_a_project_it_may_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    result = run("check", "--project-id", "empty", "--project-id", "web", "--json")
    assert result.exit_code == 2
    findings = {item["name"]: item for item in json.loads(result.stdout)["findings"]}
    assert "may not read" in findings["project empty"]["error"]
    assert findings["project web"]["error"] is None


@pytest.mark.parametrize(
    ("server_date", "words"),
    [
        ("2026-04", "filters on events are not available"),
        ("2026-03", "2026-03-03 to 2026-04-08; filters on events are not available"),
        ("2026-02", "before 2026-03-03; page 1 may hide rows and pages may overlap: days are read"),
        ("2025-03", "before 2025-04-16; page 1 may hide rows"),
    ],
)
def test_check_recognises_the_generation_of_the_server(
    server_date: str, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [event(number) for number in range(1, 60)]
    with world(*rows, server_date=server_date) as server:
        monkeypatch.setenv("SOURCES__OPENPANEL__BASE_URL", server.url)
        result = run("check")
    assert words in result.stdout


def test_a_rate_limit_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    with world(event(1), rate_limit=100) as server:
        monkeypatch.setenv("SOURCES__OPENPANEL__BASE_URL", server.url)
        assert "100 requests a window" in run("check").stdout


@pytest.mark.parametrize("misbehaviour", [{"reset": "before_headers"}, {"status": 503}])
def test_a_check_asks_a_server_that_does_not_answer_once_and_says_that_it_asks(
    sandbox: Sandbox, misbehaviour: dict[str, Any]
) -> None:
    sandbox.behave(**misbehaviour)
    result = run("check")
    assert result.exit_code == 1
    findings = [line[:12] for line in result.stdout.splitlines()][-2:]
    assert findings == ["FAIL  server", "      the se"]
    assert f"asking {sandbox.url}" in result.stderr
    assert len(sandbox.requests) == RetryPolicy().attempts


def test_an_unreachable_server_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    monkeypatch.setenv("SOURCES__OPENPANEL__BASE_URL", f"http://127.0.0.1:{port}")
    fails(run("sync"), 1, "cannot be reached", "run again")
    check = run("check")
    assert check.exit_code == 1
    assert "FAIL  server" in check.stdout


def test_an_unexpected_error_asks_for_a_report(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("openpanel_source.operations.check.check", lambda *_: 1 / 0)
    result = run("check")
    assert result.exit_code == 1
    assert "unexpected error (ZeroDivisionError" in result.stderr
    assert "report" in result.stderr
