"""SQL conditions that name days, for the destination to replace."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from itertools import groupby


def days_condition(days: Iterable[tuple[str, date]]) -> str:
    """A condition on ``project_id`` and ``event_date`` that holds for exactly these days.

    Days in a row become one range, so that a destination can prune partitions. Project ids are
    checked by the settings to hold nothing that means something in SQL or in a format string.

    Args:
        days: Projects and their UTC days, in any order.

    Returns:
        Portable SQL; ``1 = 0`` for no days.
    """
    parts = []
    for project, pairs in groupby(sorted(set(days)), key=lambda pair: pair[0]):
        ranges = [
            f"event_date = '{first}'"
            if first == last
            else f"event_date BETWEEN '{first}' AND '{last}'"
            for first, last in _ranges(day for _, day in pairs)
        ]
        parts.append(f"(project_id = '{project}' AND ({' OR '.join(ranges)}))")
    return " OR ".join(parts) or "1 = 0"


def _ranges(days: Iterable[date]) -> Iterator[tuple[date, date]]:
    first = last = None
    for day in days:
        if first is None or last is None:
            first = last = day
        elif day - last == timedelta(days=1):
            last = day
        else:
            yield first, last
            first = last = day
    if first is not None and last is not None:
        yield first, last
