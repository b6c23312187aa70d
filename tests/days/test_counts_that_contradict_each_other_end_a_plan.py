"""Counts that cannot be right are an error after few requests, not a search through a century."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openpanel_source.days.search_by_counts import days_with_events
from openpanel_source.errors import ContradictoryCountsError
from tests.support.sandbox_world import event, world
from tests.support.warehouse import Warehouse

FIRST, LAST = date(2026, 11, 24), date(2100, 12, 31)
OLD = [event(n, createdAt=f"2026-11-20T08:00:{n:02d}.000Z") for n in range(10)]


@pytest.mark.sampled(4)
@pytest.mark.parametrize("lie", ["+1", "+3"])
@pytest.mark.parametrize("is_first", [True, False])
def test_a_server_that_counts_too_many_ends_a_sync_with_an_error(
    warehouse: Warehouse, lie: str, is_first: bool
) -> None:
    with world(*OLD) as sandbox:
        if not is_first:
            warehouse.sync(sandbox)
        before = len(sandbox.requests)
        sandbox.behave(path="limit=1&", lie_total=lie)
        with pytest.raises(ContradictoryCountsError):
            warehouse.sync(sandbox)
        assert len(sandbox.requests) - before < 200
        sandbox.behave()
        assert warehouse.sync(sandbox).exit_code == 0
    assert len(warehouse.numbers()) == 10


@pytest.mark.parametrize("count", [lambda first, last: 7, lambda first, last: last.day % 5 + 1])
def test_counts_of_nothing_end_the_search(count: Callable[[date, date], int]) -> None:
    asked = []

    def counted(first: date, last: date) -> int:
        asked.append(first)
        return count(first, last)

    with pytest.raises(ContradictoryCountsError):
        list(days_with_events(counted, FIRST, LAST, 7))
    assert len(asked) < 100


@given(
    days=st.dictionaries(st.integers(0, 63), st.integers(1, 5), max_size=8),
    arriving=st.lists(st.integers(0, 63), max_size=40),
)
def test_rows_that_arrive_meanwhile_contradict_nothing(
    days: dict[int, int], arriving: list[int]
) -> None:
    held = {FIRST + timedelta(days=offset): rows for offset, rows in days.items()}
    to_come = [FIRST + timedelta(days=offset) for offset in arriving]

    def counted(first: date, last: date) -> int:
        if to_come:
            day = to_come.pop()
            held[day] = held.get(day, 0) + 1
        return sum(rows for day, rows in held.items() if first <= day <= last)

    last = FIRST + timedelta(days=63)
    before = set(held)
    found = dict(days_with_events(counted, FIRST, last, sum(held.values())))
    assert before <= found.keys()
