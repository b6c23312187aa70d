"""Whoever waits for a sync sees how far it is: where Python runs, whatever looks on."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
import types
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openpanel_source import Chart
from openpanel_source.operations.progress.line import Line, duration
from openpanel_source.source.orders import Progress
from openpanel_source.wire.awaited import Awaited
from tests.support.sandbox_world import event, world
from tests.support.warehouse import Warehouse

AT_DAY = "acme-shop", date(2026, 10, 12)
AT = Progress(*AT_DAY, 0, 200_000, 0, 1)
DAYS = [f"2026-11-{number:02d}" for number in range(10, 21)]
ROWS = [event(number, createdAt=f"{day}T10:00:00.000Z") for number, day in enumerate(DAYS)]


class Clock:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def said(rows_a_second: list[int], **changes: Any) -> str:
    """The last line of a sync that reads so many rows in each second."""
    clock = Clock()
    line = Line(clock)
    text, rows = line.of(replace(AT, **changes)), 0
    for some in rows_a_second:
        clock.now += 1
        rows += some
        text = line.of(replace(AT, events_read=rows, **changes))
    return text


def test_a_line_says_how_much_of_how_much_how_fast_and_how_long_still() -> None:
    assert said([4_000] * 20) == "acme-shop 2026-10-12  80,000 of 200,000  4,000/s  about 30 s left"


def test_the_speed_is_that_of_the_last_seconds() -> None:
    assert "  4,000/s" in said([4_000] * 10)
    assert "  2,000/s" in said([4_000] * 10 + [0] * 5)
    assert "  0/s" in said([4_000] * 10 + [0] * 10)


def test_what_is_left_is_not_told_from_the_first_seconds_alone() -> None:
    assert "left" not in said([10_000] * 5)
    # Within a window of the rate limit, all comes at its start.
    window = [10_000] + [0] * 9
    assert said(window * 6 + [10_000]).endswith("about 2 min left")


def test_days_of_few_rows_take_their_time_too() -> None:
    clock = Clock()
    line = Line(clock)
    for second in range(21):
        clock.now = second
        text = line.of(Progress(*AT_DAY, 100 * second, 40_000, second, 400 - second))
    assert text.endswith("about 6 min left")


def test_no_time_is_told_that_is_shorter_than_the_wait() -> None:
    awaited = Awaited("rate limit", time.monotonic() + 60)
    assert " left" not in said([4_000] * 20, awaited=awaited)


def test_what_is_not_known_is_left_out() -> None:
    assert said([], project_id=None, day=None, days_left=None) == "planning"
    assert said([5] * 3, events_expected=None, days_left=400).endswith(
        "15 events  5/s  400 days left"
    )
    assert said([5] * 3, events_expected=None, days_left=None).endswith("15 events  5/s")


def test_what_is_awaited_stands_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "monotonic", lambda: 1000.0)
    awaited = Awaited("rate limit", time.monotonic() + 6.4)
    assert said([], awaited=awaited).endswith(" · rate limit, next in 6 s")
    assert str(Awaited("no answer", time.monotonic() - 7.2)) == "no answer for 7 s"


def test_names_of_projects_cannot_draw() -> None:
    assert said([], project_id="a\x1b[31m\nb").startswith("a\\x1b[31m\\nb 2026-10-12")


@given(st.floats(0, 1e9))
def test_a_duration_is_short_and_about_right(seconds: float) -> None:
    words = duration(seconds).split()
    units = {"s": 1, "min": 60, "h": 3_600}
    meant = sum(
        int(number) * units[unit] for number, unit in zip(words[::2], words[1::2], strict=True)
    )
    assert abs(meant - seconds) <= 30


@pytest.mark.long
def test_whoever_is_told_sees_one_sync_over_all_its_runs(warehouse: Warehouse) -> None:
    told: list[Progress] = []
    with world(*ROWS) as sandbox:
        warehouse.sync(sandbox, progress=told.append, max_days_per_run=2)
    assert (told[-1].events_read, told[-1].events_expected, told[-1].days_left) == (11, 11, 0)
    planned = [one for one in told if one.days_left is not None]
    assert {one.days_read + (one.days_left or 0) for one in planned} == {14}
    assert [one.events_read for one in told] == sorted(one.events_read for one in told)
    assert (told[-1].project_id, str(told[-1].day)) == ("web", DAYS[0])


@pytest.mark.long
@pytest.mark.sampled(3)
@pytest.mark.parametrize("server_date", ["2025-11", "2026-03", "2026-09"])
def test_the_last_that_is_told_is_that_all_has_come(warehouse: Warehouse, server_date: str) -> None:
    told: list[Progress] = []
    rows = [*ROWS, *(event(100 + n, createdAt=f"{DAYS[3]}T11:00:00.000Z") for n in range(1_500))]
    with world(*rows, server_date=server_date) as sandbox:
        warehouse.sync(sandbox, progress=told.append)
        assert (told[-1].events_read, told[-1].events_expected) == (len(rows), len(rows))
        # A day that grew: what is new of it.
        sandbox.add([event(5_000 + n, createdAt=f"{DAYS[-1]}T12:00:00.000Z") for n in range(3)])
        warehouse.sync(sandbox, progress=told.append)
    assert told[-1].events_read == told[-1].events_expected


@pytest.mark.long
def test_rows_are_told_within_a_day(warehouse: Warehouse) -> None:
    rows = [event(number, createdAt="2026-11-20T10:00:00.000Z") for number in range(2_500)]
    told: list[Progress] = []
    stop = threading.Event()

    def tell(progress: Progress) -> None:
        told.append(progress)
        if progress.events_read == 2_000:
            stop.set()

    with world(*rows) as sandbox:
        sandbox.behave(path="page=3", delay=60)
        warehouse.sync(sandbox, progress=tell, start_date="2026-11-20", stop=stop)
    assert (2_000, 2_500) in [(one.events_read, one.events_expected) for one in told]


@pytest.mark.long
def test_a_stop_while_a_chart_is_read_fails_no_chart(
    warehouse: Warehouse, caplog: pytest.LogCaptureFixture
) -> None:
    stop = threading.Event()

    def tell(progress: Progress) -> None:
        if "no answer" in str(progress.awaited):
            stop.set()

    charts = [Chart("sales", ["purchase"], start="2026-11-01")]
    with world(*ROWS) as sandbox:
        sandbox.behave(path="/export/charts", delay=60)
        summary = warehouse.sync(sandbox, progress=tell, stop=stop, charts=charts)
        assert (summary.stopped, summary.failed_charts) == (True, {})
        sandbox.behave()
        assert warehouse.sync(sandbox, charts=charts).chart_points
    assert not [record for record in caplog.records if record.levelname == "ERROR"]


@pytest.mark.long
def test_who_fails_to_show_it_stops_no_sync(
    warehouse: Warehouse, caplog: pytest.LogCaptureFixture
) -> None:
    def failing(_: Progress) -> None:
        raise ZeroDivisionError

    with world(*ROWS) as sandbox:
        assert warehouse.sync(sandbox, progress=failing).events_loaded == 11
    assert "progress cannot be shown; the sync goes on" in caplog.text


@pytest.mark.long
def test_a_script_without_a_log_writes_lines(
    warehouse: Warehouse, capsys: pytest.CaptureFixture[str]
) -> None:
    with world(*ROWS) as sandbox:
        warehouse.sync(sandbox, progress=True)
        assert "  11 of 11" in capsys.readouterr().err.splitlines()[-1]
        warehouse.sync(sandbox)
        assert capsys.readouterr().err == ""


def test_a_notebook_has_a_line_that_is_written_anew(
    warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shown: list[str] = []

    class Handle:
        def update(self, data: dict[str, str], *, raw: bool) -> None:
            shown.append(data["text/plain"])

    def display(data: dict[str, str], *, raw: bool, display_id: bool) -> Handle:
        shown.append(data["text/plain"])
        return Handle()

    ipython: Any = types.ModuleType("IPython")
    ipython.get_ipython = lambda: types.SimpleNamespace(kernel=object())
    inside: Any = types.ModuleType("IPython.display")
    inside.display = display
    monkeypatch.setitem(sys.modules, "IPython", ipython)
    monkeypatch.setitem(sys.modules, "IPython.display", inside)
    with world(*ROWS) as sandbox:
        warehouse.sync(sandbox, progress=True)
    assert shown[0] == "planning"
    assert "  11 of 11" in shown[-1]
    assert capsys.readouterr().err == ""


def test_what_draws_is_not_imported_unless_it_is_asked_for() -> None:
    code = "import sys, openpanel_source.operations.sync; print('rich' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], env=os.environ, capture_output=True, text=True, check=True
    )
    assert done.stdout == "False\n"
