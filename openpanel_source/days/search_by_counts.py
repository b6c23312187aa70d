"""Find days by counting ranges: the first that holds anything, all that do, all that changed."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Collection, Iterator, Mapping
from datetime import date
from itertools import accumulate
from typing import NamedTuple

from openpanel_source.days.planned_days import PlannedDay
from openpanel_source.errors import ContradictoryCountsError
from openpanel_source.model.clock import DAY
from openpanel_source.model.day_ranges import day_ranges, ranges_without

Count = Callable[[date, date], int]
"""Rows the server counts in a range of UTC days, both inclusive."""

_TIMES_COUNTED = 3
"""Times that counts may contradict each other while nothing moves."""


def first_day_with_events(
    count: Count, first: date, last: date, total: int | None = None, *, adds_up: bool = True
) -> date | None:
    """The first day of the range that holds an event, found by bisection.

    Args:
        count: Counts rows of a range.
        first: First day of the range.
        last: Last day of the range.
        total: Rows in the range, if they were counted.
        adds_up: Whether counts of parts have to be that of the whole.

    Returns:
        The day, or None for a range without events; about log2(days) counts.

    Raises:
        ContradictoryCountsError: What is left of the range counts fewer rows than all of it.
    """
    if first > last:
        return None
    if total is None:
        total = count(first, last)
    if total == 0:
        return None
    low, high = first, last
    while low < high:
        middle = low + (high - low) // 2
        if count(low, middle):
            high = middle
        else:
            low = middle + DAY
    if adds_up and low > first:
        _check_nothing_before(count, (first, last), low, total)
    return low


def _check_nothing_before(count: Count, days: tuple[date, date], found: date, total: int) -> None:
    first, last = days
    for _ in range(_TIMES_COUNTED):
        left, before = count(found, last), total
        total = count(first, last) if left != total else total
        # What came or went meanwhile lies between the two counts of the whole.
        if min(before, total) <= left <= max(before, total):
            return
    raise ContradictoryCountsError(
        f"the server counts {total:,} events from {first} to {last}, none in the parts of these"
        f" days that lie before {found}, and {left:,} from then on: what it says of days cannot be"
        " believed. Nothing was recorded or changed; report it to who runs the server."
    )


def days_with_events(
    count: Count, first: date, last: date, total: int, *, adds_up: bool = True
) -> Iterator[tuple[date, int]]:
    """Every day of the range that holds events, newest first, with its count.

    Args:
        count: Counts rows of a range.
        first: First day of the range.
        last: Last day of the range.
        total: Rows in the range.
        adds_up: Whether counts of parts have to be that of the whole.

    Yields:
        Days and their counts; O(k·log n) counts for k of n days.

    Raises:
        ContradictoryCountsError: Parts count more rows than the whole, though nothing moves.
    """
    excesses = 0

    def check(start: date, end: date, whole: int, parts: int) -> None:
        """Bear with parts that hold more than the whole only while something may move."""
        nonlocal excesses
        if not adds_up or parts <= max(whole, again := count(start, end)):
            return
        excesses += 1
        if excesses == _TIMES_COUNTED:
            raise ContradictoryCountsError(
                f"the server counts {again:,} events from {start} to {end}, and {parts:,} in the"
                " two halves of these days: what it says of days cannot be believed. Nothing more"
                " was recorded or changed; report it to who runs the server."
            )

    def descend(start: date, end: date, whole: int) -> Iterator[tuple[date, int]]:
        if whole == 0:
            return
        if start == end:
            yield start, whole
            return
        middle = start + (end - start) // 2
        newer = count(middle + DAY, end)
        # What arrived since the whole was counted hides older rows from the difference, so nothing
        # is called empty that was not counted empty itself.
        older = whole - newer if whole > newer else count(start, middle)
        if newer + older > whole:
            check(start, end, whole, newer + older)
        yield from descend(middle + DAY, end, newer)
        yield from descend(start, middle, older)

    if first <= last:
        yield from descend(first, last, total)


def known_ranges(
    held: Mapping[date, int], since: date, first: date, apart: Collection[date] = ()
) -> Iterator[tuple[date, date]]:
    """Ranges of days whose counts are all known, so that one count of the server checks each.

    Args:
        held: Known counts by day.
        since: Where the days to check begin.
        first: From here on a day is known if ``held`` has it; before, it holds nothing otherwise.
        apart: Days that are counted alone, and so are in no range; ``held`` has none of them.

    Returns:
        First and last day of each range, oldest first.
    """
    last = max([*held, first - DAY])
    later = (first + offset * DAY for offset in range((last - first).days + 1))
    return ranges_without(since, last, {*apart, *(day for day in later if day not in held)})


def changed_days(
    count: Count,
    first: date,
    last: date,
    held: Mapping[date, int],
    *,
    split: date,
    adds_up: bool = True,
) -> dict[date, int]:
    """The days of a range whose count is not the one that is held, as far as sums show it.

    Args:
        count: Counts rows of a range.
        first: First day of the range.
        last: Last day of the range.
        held: Known counts by day; 0 for days that are missing.
        split: A day to split at first: where the days that hold something begin.
        adds_up: Whether counts of parts have to be that of the whole.

    Returns:
        Changed days, newest first, and what the server counts on each; one count if nothing
        changed, else O(k·log n). Changes that cancel out within a range that is counted as a whole
        are not seen.

    Raises:
        ContradictoryCountsError: The count of the range is not the sum of the counts of its parts,
            though nothing moves.
    """
    days = sorted(held)
    sums = [0, *accumulate(held[day] for day in days)]

    def known(start: date, end: date) -> int:
        return sums[bisect_right(days, end)] - sums[bisect_left(days, start)]

    def descend(start: date, end: date, total: int) -> Iterator[tuple[date, int]]:
        if total == known(start, end):
            return
        if start == end:
            yield start, total
            return
        middle = split - DAY if start < split <= end else start + (end - start) // 2
        newer = count(middle + DAY, end)
        yield from descend(middle + DAY, end, newer)
        yield from descend(start, middle, total - newer)

    total = count(first, last)
    for _ in range(_TIMES_COUNTED):
        inferred = dict(descend(first, last, total))
        # What is left when the rest was counted is counted itself: the parts have to add up.
        if first == last or not adds_up:
            return inferred
        found = {day: count(day, day) for day in inferred}
        again = total if found == inferred else count(first, last)
        if found == inferred or again != total:
            # If the whole has moved as well, rows come and go.
            return {day: rows for day, rows in found.items() if rows != held.get(day, 0)}
    off = next(day for day, rows in inferred.items() if found[day] != rows)
    raise ContradictoryCountsError(
        f"the server counts {total:,} events from {first} to {last}, which is not the sum of what"
        f" it counts in parts of these days ({off} should hold {inferred[off]:,} and holds"
        f" {found[off]:,}): what it says of days cannot be believed. Nothing more was recorded or"
        " changed; report it to who runs the server."
    )


_WINDOW = 64
"""Days whose count is asked for at a time."""


class Split(NamedTuple):
    """A range of planned days: those to read, those found empty, and the rows of all, if known."""

    filled: list[PlannedDay]
    empty: list[PlannedDay]
    rows: int | None = None


def split_empty(
    count: Count, planned: list[PlannedDay], *, adds_up: bool = True
) -> Iterator[Split]:
    """Separate days that hold nothing, by counting long ranges instead of single days.

    Args:
        count: Counts rows of a range.
        planned: Days of one project, newest first.
        adds_up: Whether counts of parts have to be that of the whole.

    Yields:
        Range by range.
    """
    for days in _windows(planned):
        first, last = days[-1].day, days[0].day
        if len(days) == 1:
            yield Split(days, [])
            continue
        total = count(first, last)
        if total >= len(days):
            yield Split(days, [], total)
            continue
        filled = dict(days_with_events(count, first, last, total, adds_up=adds_up))
        yield Split(
            [item for item in days if item.day in filled],
            [item for item in days if item.day not in filled],
            total,
        )


def _windows(planned: list[PlannedDay]) -> Iterator[list[PlannedDay]]:
    by_day = {item.day: item for item in planned}
    for first, last in reversed(list(day_ranges(by_day))):
        days = [last - offset * DAY for offset in range((last - first).days + 1)]
        for start in range(0, len(days), _WINDOW):
            yield [by_day[day] for day in days[start : start + _WINDOW]]
