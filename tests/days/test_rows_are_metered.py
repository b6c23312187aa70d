"""How many rows have come and are to come: told page by page, or not at all."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from openpanel_source.days.ledger import Reason
from openpanel_source.days.meter import Meter
from openpanel_source.days.planned_days import PlannedDay
from tests.days.test_plan import record


def day(number: int, counted: int | None = None, project: str = "web") -> PlannedDay:
    on = date(2026, 11, 1) + timedelta(days=number)
    return PlannedDay(project, on, Reason.NEW, counted=counted)


def read(meter: Meter, item: PlannedDay, rows: int, total: int) -> None:
    meter.begin(item, is_whole=True)
    meter.reach(rows, total)
    meter.end()


def test_nothing_is_expected_before_anything_is_planned() -> None:
    assert Meter().expected([]) is None


def test_rows_count_while_their_day_is_still_read() -> None:
    meter, item = Meter(), day(1, counted=2_500)
    meter.plan([item])
    meter.begin(item, is_whole=True)
    for rows in (1_000, 2_000):
        meter.reach(rows, 2_500)
        assert (meter.rows, meter.expected([])) == (rows, 2_500)
    assert meter.day == ("web", item.day)


def test_a_day_that_is_read_again_begins_again() -> None:
    meter, item = Meter(), day(1, counted=2_000)
    meter.plan([item])
    meter.begin(item, is_whole=True)
    meter.reach(2_000, 2_000)
    meter.begin(item, is_whole=True)
    assert (meter.rows, meter.expected([])) == (0, 2_000)


def test_what_nobody_has_counted_is_not_known_until_its_first_page() -> None:
    meter, first, second = Meter(), day(1), day(2)
    meter.plan([first, second])
    meter.counted([first], 10)
    assert meter.expected([]) is None
    read(meter, second, rows=1, total=5)
    assert (meter.rows, meter.expected([])) == (1, 15)


def test_a_count_of_a_range_holds_what_was_counted_of_its_days_before() -> None:
    meter, days = Meter(), [day(1), day(2, counted=4), day(3)]
    meter.plan(days)
    meter.counted(days, 10)
    meter.counted(days, 10)
    assert meter.expected([]) == 10


def test_of_a_tail_only_newer_rows_are_to_come_unless_the_day_is_read_whole() -> None:
    known = record(date(2026, 11, 2), total=100, rows=100)
    meter, item = Meter(), replace(day(1, counted=130), tail_of=known)
    meter.plan([item])
    meter.begin(item, is_whole=False)
    assert meter.expected([]) == 30
    for _ in range(2):
        meter.begin(item, is_whole=True)
        assert meter.expected([]) == 130


def test_nothing_more_is_expected_of_a_project_that_failed() -> None:
    meter, own, other = Meter(), [day(1, counted=5), day(2)], day(1, counted=7, project="blog")
    meter.plan([*own, other])
    read(meter, own[0], rows=5, total=5)
    assert meter.expected([]) is None
    assert meter.expected(["web"]) == 12


def test_a_project_counted_as_a_whole_needs_no_count_of_its_days() -> None:
    meter, future = Meter(), day(40, counted=3)
    meter.cover("web", 50)
    assert meter.expected([]) == 50
    meter.plan([future, *(day(number) for number in range(9))])
    assert (meter.uncounted("web"), meter.expected([])) == ([], 53)


def test_where_more_is_listed_than_counted_nothing_is_expected() -> None:
    meter = Meter()
    meter.is_exact = False
    meter.plan([day(1, counted=5)])
    assert meter.expected([]) is None


@given(st.lists(st.tuples(st.none() | st.integers(0, 9), st.integers(0, 9)), max_size=9))
def test_what_was_read_is_never_more_than_what_is_expected(
    days: list[tuple[int | None, int]],
) -> None:
    meter = Meter()
    items = [day(number, counted=counted) for number, (counted, _) in enumerate(days)]
    meter.plan(items)
    for item, (_, rows) in zip(items, days, strict=True):
        read(meter, item, rows, total=rows)
        assert meter.rows <= (meter.expected([]) or meter.rows)
    if any(rows or counted for counted, rows in days):
        assert meter.expected([]) is not None
