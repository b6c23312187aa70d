"""Whatever a server or a visitor sends, no terminal, log or JSON reader is led astray by it."""

from __future__ import annotations

import json
import logging
import unicodedata
from collections.abc import Iterator
from typing import Any

import duckdb
import pytest
from click.testing import CliRunner, Result

from openpanel_source.cli.main import main
from openpanel_source.sandbox import Sandbox
from tests.support.sandbox_world import CLIENT, NOW, SECRET, event, world

pytestmark = pytest.mark.sampled(2)

EVIL = "\x1b[2J\x1b]0;owned\x07\u202eevil\u2028\x9b31m\rWARNING forged\nWARNING forged\x00\x7f"
FILE = "evil.duckdb"
CHART = {
    "name": "sales",
    "series": [{"event": EVIL.replace("\0", "")}],
    "breakdowns": ["properties.x"],
    "interval": "day",
    "range": "7d",
}


@pytest.fixture
def sandbox(monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    rows = [
        event(1, name=EVIL, path=EVIL, properties={EVIL: EVIL, "x": EVIL}),
        event(2, _raw=json.dumps(event(2, longitude=EVIL))),
        event(3, _raw=json.dumps(event(3, **{EVIL: EVIL}))),
    ]
    with world(*rows) as server:
        settings = {
            "client_id": CLIENT,
            "client_secret": SECRET,
            "project_id": "web",
            "base_url": server.url,
            "backoff_seconds": "0.001",
            "max_outage": "0",
            "now": NOW.isoformat(),
            "charts": json.dumps([CHART]),
        }
        for name, value in settings.items():
            monkeypatch.setenv(f"SOURCES__OPENPANEL__{name.upper()}", value)
        yield server


def run(*arguments: str) -> Result:
    """Run the command, verbosely, and look at all that it wrote."""
    result = CliRunner().invoke(main, ["-v", *arguments])
    for text in (result.stdout, result.stderr):
        assert_harmless(text)
    if "--json" in arguments and result.stdout:
        assert isinstance(json.loads(result.stdout), dict)
        assert result.stdout.count("\n") == 1
    return result


def assert_harmless(text: str) -> None:
    signs = {character for character in text if unicodedata.category(character)[0] in "CZ"}
    assert signs <= {"\n", " "}, signs
    assert not any(line.startswith(("WARNING", "evil")) for line in text.splitlines())


def commands() -> Iterator[list[str]]:
    for name in ("check", "sync", "audit", "status", "charts list"):
        for options in ([], ["--json"]):
            target = [] if name in ("check", "charts list") else ["--database", FILE]
            yield [*name.split(), *target, *options]


@pytest.mark.long
def test_events_cannot_reach_the_terminal(sandbox: Sandbox) -> None:
    for arguments in commands():
        assert run(*arguments).exit_code == 0
    with duckdb.connect(FILE) as connection:
        held = connection.execute("SELECT count(*) FROM openpanel.events").fetchone()
        assert held == (2,)
        # Somebody else may have written into the warehouse.
        connection.execute(
            "UPDATE openpanel.sync_days SET project_id = ?", [EVIL.replace("\0", "")]
        )
        connection.execute("UPDATE openpanel.events SET project_id = ?", [EVIL.replace("\0", "")])
    for arguments in (["status"], ["status", "--json"], ["audit"], ["audit", "--json"]):
        assert "evil" in run(*arguments, "--database", FILE).stdout or arguments[0] == "audit"


HEADER = EVIL.encode("ascii", "ignore").decode().translate({ord(sign): "?" for sign in "\r\n\0"})
ANSWERS: list[dict[str, Any]] = [
    {
        "status": 400,
        "body": json.dumps({"message": EVIL, "details": [{"path": EVIL, "message": EVIL}]}),
    },
    {"status": 401, "body": json.dumps({"message": EVIL})},
    {"status": 403, "body": json.dumps({"message": EVIL, "error": EVIL})},
    {"status": 404, "body": EVIL, "content_type": "text/plain"},
    {"status": 418, "body": EVIL},
    {"status": 500, "body": EVIL, "content_type": "text/plain"},
    {"status": 200, "body": EVIL, "content_type": HEADER},
    {"status": 302, "redirect": HEADER},
    {"status": 429, "headers": {"retry-after": HEADER, "x-ratelimit-limit": HEADER}, "times": 1},
    {"status": 503, "headers": {"retry-after": HEADER}, "times": 2},
]


@pytest.mark.sampled(3)
@pytest.mark.parametrize("answer", ANSWERS, ids=lambda answer: str(answer["status"]))
def test_answers_cannot_reach_the_terminal_or_a_log(
    sandbox: Sandbox, answer: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "openpanel_source")
    sandbox.behave(**answer)
    for arguments in (["check"], ["check", "--json"], ["sync"]):
        run(*arguments)
    for record in caplog.records:
        if record.name.startswith("openpanel_source"):
            assert_harmless(record.getMessage())


@pytest.mark.sampled(2)
@pytest.mark.parametrize("setting", ["project_id", "base_url", "start_date", "charts", "timezone"])
def test_what_a_setting_holds_is_shown_escaped(
    sandbox: Sandbox, setting: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = f"SOURCES__OPENPANEL__{setting.upper()}"
    monkeypatch.setenv(name, EVIL.replace("\0", ""))
    assert run("sync").exit_code == 2
    assert run("check", "--json").exit_code == 2
    if setting == "charts":
        monkeypatch.setenv(name, json.dumps([CHART | {"name": EVIL}]))
        run("charts", "list")
        run("sync", "--json")
