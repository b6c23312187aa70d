"""Init checks the answers against the server and names what is missing before it writes a file."""

from __future__ import annotations

from pathlib import Path

import pytest

from openpanel_source.sandbox import Sandbox
from tests.support.command import fails, run
from tests.support.dlt_files import forget_files
from tests.support.init_world import (
    CONFIG,
    EMPTY,
    ROOT,
    ROOT_SECRET,
    SECRETS,
    VARIABLE,
    WRITER,
    clients,
    given,
    of_source,
    served,
    server,
    unconfigured,
)
from tests.support.sandbox_world import CLIENT, SECRET

__all__ = ["server", "unconfigured"]


def test_a_root_client_is_given_the_projects_that_are_named(
    server: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, ROOT_SECRET)
    command = given(server, ROOT)
    fails(run(*command), 2, "--project-id is missing; the client reads web, app, 2024, empty")
    fails(run(*command, "--project-id", "nosuch"), 2, "no such project")
    assert not Path(".dlt").exists()
    assert run(*command, "--project-id", "web,2024").exit_code == 0
    assert of_source(CONFIG)["project_id"] == ["web", "2024"]


def test_without_a_terminal_what_is_missing_is_named() -> None:
    fails(run("init"), 2, f"--client-id and ${VARIABLE} are missing", "no terminal")
    fails(run("init", "--client-id", CLIENT), 2, f"${VARIABLE} is missing", "no terminal")
    fails(run("init", "--client-id", CLIENT, "--client-secret-stdin"), 2, "no secret on stdin")
    assert not Path(".dlt").exists()


@pytest.mark.parametrize(
    ("client", "secret", "words"),
    [
        (CLIENT, "wrong", "secret is wrong"),
        ("nope", SECRET, "UUIDv4"),
        (ROOT[:-1] + "9", SECRET, "knows no client"),
        (WRITER, "sec_write", "may only write"),
        (CLIENT, "line\tbreak", "client_secret holds"),
    ],
)
def test_credentials_that_do_not_work_are_not_written(
    client: str, secret: str, words: str, server: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, secret)
    fails(run(*given(server, client)), 2, words)
    assert not Path(".dlt").exists()


@pytest.mark.parametrize("option", [["--base-url", "http://example.com"], ["--database", "md:x"]])
def test_an_address_or_a_file_that_is_none_is_refused(
    option: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, SECRET)
    fails(run("init", "--client-id", CLIENT, *option), 2)
    assert not Path(".dlt").exists()


@pytest.mark.parametrize("server_date", ["2025-03", "2025-11"])
def test_servers_that_list_no_projects_are_told_so(
    server_date: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with served(server_date=server_date) as server:
        monkeypatch.setenv(VARIABLE, ROOT_SECRET)
        fails(run(*given(server, ROOT)), 2, "--project-id is missing; this server does not list")
        assert run(*given(server, ROOT), "--project-id", "app").exit_code == 0
        SECRETS.unlink()
        CONFIG.unlink()
        forget_files()
        monkeypatch.setenv(VARIABLE, SECRET)
        assert run(*given(server)).exit_code == 0
        assert list(clients()) == ["web"]


def test_the_project_of_a_read_client_without_events_has_to_be_named(
    server: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, "sec_empty")
    fails(run(*given(server, EMPTY)), 2, "does not tell which project", "no events")
    fails(run(*given(server, EMPTY), "--project-id", "web"), 2, "may not read the project")
    assert run(*given(server, EMPTY), "--project-id", "empty").exit_code == 0
