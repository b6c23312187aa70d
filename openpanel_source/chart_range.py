"""The named ranges of charts, as whole local days or exact times."""

from __future__ import annotations

from calendar import monthrange
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

_DAY = timedelta(days=1)
_MINUTES = {"30min": 30, "lastHour": 60, "last24h": 24 * 60}
_DAYS = {"today": 0, "7d": 7, "30d": 30}
_MONTHS = {"3m": 3, "6m": 6}


def range_bounds(
    name: str, now: datetime, zone: ZoneInfo
) -> tuple[date | datetime, date | datetime]:
    """From when to when a range reaches.

    Args:
        name: One of ``chart.RANGES``, but not ``custom``.
        now: The current instant.
        zone: Where days begin.

    Returns:
        Start and end: local days, both inclusive, or instants.
    """
    today = now.astimezone(zone).date()
    month = today.replace(day=1)
    if name in _MINUTES:
        return now - timedelta(minutes=_MINUTES[name]), now
    if name in _DAYS:
        return today - _DAYS[name] * _DAY, today
    if name in _MONTHS:
        return _months_before(today, _MONTHS[name]), today
    year = today.replace(month=1, day=1)
    calendar = {
        "yesterday": (today - _DAY, today - _DAY),
        "12m": (_months_before(month, 12), today),
        "monthToDate": (month, today),
        "lastMonth": (_months_before(month, 1), month - _DAY),
        "yearToDate": (year, today),
        "lastYear": (_months_before(year, 12), year - _DAY),
    }
    return calendar[name]


def _months_before(day: date, months: int) -> date:
    years, place = divmod(day.month - 1 - months, 12)
    year, month = day.year + years, place + 1
    return date(year, month, min(day.day, monthrange(year, month)[1]))
