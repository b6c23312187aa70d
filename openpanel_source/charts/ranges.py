"""Ranges of a chart that move with the clock."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Callable
from datetime import date, datetime, timedelta

Ends = tuple[date | datetime, date | datetime]
"""Start and end: local days, both inclusive, or instants."""

_DAY = timedelta(days=1)


def _months_before(day: date, months: int) -> date:
    years, place = divmod(day.month - 1 - months, 12)
    year, month = day.year + years, place + 1
    return date(year, month, min(day.day, monthrange(year, month)[1]))


RANGES: dict[str, Callable[[datetime, date], Ends]] = {
    "30min": lambda now, today: (now - timedelta(minutes=30), now),
    "lastHour": lambda now, today: (now - timedelta(hours=1), now),
    "last24h": lambda now, today: (now - timedelta(hours=24), now),
    "today": lambda now, today: (today, today),
    "yesterday": lambda now, today: (today - _DAY, today - _DAY),
    "7d": lambda now, today: (today - 7 * _DAY, today),
    "30d": lambda now, today: (today - 30 * _DAY, today),
    "3m": lambda now, today: (_months_before(today, 3), today),
    "6m": lambda now, today: (_months_before(today, 6), today),
    "12m": lambda now, today: (_months_before(today.replace(day=1), 12), today),
    "monthToDate": lambda now, today: (today.replace(day=1), today),
    "lastMonth": lambda now, today: (
        _months_before(today.replace(day=1), 1),
        today.replace(day=1) - _DAY,
    ),
    "yearToDate": lambda now, today: (date(today.year, 1, 1), today),
    "lastYear": lambda now, today: (date(today.year - 1, 1, 1), date(today.year - 1, 12, 31)),
}
"""From when to when a range reaches, by the current instant and the local day."""


def is_after(start: object, end: object) -> bool:
    """Whether a day or time lies after another, as far as that can be said of them."""
    if isinstance(start, datetime) and isinstance(end, datetime):
        both = (start.tzinfo is None) == (end.tzinfo is None)
        return both and start >= end
    return str(start)[:10] > str(end)[:10]
