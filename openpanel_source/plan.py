"""Decide which days to read, from counts and the ledger; nothing here touches the network."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from openpanel_source.ledger import Known, Reason

Count = Callable[[date, date], int]
"""Rows the server counts in a range of UTC days, both inclusive."""

DAY = timedelta(days=1)
EARLIEST = date(1970, 1, 1)
LATEST = date(2100, 12, 31)
"""Events dated outside these are never asked for: the server's calendar ends soon after."""
_WINDOW = 64


@dataclass(frozen=True)
class PlannedDay:
    """A day to read, and why."""

    project_id: str
    day: date
    reason: Reason
    expected: int | None = None
    """Rows the server counted while planning, where it counted this day alone."""


def first_day_with_events(count: Count, first: date, last: date) -> date | None:
    """The first day of the range that holds an event, found by bisection.

    Args:
        count: Counts rows of a range.
        first: First day of the range.
        last: Last day of the range.

    Returns:
        The day, or None for a range without events; about log2(days) counts.
    """
    if first > last or count(first, last) == 0:
        return None
    while first < last:
        middle = first + (last - first) // 2
        if count(first, middle):
            last = middle
        else:
            first = middle + DAY
    return first


def days_with_events(
    count: Count, first: date, last: date, total: int
) -> Iterator[tuple[date, int]]:
    """Every day of the range that holds events, newest first, with its count.

    Args:
        count: Counts rows of a range.
        first: First day of the range.
        last: Last day of the range.
        total: Rows in the range.

    Yields:
        Days and their counts; O(k·log n) counts for k of n days.
    """
    if total == 0 or first > last:
        return
    if first == last:
        yield first, total
        return
    middle = first + (last - first) // 2
    newer = count(middle + DAY, last)
    yield from days_with_events(count, middle + DAY, last, newer)
    # What arrived since the total was counted hides older rows from the difference, so nothing is
    # called empty that was not counted empty itself.
    older = total - newer if total > newer else count(first, middle)
    yield from days_with_events(count, first, middle, older)


def days_to_read(
    project_id: str, first: date, last: date, today: date, known: Known, *, reload: bool
) -> list[PlannedDay]:
    """The days of a range that the ledger does not hold as settled and proven, newest first.

    Args:
        project_id: The project.
        first: First day of the range.
        last: Last day of the range.
        today: The current UTC day.
        known: What the ledger holds.
        reload: Read all of them, whatever the ledger says.

    Returns:
        Planned days.
    """
    planned = []
    for offset in range((last - first).days + 1):
        day = last - offset * DAY
        reason = Reason.FORCED if reload else _reason(day, today, known)
        if reason is not None:
            planned.append(PlannedDay(project_id, day, reason))
    return planned


def _reason(day: date, today: date, known: Known) -> Reason | None:
    record = known.get(day)
    if record is None:
        return Reason.NEW
    if day >= today or record.verdict.value == "open":
        return Reason.OPEN
    return None if record.is_proven else Reason.RECOUNT


def split_empty(
    count: Count, planned: list[PlannedDay]
) -> Iterator[tuple[list[PlannedDay], list[PlannedDay]]]:
    """Separate days that hold nothing, by counting long stretches instead of single days.

    Args:
        count: Counts rows of a range.
        planned: Days of one project, newest first.

    Yields:
        For each stretch: the days to read, and the days that were counted and found empty.
    """
    for stretch in _stretches(planned):
        first, last = stretch[-1].day, stretch[0].day
        if len(stretch) == 1:
            yield stretch, []
            continue
        total = count(first, last)
        if total >= len(stretch):
            yield stretch, []
            continue
        filled = dict(days_with_events(count, first, last, total))
        yield (
            [item for item in stretch if item.day in filled],
            [item for item in stretch if item.day not in filled],
        )


def _stretches(planned: list[PlannedDay]) -> Iterator[list[PlannedDay]]:
    stretch: list[PlannedDay] = []
    for item in planned:
        if stretch and (stretch[-1].day - item.day != DAY or len(stretch) == _WINDOW):
            yield stretch
            stretch = []
        stretch.append(item)
    if stretch:
        yield stretch
