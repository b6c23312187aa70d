"""The plan finds every day that has to be read, with few counts, and calls no other day empty."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta, timezone
from math import ceil, log2

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openpanel_source.days.ledger import DayRecord, Reason
from openpanel_source.days.planned_days import PlannedDay
from openpanel_source.days.project_plan import days_to_read
from openpanel_source.days.search_by_counts import (
    days_with_events,
    first_day_with_events,
    split_empty,
)
from openpanel_source.days.verdict import Verdict
from openpanel_source.model.clock import DAY

FIRST = date(2024, 1, 1)
DAYS = 400

History = dict[date, int]


def day(number: int) -> date:
    return FIRST + timedelta(days=number)


histories = st.dictionaries(st.integers(0, DAYS - 1).map(day), st.integers(1, 5_000), max_size=12)
ranges = st.tuples(st.integers(0, DAYS - 1), st.integers(0, DAYS - 1)).map(
    lambda ends: (day(min(ends)), day(max(ends)))
)


class Counter:
    """Counts a history as a server does; ``before`` is called ahead of each count."""

    def __init__(self, history: History, before: Callable[[int], None] | None = None) -> None:
        self.history = history
        self.asked = 0
        self.before = before

    def __call__(self, first: date, last: date) -> int:
        assert first <= last, "a reversed range counts nothing"
        if self.before is not None:
            self.before(self.asked)
        self.asked += 1
        return sum(rows for day_, rows in self.history.items() if first <= day_ <= last)


def record(
    day_: date, verdict: Verdict = Verdict.COMPLETE, total: int = 1, rows: int = 1
) -> DayRecord:
    return DayRecord(
        project_id="web",
        query_fingerprint="all",
        day=day_,
        load_id="1",
        verdict=verdict,
        reason=Reason.NEW,
        total_count=total,
        rows_received=rows,
        distinct_ids=rows,
        rejected_rows=0,
        pages=1,
        requests=1,
        rereads=0,
        read_at=datetime(2024, 1, 1, tzinfo=timezone.utc),
    )


@given(histories, ranges)
def test_the_first_day_with_events_is_found(history: History, range_: tuple[date, date]) -> None:
    first, last = range_
    counter = Counter(history)
    expected = min((item for item in history if first <= item <= last), default=None)
    assert first_day_with_events(counter, first, last) == expected
    # One more to see that nothing lies before it.
    assert counter.asked <= 2 + ceil(log2((last - first).days + 1))


def test_a_reversed_range_has_no_first_day_and_costs_nothing() -> None:
    counter = Counter({day(0): 1})
    assert first_day_with_events(counter, day(1), day(0)) is None
    assert counter.asked == 0


@given(histories, ranges)
def test_all_days_with_events_are_found_newest_first_with_few_counts(
    history: History, range_: tuple[date, date]
) -> None:
    first, last = range_
    counter = Counter(history)
    held = {item: rows for item, rows in history.items() if first <= item <= last}
    found = list(days_with_events(counter, first, last, sum(held.values())))
    assert found == sorted(held.items(), reverse=True)
    levels = ceil(log2((last - first).days + 1))
    assert counter.asked <= 2 * len(held) * levels


@given(
    histories,
    st.dictionaries(
        st.integers(0, 30),
        st.tuples(st.integers(0, DAYS - 1).map(day), st.integers(1, 50)),
        max_size=5,
    ),
)
def test_rows_that_arrive_between_counts_hide_no_older_day(
    history: History, arrivals: dict[int, tuple[date, int]]
) -> None:
    counted = dict(history)

    def arrive(asked: int) -> None:
        if asked in arrivals:
            where, rows = arrivals[asked]
            counted[where] = counted.get(where, 0) + rows

    total = sum(counted.values())
    found = dict(days_with_events(Counter(counted, arrive), day(0), day(DAYS - 1), total))
    assert history.keys() <= found.keys()


def test_a_row_of_today_that_arrives_while_counting_does_not_empty_an_old_day() -> None:
    history = {day(10): 1}

    def arrive(asked: int) -> None:
        if asked == 1:
            history[day(63)] = 1

    planned = [PlannedDay("web", day(n), Reason.NEW) for n in range(63, -1, -1)]
    filled, empty, _ = next(split_empty(Counter(history, arrive), planned))
    assert day(10) in [item.day for item in filled]
    assert day(10) not in [item.day for item in empty]


verdicts = st.sampled_from([None, *Verdict])


@given(st.dictionaries(st.integers(0, 30).map(day), verdicts), st.integers(-5, 35), st.booleans())
def test_days_to_read_are_all_but_the_settled_and_proven_ones(
    states: dict[date, Verdict | None], today: int, reload: bool
) -> None:
    known = {item: record(item, verdict) for item, verdict in states.items() if verdict}
    planned = days_to_read("web", day(0), day(30), day(today), known, reload=reload)
    expected: dict[date, Reason] = {}
    for number in range(30, -1, -1):
        verdict = states.get(day(number))
        if reload:
            expected[day(number)] = Reason.FORCED
        elif verdict is None:
            expected[day(number)] = Reason.NEW
        elif verdict is Verdict.SHRUNK and number < today:
            continue
        elif number >= today or verdict is Verdict.OPEN:
            expected[day(number)] = Reason.OPEN
        elif verdict is not Verdict.COMPLETE:
            expected[day(number)] = Reason.RECOUNT
    assert [(item.day, item.reason) for item in planned] == list(expected.items())
    assert {item.project_id for item in planned} <= {"web"}


def test_a_complete_day_whose_numbers_disagree_is_read_again() -> None:
    known = {day(0): record(day(0), total=2, rows=1)}
    planned = days_to_read("web", day(0), day(0), day(9), known, reload=False)
    assert [item.reason for item in planned] == [Reason.RECOUNT]


def test_a_reversed_range_plans_nothing() -> None:
    assert days_to_read("web", day(1), day(0), day(9), {}, reload=True) == []


@given(histories, st.sets(st.integers(0, DAYS - 1), max_size=80))
def test_each_planned_day_is_either_to_read_or_counted_empty(
    history: History, numbers: set[int]
) -> None:
    planned = [PlannedDay("web", day(n), Reason.NEW) for n in sorted(numbers, reverse=True)]
    filled: list[PlannedDay] = []
    empty: list[PlannedDay] = []
    for some_filled, some_empty, _ in split_empty(Counter(history), planned):
        filled += some_filled
        empty += some_empty
    assert sorted(filled + empty, key=lambda item: item.day, reverse=True) == planned
    assert filled == sorted(filled, key=lambda item: item.day, reverse=True)
    assert not [item for item in empty if item.day in history]


def test_a_dense_history_costs_one_count_for_64_days() -> None:
    history = {day(n): 100 for n in range(DAYS)}
    planned = [PlannedDay("web", day(n), Reason.NEW) for n in range(DAYS - 1, -1, -1)]
    counter = Counter(history)
    filled = [item for some, _, _ in split_empty(counter, planned) for item in some]
    assert filled == planned
    assert counter.asked == ceil(DAYS / 64)


@pytest.mark.parametrize("total", [0, 7])
def test_a_single_day_is_read_without_being_counted(total: int) -> None:
    counter = Counter({day(0): total})
    planned = [PlannedDay("web", day(0), Reason.NEW)]
    assert list(split_empty(counter, planned)) == [(planned, [], None)]
    assert counter.asked == 0


def test_days_apart_are_never_counted_across_the_gap() -> None:
    counter = Counter({day(5): 1_000})
    planned = [PlannedDay("web", day(n), Reason.NEW) for n in (9, 8, 2, 1)]
    assert list(split_empty(counter, planned)) == [([], planned[:2], 0), ([], planned[2:], 0)]
    assert timedelta(days=1) == DAY
