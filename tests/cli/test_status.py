"""Status by command, from the warehouse alone."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import duckdb
import pytest

from openpanel_source.sandbox import Sandbox
from tests.support.command import fails, run
from tests.support.sandbox_world import event


def test_status_needs_something_to_tell() -> None:
    fails(run("status"), 2, "there is no database", "sync")
    assert not Path("warehouse.duckdb").exists()
    duckdb.connect("warehouse.duckdb").close()
    fails(run("status"), 2, "nothing was loaded", "sync")


def test_status_tells_freshness_days_and_verdicts_from_the_warehouse_alone(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    run("sync")
    sandbox.stop()
    monkeypatch.delenv("SOURCES__OPENPANEL__CLIENT_SECRET")
    text = run("status").stdout
    assert "web: 3 events, newest 2026-11-23 10:00:00 UTC" in text
    assert "days 2026-11-10 to 2026-11-23: 13 complete, 1 open" in text
    assert "oldest proof 2026-11-23 12:00 UTC, of 2026-11-10; a sync each night proves" in text
    project = json.loads(run("status", "--json").stdout)["projects"][0]
    assert project["events"] == 3
    assert project["verdicts"] == {"complete": 13, "open": 1}
    assert project["newest_event"] == "2026-11-23T10:00:00+00:00"


@pytest.mark.long
def test_a_trial_with_a_start_does_not_pass_for_the_whole_history(sandbox: Sandbox) -> None:
    trial = run("sync", "--start-date", "2026-11-20").stdout
    assert "Only days from 2026-11-20 on were looked at" in trial
    assert "a plain sync reads those before, too" in trial
    text = run("status").stdout
    assert "days before 2026-11-20 were never asked for" in text
    project = json.loads(run("status", "--json").stdout)["projects"][0]
    assert (project["asked_since"], project["unread_days"]) == ("2026-11-20", [])
    assert "looked at" not in run("sync").stdout
    # Once all was asked for, a range of a later run changes nothing about that.
    run("sync", "--start-date", "2026-11-20")
    assert "never asked for" not in run("status").stdout
    assert json.loads(run("status", "--json").stdout)["projects"][0]["events"] == 3


@pytest.mark.long
def test_days_between_two_ranges_are_said_to_be_unread(sandbox: Sandbox) -> None:
    early = run("sync", "--start-date", "2026-11-09", "--end-date", "2026-11-11").stdout
    assert "from 2026-11-09 to 2026-11-11" in early
    assert "before and after" in early
    run("sync", "--days", "2")
    [project] = json.loads(run("status", "--json").stdout)["projects"]
    assert project["unread_days"] == [["2026-11-12", "2026-11-21"]]
    assert project["asked_since"] == "2026-11-09"
    assert "reads 2026-11-12 to 2026-11-21, which were not read yet" in run("status").stdout
    run("sync")
    [project] = json.loads(run("status", "--json").stdout)["projects"]
    assert (project["unread_days"], project["asked_since"]) == ([], None)


def test_days_of_the_future_leave_no_days_unread(sandbox: Sandbox) -> None:
    sandbox.add([event(9, createdAt="2090-01-01T00:00:00.000Z")])
    run("sync")
    [project] = json.loads(run("status", "--json").stdout)["projects"]
    assert (project["last_day"], project["unread_days"]) == ("2090-01-01", [])


@pytest.mark.long
def test_rows_that_were_deleted_by_hand_show_without_the_server(sandbox: Sandbox) -> None:
    run("sync")
    [project] = json.loads(run("status", "--json").stdout)["projects"]
    assert project["differing_days"] == []
    with duckdb.connect("warehouse.duckdb") as connection:
        connection.execute("DELETE FROM openpanel.events WHERE event_date = '2026-11-23'")
    sandbox.stop()
    assert "DIFFERS 2026-11-23: 1 event loaded, 0 held now" in run("status").stdout
    told = json.loads(run("status", "--json").stdout)
    assert told["projects"][0]["differing_days"] == [
        {"day": "2026-11-23", "recorded": 1, "held": 0}
    ]
    assert told["stored_bytes"] >= Path("warehouse.duckdb").stat().st_size


@pytest.mark.long
def test_what_differs_ends_with_exit_code_3_and_the_command_that_mends_it(
    sandbox: Sandbox,
) -> None:
    run("sync", "--database", "mine.duckdb")
    assert run("status", "--database", "mine.duckdb").exit_code == 0
    with duckdb.connect("mine.duckdb") as connection:
        connection.execute("DELETE FROM openpanel.events WHERE event_date = '2026-11-10'")
    told = run("status", "--database", "mine.duckdb", "--json")
    assert (told.exit_code, json.loads(told.stdout)["verified"]) == (3, False)
    said = run("status", "--database", "mine.duckdb")
    assert said.exit_code == 3
    assert "reads again 1 day changed here since they were loaded" in said.stdout
    [line] = [line for line in said.stdout.splitlines() if "To read again" in line]
    again = run(*shlex.split(line.partition(": ")[2])[1:])
    assert (again.exit_code, "Loaded 2 events of 1 day" in again.stdout) == (0, True), again.output
    assert run("status", "--database", "mine.duckdb").exit_code == 0


@pytest.mark.long
def test_days_before_the_configured_start_are_the_owners_to_delete(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    run("sync")
    monkeypatch.setenv("SOURCES__OPENPANEL__START_DATE", "2026-11-11")
    with duckdb.connect("warehouse.duckdb") as connection:
        connection.execute("DELETE FROM openpanel.events WHERE event_date = '2026-11-10'")
    assert "Nothing new" in run("sync").stdout
    shown = run("status")
    assert (shown.exit_code, "DIFFERS" in shown.stdout) == (0, False)


@pytest.mark.long
def test_more_days_than_are_shown_are_counted(sandbox: Sandbox) -> None:
    days = [f"2026-10-{day:02d}T10:00:00.000Z" for day in range(1, 13)]
    sandbox.add([event(100 + n, createdAt=at) for n, at in enumerate(days)])
    run("sync")
    with duckdb.connect("warehouse.duckdb") as connection:
        connection.execute("DELETE FROM openpanel.events WHERE event_date < '2026-11-01'")
    shown = run("status").stdout
    assert shown.count("DIFFERS") == 10
    assert "... and 2 days more; --json has all" in shown
