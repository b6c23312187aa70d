"""Sync by command: what it says, in words and as JSON, and with which exit code it ends."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import duckdb
import pytest

from openpanel_source.sandbox import Sandbox
from tests.support.command import fails, run
from tests.support.sandbox_world import SECRET, dataset, event, pages_of

pytestmark = pytest.mark.sampled(4)


def test_sync_loads_and_says_so_and_then_says_that_nothing_is_new() -> None:
    first = run("sync")
    assert first.exit_code == 0, first.output
    assert "Loaded 3 events of 14 days (13 complete, 1 open)" in first.stdout
    assert "Nothing new" in run("sync").stdout
    with duckdb.connect("warehouse.duckdb") as connection:
        count = connection.execute("SELECT count(*) FROM openpanel.events").fetchone()
    assert count == (3,)


def test_sync_prints_one_json_object_and_progress_goes_to_stderr() -> None:
    result = run("sync", "--json", "--database", "other.duckdb", "--dataset", "raw")
    summary = json.loads(result.stdout)
    assert summary["events_loaded"] == 3
    assert summary["days_read"] == 14
    assert summary["verdicts"] == {"complete": 13, "open": 1}
    assert summary["verified"] is True
    assert summary["requests"] > 3
    assert summary["seconds"] > 0
    assert "3 of 3" in result.stderr
    with duckdb.connect("other.duckdb") as connection:
        assert connection.execute("SELECT count(*) FROM raw.events").fetchone() == (3,)


def test_options_of_sync_overrule_the_configuration() -> None:
    result = run("sync", "--json", "--start-date", "2026-11-11", "--end-date", "2026-11-12")
    assert json.loads(result.stdout)["days_read"] == 2
    reloaded = run(
        *("sync", "--json", "--start-date", "2026-11-11", "--reload"),
        *("--max-days-per-run", "5", "--max-events-per-run", "1", "--max-runtime", "60"),
    )
    # The days known, and those from the first event on.
    assert json.loads(reloaded.stdout)["days_read"] == 3


@pytest.mark.parametrize("options", [["--days", "3"], ["--start-date", "3d"]])
def test_the_last_days_are_named_by_their_number(options: list[str], sandbox: Sandbox) -> None:
    sandbox.add([event(9, createdAt="2026-11-21T10:00:00.000Z")])
    run("sync", *options)
    with duckdb.connect("warehouse.duckdb") as connection:
        days = connection.execute("SELECT min(day), max(day) FROM openpanel.sync_days").fetchone()
    assert [str(day) for day in days or ()] == ["2026-11-21", "2026-11-23"]


def test_a_start_that_is_said_twice_or_lies_in_the_future_is_refused() -> None:
    fails(run("sync", "--days", "3", "--start-date", "2026-11-01"), 2, "--days and --start-date")
    future = "start_date 2026-11-24 lies in the future, as today is 2026-11-23"
    fails(run("sync", "--start-date", "2026-11-24"), 2, future)


def test_a_day_that_is_not_proven_ends_with_exit_code_3(sandbox: Sandbox) -> None:
    sandbox.behave(path=pages_of("2026-11-10"), lie_total="+1")
    result = run("sync")
    assert result.exit_code == 3
    assert "NOT VERIFIED web 2026-11-10: short, 2 rows received, 3 counted" in result.stdout
    assert json.loads(run("sync", "--json").stdout)["unproven"] == [
        {
            "project_id": "web",
            "day": "2026-11-10",
            "verdict": "short",
            "total_count": 3,
            "rows_received": 2,
        }
    ]
    status = run("status")
    assert "not verified: 2026-11-10" in status.stdout
    sandbox.behave()
    assert run("sync").exit_code == 0
    assert "not verified" not in run("status").stdout


def test_databases_do_not_share_what_they_know() -> None:
    for name in ("a.duckdb", "b.duckdb", "a.duckdb"):
        assert run("sync", "--database", name).exit_code == 0
        with duckdb.connect(name) as connection:
            count = connection.execute("SELECT count(*) FROM openpanel.events").fetchone()
        assert count == (3,)


def test_a_write_client_is_told_to_use_another(monkeypatch: pytest.MonkeyPatch) -> None:
    write = "33333333-3333-4333-8333-333333333333"
    world_ = dataset(event(1))
    world_.accounts.clients.append(
        type(world_.accounts.clients[0])(write, "write", "acme", "web", SECRET)
    )
    with Sandbox(world_, rate_limit=None) as server:
        monkeypatch.setenv("SOURCES__OPENPANEL__BASE_URL", server.url)
        monkeypatch.setenv("SOURCES__OPENPANEL__CLIENT_ID", write)
        fails(run("sync"), 2, "client", "read or root")


def test_an_unknown_project_of_a_root_client_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCES__OPENPANEL__CLIENT_ID", "11111111-1111-4111-8111-111111111111")
    monkeypatch.setenv("SOURCES__OPENPANEL__CLIENT_SECRET", "sec_root")
    fails(run("sync", "--project-id", "nope"), 2, "no such project", "nope")
    # Beside others it fails alone.
    result = run("sync", "--project-id", "web", "--project-id", "nope")
    assert result.exit_code == 1
    assert "PROJECT FAILED nope: the client's organisation has no such project" in result.stdout


def test_the_example_script_runs_as_it_stands(tmp_path: Path) -> None:
    script = Path(__file__).parents[2] / "pipelines" / "nightly_sync.py"
    environment: dict[str, Any] = dict(os.environ)
    result = subprocess.run(
        [sys.executable, str(script)], env=environment, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr
    assert "'events_loaded': 3" in result.stdout


def test_a_sync_ends_with_where_the_rows_are_and_a_command_that_shows_them(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    for place in ([], ["--database", "my shop.duckdb", "--dataset", "raw"]):
        said = run("sync", *place).stdout
        command = shlex.split(said.splitlines()[-1])
        assert command[0] == "openpanel-source"
        shown = run(*command[1:])
        assert shown.exit_code == 0, shown.output
        assert "2026-11-10" in shown.stdout
