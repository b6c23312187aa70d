"""Init asks, or takes options, checks the answers against the server, and writes the files."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import tomlkit

from openpanel_source.sandbox import Dataset, Sandbox
from openpanel_source.sandbox.dataset import Accounts, Client, Organization, Project
from tests.support.command import COMMAND, fails, run
from tests.support.dlt_files import forget_files
from tests.support.sandbox_world import CLIENT, NOW, SECRET, event
from tests.support.terminal import Terminal

ROOT = "11111111-1111-4111-8111-111111111111"
ROOT_SECRET = "sec_root"
EMPTY = "33333333-3333-4333-8333-333333333333"
WRITER = "44444444-4444-4444-8444-444444444444"
VARIABLE = "OPENPANEL_CLIENT_SECRET"
SECRETS, CONFIG = Path(".dlt/secrets.toml"), Path(".dlt/config.toml")


def served(**settings: Any) -> Sandbox:
    projects = ["web", "app", "2024", "empty"]
    accounts = Accounts(
        organizations=[Organization("acme")],
        projects=[Project(name, "acme") for name in projects],
        clients=[
            Client(CLIENT, "read", "acme", "web", SECRET),
            Client(ROOT, "root", "acme", None, ROOT_SECRET),
            Client(EMPTY, "read", "acme", "empty", "sec_empty"),
            Client(WRITER, "write", "acme", "web", "sec_write"),
        ],
    )
    events = {name: [event(1, projectId=name)] for name in projects[:3]} | {"empty": []}
    return Sandbox(Dataset(accounts, events), rate_limit=None, now=lambda: NOW, **settings)


@pytest.fixture
def server() -> Iterator[Sandbox]:
    with served() as sandbox:
        yield sandbox


@pytest.fixture(autouse=True)
def unconfigured(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.delenv(VARIABLE, raising=False)
    monkeypatch.setenv("SOURCES__OPENPANEL__NOW", NOW.isoformat())
    forget_files()
    yield
    forget_files()


def settings(path: Path) -> Any:
    return tomlkit.parse(path.read_text("utf-8")).unwrap()


def of_source(path: Path) -> Any:
    return settings(path)["sources"]["openpanel"]


def clients() -> Any:
    return of_source(SECRETS)["clients"]


def given(server: Sandbox, client: str = CLIENT) -> list[str]:
    return ["init", "--base-url", server.url, "--client-id", client]


@pytest.mark.long
def test_a_script_answers_by_options_and_the_secret_by_a_variable(
    server: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, SECRET)
    done = run(*given(server))
    assert done.exit_code == 0, done.output
    assert clients() == {"web": {"client_id": CLIENT, "client_secret": SECRET}}
    assert of_source(CONFIG) == {"base_url": server.url}
    assert stat.S_IMODE(SECRETS.stat().st_mode) == 0o600
    assert sorted(os.listdir(".dlt")) == ["config.toml", "secrets.toml"]
    assert "ok    project web: 1 events" in done.stdout
    assert done.stdout.rstrip().endswith("openpanel-source sync")
    assert SECRET not in done.output
    monkeypatch.delenv(VARIABLE)
    forget_files()
    assert run("sync").exit_code == 0
    assert "1 event" in run("status").stdout


def test_the_secret_comes_from_stdin_as_well(server: Sandbox) -> None:
    command = [*COMMAND, *given(server), "--client-secret-stdin"]
    done = subprocess.run(command, input=f"{SECRET}\n", capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert clients()["web"]["client_secret"] == SECRET
    assert SECRET not in done.stdout + done.stderr


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


@pytest.mark.long
def test_where_rows_go_is_written_as_well(server: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, SECRET)
    done = run(*given(server), "--database", "all.duckdb", "--dataset", "web")
    assert done.exit_code == 0, done.output
    assert settings(CONFIG)["openpanel_source"] == {"database": "all.duckdb", "dataset": "web"}
    forget_files()
    assert run("sync").exit_code == 0
    assert Path("all.duckdb").exists()


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


def test_other_sections_and_comments_stay(server: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    secrets = '# of the team\n[destination.postgres]\ncredentials = "x"  # theirs\n'
    config = "[sources.openpanel]\nlookback_days = 4  # weekends\n\n[runtime]\nlog_level = 'INFO'\n"
    SECRETS.parent.mkdir()
    SECRETS.write_text(secrets)
    SECRETS.chmod(0o644)
    CONFIG.write_text(config)
    CONFIG.chmod(0o664)
    monkeypatch.setenv(VARIABLE, SECRET)
    assert run(*given(server)).exit_code == 0
    assert SECRETS.read_text().startswith(secrets)
    assert all(line in CONFIG.read_text() for line in config.splitlines())
    assert of_source(CONFIG)["lookback_days"] == 4
    assert stat.S_IMODE(SECRETS.stat().st_mode) == 0o600
    assert stat.S_IMODE(CONFIG.stat().st_mode) == 0o664


def test_a_secret_that_goes_through_a_link_is_for_its_owner_alone(
    server: Sandbox, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    elsewhere = tmp_path / "openpanel.toml"
    elsewhere.write_text("# kept in another place\n")
    elsewhere.chmod(0o644)
    SECRETS.parent.mkdir()
    SECRETS.symlink_to(elsewhere)
    monkeypatch.setenv(VARIABLE, SECRET)
    assert run(*given(server)).exit_code == 0
    assert SECRETS.is_symlink()
    assert SECRET in elsewhere.read_text()
    assert stat.S_IMODE(elsewhere.stat().st_mode) == 0o600


def test_nothing_that_is_set_is_overwritten(
    server: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, SECRET)
    asked = len(server.requests)
    CONFIG.parent.mkdir()
    CONFIG.write_text('[sources.openpanel]\nproject_id = "mine"\n')
    forget_files()
    fails(run(*given(server)), 2, "project_id is set already", str(CONFIG.resolve()))
    CONFIG.write_text('[openpanel_source]\ndataset = "mine"\n')
    forget_files()
    fails(run(*given(server), "--dataset", "x"), 2, "dataset is set already", "[openpanel_source]")
    monkeypatch.setenv("SOURCES__OPENPANEL__CLIENT_SECRET", SECRET)
    fails(run(*given(server)), 2, "client_secret is set already", "in the environment")
    assert len(server.requests) == asked
    assert not SECRETS.exists()


def test_a_folder_that_may_not_be_written_is_named(server: Sandbox) -> None:
    Path(".dlt").mkdir()
    Path(".dlt").chmod(0o500)
    from tests.support.command import run_without_might

    os.environ[VARIABLE] = SECRET
    try:
        fails(run_without_might(*given(server)), 2, ".dlt", "cannot be written")
    finally:
        del os.environ[VARIABLE]


@pytest.mark.long
def test_a_person_is_asked_and_asked_again_where_an_answer_is_wrong(server: Sandbox) -> None:
    terminal = Terminal("init")
    try:
        terminal.until("Address of the API [https://api.openpanel.dev]: ")
        terminal.type(f"{server.url}\n")
        terminal.until("Client id: ")
        terminal.type(f"{ROOT}\n")
        terminal.until("Client secret (it is not shown): ")
        terminal.type("wrong\n")
        terminal.until("the client secret is wrong")
        terminal.until(f"Address of the API [{server.url}]: ")
        terminal.type("\n")
        terminal.until(f"Client id [{ROOT}]: ")
        terminal.type("\n")
        terminal.until("Client secret (it is not shown): ")
        terminal.type(f"{ROOT_SECRET}\n")
        shown = terminal.until("[all]: ")
        assert "   1  web" in shown
        assert "   3  2024" in shown
        terminal.type("7\n")
        terminal.until("There is no '7' among them.")
        terminal.until("[all]: ")
        terminal.type("1, 2024\n")
        terminal.until("client_secret: ***")
        terminal.until("ok    project 2024: 1 events")
        terminal.until("Next, to load everything: openpanel-source sync")
        assert terminal.ended() == 0
    finally:
        terminal.kill()
    assert ROOT_SECRET not in terminal.everything
    assert of_source(SECRETS)["client_secret"] == ROOT_SECRET
    assert of_source(CONFIG)["project_id"] == ["web", "2024"]


@pytest.mark.long
@pytest.mark.parametrize(
    ("question", "keys"),
    [
        ("Client id: ", "\x03"),
        ("Client secret", "\x03"),
        ("Client secret", "\x04"),
        ("[all]: ", "\x03"),
    ],
)
def test_an_end_in_the_middle_leaves_nothing_behind(
    keys: str, question: str, server: Sandbox
) -> None:
    terminal = Terminal("init", "--base-url", server.url)
    answers = {"Client id: ": ROOT, "Client secret": ROOT_SECRET}
    try:
        for asked, answer in answers.items():
            terminal.until(asked)
            if asked == question:
                break
            terminal.type(f"{answer}\n")
        else:
            terminal.until(question)
        terminal.type(keys)
        assert terminal.ended() == 128 + signal.SIGINT
    finally:
        terminal.kill()
    assert "Traceback" not in terminal.everything
    assert not Path(".dlt").exists()


@pytest.mark.long
def test_ctrl_c_while_files_are_put_in_place_leaves_both_or_none(server: Sandbox) -> None:
    pressed = """
