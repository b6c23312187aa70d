"""Ask a server for what was read once more, in other ways, before it is called complete.

The counts of one request prove nothing about what the server understood by it. So the count of the
whole of the days read has to be the sum of the counts of the days, and the same as the count by a
filter, which does not depend on what the server takes ``start`` and ``end`` for. A day that holds
another number by now than was read has to be listed like that as well.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from functools import partial

from openpanel_source.days.reader import DayReader
from openpanel_source.days.search_by_counts import changed_days
from openpanel_source.errors import ContradictoryCountsError
from openpanel_source.model.day_ranges import day_ranges

_MOST_RANGES = 3
"""Ranges of days in a row that are counted: mostly there is one."""
_MOST_DAYS = 3
"""Changed days that are asked for as they are read."""
_TIMES_ASKED = 3


def cross_check(counter: DayReader, project: str, held: Mapping[date, int]) -> None:
    """Compare the counts of days with those of their ranges.

    Args:
        counter: Counts.
        project: The project.
        held: Settled days of it, and the server's count of each when it was read.

    Raises:
        ContradictoryCountsError: The server's counts do not agree, though nothing moves.
        OpenPanelError: The server cannot be asked.
    """
    ranges = sorted(day_ranges(held), key=lambda days: days[0] - days[1])
    for start, end in ranges[:_MOST_RANGES]:
        known = sum(rows for day, rows in held.items() if start <= day <= end)
        total = counter.count(project, start, end)
        if total != known:
            # Rows that came or went since explain it, or the parts do not make the whole.
            changed = changed_days(
                partial(counter.count, project),
                *(start, end),
                held,
                split=start,
            )
            by_size = sorted(changed, key=lambda day: -abs(changed[day] - held[day]))
            for day in by_size[:_MOST_DAYS]:
                _compare_as_read(counter, project, day, changed[day])
        _compare_by_filter(counter, project, (start, end), total)


def _compare_as_read(counter: DayReader, project: str, day: date, counted: int) -> None:
    """Tell rows that came or went since a day was read from a day that was read in part."""
    for _ in range(_TIMES_ASKED):
        as_read = counter.count_as_read(project, day)
        again = counter.count(project, day, day)
        if as_read is None or min(counted, again) <= as_read <= max(counted, again):
            return
        counted = again
    raise ContradictoryCountsError(
        f"the server counts {counted:,} events of {project} on {day}, and {as_read:,} where it"
        " lists them: what it says of days cannot be believed. Nothing more was recorded or"
        " changed; report it to who runs the server."
    )


def _compare_by_filter(
    counter: DayReader, project: str, days: tuple[date, date], total: int
) -> None:
    counted: int | None = total
    for _ in range(_TIMES_ASKED):
        by_filter = counter.count_by_filter(project, *days)
        if by_filter is None or by_filter == total:
            return
        counted = counter.count(project, *days)
        if min(total, counted) <= by_filter <= max(total, counted):
            return
        total = counted
    raise ContradictoryCountsError(
        f"the server counts {counted:,} events of {project} from {days[0]} to {days[1]}, and"
        f" {by_filter:,} if it is asked for them by a filter: what it says of days cannot be"
        " believed. Nothing more was recorded or changed; report it to who runs the server."
    )
