"""A sync of many runs: each is bounded, commits what it read, and the next goes on."""

from __future__ import annotations

import threading
from math import inf
from typing import Any

import pytest

from openpanel_source.cli.summary import print_summary
from openpanel_source.days.reader import DayReader
from openpanel_source.errors import InternalServerError, OpenPanelError
from openpanel_source.operations.sync import sync
from openpanel_source.source.orders import Progress
from tests.support.sandbox_world import event, pages_of, world
from tests.support.warehouse import Warehouse

pytestmark = pytest.mark.sampled(8)

TODAY = "2026-11-23"


def at(day: str, number: int, **values: Any) -> dict[str, Any]:
    return event(number, createdAt=f"{day}T10:00:{number % 60:02d}.000Z", **values)


@pytest.mark.long
def test_a_reload_in_small_runs_ends(warehouse: Warehouse) -> None:
    rows = [at(f"2026-11-{day}", day) for day in range(10, 21)]
    with world(*rows) as sandbox:
        warehouse.sync(sandbox)
        settings = {"reload": True, "max_days_per_run": 3}
        # Else a machine that takes seconds to read commits once more.
        summary = warehouse.sync(sandbox, commit_seconds=inf, **settings)
    assert (summary.days_read, summary.runs) == (14, 4)
    assert warehouse.numbers() == list(range(10, 21))


def test_a_sync_that_is_stopped_in_its_second_run_says_what_the_first_left(
    warehouse: Warehouse,
) -> None:
    stop = threading.Event()

    def hang_in_the_next_run(progress: Progress) -> None:
        # Three empty days do not count as days of a run.
        if progress.days_read == 5:
            sandbox.behave(path="/export/events", delay=60)
            threading.Timer(1.0, stop.set).start()

    with world(*(at(f"2026-11-{day}", day) for day in range(10, 21))) as sandbox:
        settings = warehouse.settings(sandbox, max_days_per_run=2)
        summary = sync(warehouse.pipeline(), stop=stop, on_day=hang_in_the_next_run, **settings)
    assert (summary.stopped, summary.days_read, summary.days_left) == (True, 5, 9)


def test_days_in_doubt_that_a_stopped_sync_did_not_reach_are_read_by_the_next(
    warehouse: Warehouse,
) -> None:
    stop = threading.Event()
    with world(*(at(f"2026-11-{day}", day) for day in range(10, 21))) as sandbox:
        warehouse.sync(sandbox)
        warehouse.change("DELETE FROM events WHERE event_date < DATE '2026-11-13'")
        # As after a sync that was killed: nothing says that it ended well.
        for mark in (warehouse.folder / "pipelines").glob("*.ended-well"):
            mark.unlink()
        stopped = warehouse.sync(
            sandbox, max_days_per_run=1, stop=stop, on_day=lambda progress: stop.set()
        )
        assert (stopped.stopped, stopped.days_read, stopped.days_left) == (True, 1, 2)
        warehouse.sync(sandbox)
    assert warehouse.numbers() == list(range(10, 21))


def test_a_sync_whose_run_reads_nothing_of_what_is_left_fails(
    warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with world(at("2026-11-20", 1), at("2026-11-21", 2)) as sandbox:
        with monkeypatch.context() as patch:
            patch.setattr(DayReader, "read_days", lambda *_: iter(()))
            summary = warehouse.sync(sandbox)
        assert (summary.stuck, summary.days_left, summary.exit_code) == (True, 4, 1)
        print_summary(summary)
        assert "NOT READ 4 days" in capsys.readouterr().out
        # What was asked to end in time may leave days, and is told by days_left alone.
        bounded = warehouse.sync(sandbox, max_runtime=0, max_days_per_run=1)
        assert (bounded.stuck, bounded.days_left > 0, bounded.exit_code) == (False, True, 0)
        whole = warehouse.sync(sandbox)
        assert (whole.stuck, whole.days_left, whole.exit_code) == (False, 0, 0)
    assert warehouse.numbers() == [1, 2]


def test_the_runs_of_a_sync_are_slices_of_one_plan(warehouse: Warehouse) -> None:
    rows = [at(f"2026-11-{day}", day) for day in range(10, 21)]
    with world(*rows) as sandbox:
        warehouse.sync(sandbox)
        before = len(sandbox.requests)
        one_run = warehouse.sync(sandbox, reload=True, commit_seconds=inf)
        middle = len(sandbox.requests)
        slices = warehouse.sync(sandbox, reload=True, max_days_per_run=1, commit_seconds=inf)
    assert (one_run.runs, slices.runs) == (1, 11)
    assert (one_run.days_read, slices.days_read) == (14, 14)
    # What a run asks anew is what confirms the counts before it commits.
    again = len(sandbox.requests) - middle - (middle - before)
    assert again <= 2 * 10


def test_a_plain_run_is_bounded_and_the_next_one_goes_on(warehouse: Warehouse) -> None:
    rows = [at(f"2026-11-{day}", day) for day in range(10, 24)]
    with world(*rows) as sandbox:
        warehouse.run_once(sandbox, max_days_per_run=3)
        assert warehouse.numbers() == [21, 22, 23]
        warehouse.run_once(sandbox, max_events_per_run=2)
        assert warehouse.numbers() == [19, 20, 21, 22, 23]
        warehouse.run_once(sandbox)
    assert warehouse.numbers() == list(range(10, 24))


def test_a_sync_stops_between_days_when_its_time_is_up(warehouse: Warehouse) -> None:
    rows = [at(f"2026-11-{day}", day) for day in range(10, 24)]
    with world(*rows) as sandbox:
        settings = warehouse.settings(sandbox)
        summary = sync(warehouse.pipeline(), max_runtime=0, **settings)
        assert (summary.days_read, summary.days_left) == (1, 13)
        assert warehouse.numbers() == [23]


def test_what_was_read_before_a_fault_is_kept(warehouse: Warehouse) -> None:
    rows = [at(f"2026-11-{day}", day) for day in range(10, 24)]
    with world(*rows) as sandbox:
        sandbox.behave(path=pages_of("2026-11-15"), status=500, body="no")
        with pytest.raises(InternalServerError, match="500"):
            warehouse.sync(sandbox)
        assert warehouse.numbers() == list(range(16, 24))
        sandbox.behave()
        warehouse.sync(sandbox)
    assert warehouse.numbers() == list(range(10, 24))


def test_a_fault_before_anything_was_read_fails_a_plain_run(warehouse: Warehouse) -> None:
    with world(at("2026-11-20", 1)) as sandbox:
        sandbox.behave(status=503)
        with pytest.raises(Exception, match="503") as caught:
            warehouse.run_once(sandbox)
        causes = [caught.value, caught.value.__cause__, caught.value.__cause__.__cause__]  # type: ignore[union-attr]
        assert any(isinstance(cause, OpenPanelError) for cause in causes)
