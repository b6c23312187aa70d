"""Init writes what it was given into the files, the secret for its owner alone; all else stays."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from openpanel_source.sandbox import Sandbox
from tests.support.command import COMMAND, fails, run
from tests.support.dlt_files import forget_files
from tests.support.init_world import (
    CONFIG,
    EMPTY,
    ROOT,
    ROOT_SECRET,
    SECRETS,
    VARIABLE,
    clients,
    given,
    of_source,
    server,
    settings,
    unconfigured,
)
from tests.support.sandbox_world import CLIENT, SECRET

__all__ = ["server", "unconfigured"]


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


@pytest.mark.long
def test_the_secret_comes_from_stdin_as_well(server: Sandbox) -> None:
    command = [*COMMAND, *given(server), "--client-secret-stdin"]
    done = subprocess.run(command, input=f"{SECRET}\n", capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert clients()["web"]["client_secret"] == SECRET
    assert SECRET not in done.stdout + done.stderr


@pytest.mark.long
def test_where_rows_go_is_written_as_well(server: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, SECRET)
    done = run(*given(server), "--database", "all.duckdb", "--dataset", "web")
    assert done.exit_code == 0, done.output
    assert settings(CONFIG)["openpanel_source"] == {"database": "all.duckdb", "dataset": "web"}
    forget_files()
    assert run("sync").exit_code == 0
    assert Path("all.duckdb").exists()


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


@pytest.mark.long
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
