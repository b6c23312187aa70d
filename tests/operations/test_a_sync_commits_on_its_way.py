"""A sync commits the newest day soon, then slice by slice, and reads on meanwhile."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections import Counter
from math import inf
from typing import Any

import pytest

from openpanel_source.errors import InvalidSettingError, OpenPanelError
from openpanel_source.operations.runs.pace import Pace
from tests.support.own_process import start
from tests.support.sandbox_world import event, pages_of, world
from tests.support.warehouse import Warehouse

DAYS = [f"2026-11-{day:02d}" for day in range(10, 23)]
NEWEST = DAYS[-1]
ROWS = [
    event(100 * number + row, createdAt=f"{day}T10:00:0{row}.000Z")
    for number, day in enumerate(DAYS)
    for row in range(3)
]

LOOK = """
import sys, time, duckdb
while True:
    try:
        with duckdb.connect(sys.argv[1], read_only=True) as there:
            rows = there.execute(
                "SELECT CAST(event_date AS VARCHAR) FROM warehouse.openpanel.events ORDER BY ALL"
            )
            found = [day for day, in rows.fetchall()]
        if found:
            break
    except duckdb.Error:
        pass
    time.sleep(0.02)
print(*found)
"""
"""What another process does that waits for rows."""


def started(sandbox: Any, warehouse: Warehouse) -> subprocess.Popen[str]:
    """The command, with a commit after each day, in a process of its own."""
    arguments = ("sync", "--json", "--commit-seconds", "0", "--database", str(warehouse.path))
    return start(sandbox, *arguments)


def pages(sandbox: Any, since: int = 0) -> Counter[str]:
    """How often each page of a day was asked for."""
    asked = (request.url for request in sandbox.requests[since:])
    return Counter(url for url in asked if "&page=" in url)


@pytest.mark.long
@pytest.mark.parametrize(("asks", "code"), [(signal.SIGKILL, -9), (signal.SIGINT, 130)])
def test_another_process_queries_the_newest_day_while_a_sync_goes_on(
    warehouse: Warehouse, asks: signal.Signals, code: int
) -> None:
    with world(*ROWS) as sandbox:
        # Whatever comes after the newest day is not answered.
        sandbox.behave(path=pages_of(DAYS[-2]), hang=True)
        process = started(sandbox, warehouse)
        look = [sys.executable, "-c", LOOK, str(warehouse.path)]
        seen = subprocess.run(look, capture_output=True, text=True, check=True, timeout=60)
        assert seen.stdout.split() == [NEWEST] * 3
        while not any(pages_of(DAYS[-2]) in request.url for request in sandbox.requests):
            assert process.poll() is None
            time.sleep(0.05)
        process.send_signal(asks)
        output, errors = process.communicate(timeout=30)
        assert process.returncode == code, errors
        if code == 130:
            summary = json.loads(output)
            assert (summary["stopped"], summary["days_read"], summary["runs"]) == (True, 2, 2)
        sandbox.behave()
        before = len(sandbox.requests)
        assert warehouse.sync(sandbox).is_verified
        # What was committed is not read again.
        assert not any(pages_of(NEWEST) in url for url in pages(sandbox, before))
    assert warehouse.numbers() == sorted(int(row["id"][-12:]) for row in ROWS)


@pytest.mark.long
def test_slices_ask_for_no_page_twice(warehouse: Warehouse) -> None:
    with world(*ROWS) as sandbox:
        whole = warehouse.sync(sandbox, commit_seconds=inf)
        middle = len(sandbox.requests)
        warehouse.path.unlink()
        slices = warehouse.sync(sandbox, commit_seconds=0)
        in_slices = pages(sandbox, middle)
    assert (whole.runs, slices.runs) == (1, len(DAYS) + 1)
    assert set(in_slices.values()) == {1}
    assert len(in_slices) == len(DAYS) + 1
    assert slices.days_read == whole.days_read
    assert slices.verdicts == whole.verdicts
    # Each commit but the first has the counts confirm each other, twice; and the newest day is
    # looked for before the first one.
    assert slices.requests <= whole.requests + 2 * (slices.runs - 1) + 1
    assert warehouse.numbers() == sorted(int(row["id"][-12:]) for row in ROWS)


@pytest.mark.long
def test_the_newest_day_of_each_project_comes_first(warehouse: Warehouse) -> None:
    own = [event(number, createdAt=f"{DAYS[number]}T10:00:00.000Z") for number in range(3)]
    with world(*ROWS) as sandbox:
        sandbox.add([{**row, "projectId": "empty"} for row in own])
        days: list[tuple[str, str]] = []
        settings = warehouse.settings(
            sandbox,
            project_id=["web", "empty"],
            client_id="11111111-1111-4111-8111-111111111111",
            client_secret="sec_root",
        )
        from openpanel_source.operations.sync import sync

        summary = sync(
            warehouse.pipeline(),
            commit_seconds=0.001,
            on_day=lambda progress: days.append((str(progress.project_id), str(progress.day))),
            **settings,
        )
        assert summary.is_verified
    assert days[:2] == [("web", NEWEST), ("empty", DAYS[2])]
    assert len(days) == len(set(days))


@pytest.mark.long
def test_a_sync_stopped_after_its_first_commit_says_that_something_is_left(
    warehouse: Warehouse,
) -> None:
    with world(*ROWS) as sandbox:
        summary = warehouse.sync(sandbox, commit_seconds=0, max_runtime=0)
        assert (summary.days_read, summary.runs) == (1, 1)
        assert summary.days_left > 0
        assert warehouse.sync(sandbox).days_read == len(DAYS)
    assert len(warehouse.numbers()) == len(ROWS)


@pytest.mark.long
def test_what_was_committed_stays_when_a_later_slice_fails(warehouse: Warehouse) -> None:
    with world(*ROWS) as sandbox:
        sandbox.behave(path=pages_of(DAYS[5]), status=500, body="no")
        with pytest.raises(OpenPanelError):
            warehouse.sync(sandbox, commit_seconds=0)
        days = warehouse.query("SELECT DISTINCT CAST(event_date AS VARCHAR) FROM events")
        assert {day for (day,) in days} == set(DAYS[6:])
        sandbox.behave()
        warehouse.sync(sandbox)
    assert len(warehouse.numbers()) == len(ROWS)


@pytest.mark.parametrize("seconds", [-1, float("nan"), "soon", True])
def test_a_time_that_is_none_is_refused(warehouse: Warehouse, seconds: Any) -> None:
    with world() as sandbox:
        with pytest.raises(InvalidSettingError, match="commit_seconds must be 0 or more seconds"):
            warehouse.sync(sandbox, commit_seconds=seconds)
        assert not sandbox.requests


class Clock:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def seconds_until_due(pace: Pace, clock: Clock) -> float:
    began = clock.now
    while not pace.is_due():
        clock.now += 0.5
    return clock.now - began


@pytest.mark.parametrize(
    ("seconds", "took", "first", "then"),
    [(30, 1, 4, 29), (30, 20, 4, 20), (30, 100, 4, 30), (2, 0.5, 2, 1.5), (0, 1, 0, 0)],
)
def test_commits_keep_their_pace(seconds: float, took: float, first: float, then: float) -> None:
    clock = Clock()
    pace = Pace(seconds, clock)
    assert seconds_until_due(pace, clock) == first
    with pace.committing():
        clock.now += took
    assert seconds_until_due(pace, clock) == then


def test_without_a_bound_no_time_ends_a_run() -> None:
    clock = Clock()
    pace = Pace(inf, clock)
    clock.now += 1e9
    assert not pace.is_due()
