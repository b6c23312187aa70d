"""Days to read, each with the reason; what of them was counted and found empty is left out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from openpanel_source.days.ledger import DayRecord, Known, Reason
from openpanel_source.days.search_by_counts import Count, days_with_events
from openpanel_source.days.verdict import Verdict
from openpanel_source.model.clock import DAY, Clock
from openpanel_source.model.day_ranges import day_ranges

_WINDOW = 64
"""Days whose count is asked for at a time."""


@dataclass(frozen=True)
class Window:
    """The days that may be read, and what of them was asked for.

    Attributes:
        start: First UTC day; None for the first day that holds an event.
        end: Last UTC day; None for all there is.
        lookback_days: Settled days, the newest, that are counted one by one on each sync.
        reload: Read days again that the ledger holds as complete.
        now: The clock.
    """

    start: date | None
    end: date | None
    lookback_days: int
    reload: bool
    now: Clock


@dataclass(frozen=True)
class PlannedDay:
    """A day to read, and why."""

    project_id: str
    day: date
    reason: Reason
    tail_of: DayRecord | None = None
    """What was read of the day before, if only newer rows may have to be read."""
    counted: int | None = None
    """Rows that the server counted on the day when it was planned, if it was counted."""


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
    if record.verdict is Verdict.SHRUNK:
        # Counts tell when a day that is over is to be read.
        return Reason.OPEN if day >= today else None
    if day >= today or record.verdict is Verdict.OPEN:
        return Reason.OPEN
    return None if record.is_proven else Reason.RECOUNT


class Split(NamedTuple):
    """A range of planned days: those to read, those found empty, and the rows of all, if known."""

    filled: list[PlannedDay]
    empty: list[PlannedDay]
    rows: int | None = None


def split_empty(count: Count, planned: list[PlannedDay]) -> Iterator[Split]:
    """Separate days that hold nothing, by counting long ranges instead of single days.

    Args:
        count: Counts rows of a range.
        planned: Days of one project, newest first.

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
        filled = dict(days_with_events(count, first, last, total))
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