import os, signal, sys
from openpanel_source.cli.main import main

def press(event, arguments):
    if event == "os.rename" and str(arguments[1]).endswith("secrets.toml"):
        os.kill(os.getpid(), signal.SIGINT)

sys.addaudithook(press)
main(sys.argv[1:])
"""
    done = subprocess.run(
        [sys.executable, "-c", pressed, *given(server)],
        env=os.environ | {VARIABLE: SECRET},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 128 + signal.SIGINT, done.stderr
    assert sorted(os.listdir(".dlt")) == ["config.toml", "secrets.toml"]
    assert clients()["web"]["client_secret"] == SECRET


def test_what_is_written_is_what_check_finds(
    server: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, SECRET)
    assert run(*given(server)).exit_code == 0
    monkeypatch.delenv(VARIABLE)
    forget_files()
    found = json.loads(run("check", "--json").stdout)
    assert found["ok"]
    origins = {one["name"]: one["origin"] for one in found["settings"]}
    assert origins["clients"].endswith(str(SECRETS.resolve()))
    assert origins["base_url"].endswith(str(CONFIG.resolve()))


@pytest.mark.long
def test_a_client_of_another_project_is_added_and_none_is_overwritten(
    server: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, SECRET)
    assert run(*given(server), "--dataset", "mine").exit_code == 0
    before = CONFIG.read_text()
    forget_files()
    fails(run("init", "--client-id", CLIENT), 2, "the project web has a client already")
    fails(run("init", "--client-id", CLIENT, "--base-url", "https://x.org"), 2, "of one server")
    fails(run("init", "--client-id", CLIENT, "--dataset", "x"), 2, "dataset is set already")
    monkeypatch.setenv(VARIABLE, "sec_empty")
    added = run("init", "--client-id", EMPTY, "--project-id", "empty")
    assert added.exit_code == 0, added.output
    assert "client type of web: read" in added.stdout
    monkeypatch.setenv(VARIABLE, ROOT_SECRET)
    forget_files()
    assert run("init", "--client-id", ROOT, "--project-id", "2024,app").exit_code == 0
    assert {name: one["client_id"] for name, one in clients().items()} == {
        "web": CLIENT,
        "empty": EMPTY,
        "2024": ROOT,
        "app": ROOT,
    }
    assert CONFIG.read_text() == before
    forget_files()
    assert run("sync").exit_code == 0
    assert "3" in run("query", "SELECT count(*) AS n FROM events").stdout


def test_to_a_root_client_none_is_added_and_it_is_said_where_clients_stand(
    server: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, ROOT_SECRET)
    assert run(*given(server, ROOT), "--project-id", "web").exit_code == 0
    forget_files()
    words = ["is set already", "[sources.openpanel.clients.PROJECT]"]
    fails(run("init", "--client-id", EMPTY), 2, *words)


@pytest.mark.long
def test_what_is_awaited_meanwhile_is_said_with_how_long(server: Sandbox) -> None:
    server.behave(path="/manage/projects", status=429, retry_after=4, times=1)
    terminal = Terminal("init", "--base-url", server.url, "--client-id", ROOT)
    terminal.until("Client secret")
    terminal.type(f"{ROOT_SECRET}\n")
    terminal.until("waiting: rate limit, next in ")
    terminal.until("Which of them?")
    terminal.kill()


@pytest.mark.long
def test_an_answer_that_is_late_is_said(server: Sandbox) -> None:
    server.behave(path="/manage/projects", delay=5, times=1)
    terminal = Terminal("init", "--base-url", server.url, "--client-id", ROOT)
    terminal.until("Client secret")
    terminal.type(f"{ROOT_SECRET}\n")
    terminal.until("waiting: no answer for ")
    terminal.until("Which of them?")
    terminal.kill()
