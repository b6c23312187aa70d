"""Which time a chart is about, in the local time of the organisation."""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

from openpanel_source.sandbox.answers import server_error
from openpanel_source.sandbox.charts.query import ChartQuery

_SECOND = timedelta(seconds=1)
_TIME = (
    r"(?P<hour>\d\d)(?::?(?P<minute>\d\d)(?::?(?P<second>\d\d)(?:[.,]\d{1,30})?)?)?"
    r"(?P<zone>[Zz]|[+-]\d\d(?::?\d\d)?)?"
)
_FORMS = tuple(
    re.compile(rf"{day}(?:[Tt]{_TIME})?\Z", re.ASCII)
    for day in (
        r"(?P<year>\d{4})(?:-?(?P<month>\d\d)(?:-?(?P<day>\d\d))?)?",
        r"(?P<year>\d{4})-?W(?P<week>\d\d)(?:-?(?P<weekday>\d))?",
        r"(?P<year>\d{4})-?(?P<ordinal>\d{3})",
    )
)


@dataclass(frozen=True)
class Period:
    """From start to end, both inclusive: whole seconds of local time, without a zone."""

    start: datetime
    end: datetime

    def before(self) -> Period:
        """Return the period of the same length before this one."""
        length = self.end - self.start
        # One that ends at 23:59:59 is taken for one that ends at midnight.
        if length % (2 * _SECOND):
            length += timedelta(milliseconds=1)
        return Period(_whole(self.start - length), _whole(self.end - length))


def period(query: ChartQuery, zone: ZoneInfo, now: datetime) -> Period:
    """Return the period that a query asks for.

    Raises:
        Refusal: 500, a date is one that the server cannot read.
    """
    start, end = (_local(text, zone) if text else None for text in (query.start, query.end))
    if start and end:
        return Period(start, end)
    ranged = _RANGES.get(query.range, _THIRTY_DAYS)(_Now(now, zone))
    return Period(ranged.start, end) if end else ranged


def _local(text: str, zone: ZoneInfo) -> datetime:
    instant = iso_instant(text)
    if instant is None:
        raise server_error()
    return _whole(instant.astimezone(zone).replace(tzinfo=None))


def iso_instant(text: str) -> datetime | None:
    """Read a date as the server's library reads ISO 8601, UTC where no offset is given."""
    for form in _FORMS:
        match = form.match(text)
        if match:
            return _instant({name: part for name, part in match.groupdict().items() if part})
    return None


def _instant(parts: dict[str, str]) -> datetime | None:
    zone = parts.pop("zone", "Z")
    numbers = {name: int(part) for name, part in parts.items()}
    hour = numbers.get("hour", 0)
    late = hour == 24 and not (numbers.get("minute") or numbers.get("second"))
    try:
        day = _date(numbers)
        clock = 0 if late else hour, numbers.get("minute", 0), numbers.get("second", 0)
        instant = datetime(day.year, day.month, day.day, *clock, tzinfo=timezone.utc)
    except ValueError:
        return None
    return instant + timedelta(days=late) - _offset(zone)


def _date(numbers: dict[str, int]) -> date:
    year = numbers["year"]
    if "week" in numbers:
        return date.fromisocalendar(year, numbers["week"], numbers.get("weekday", 1))
    if "ordinal" in numbers:
        first = date(year, 1, 1)
        if not 1 <= numbers["ordinal"] <= 365 + (monthrange(year, 2)[1] == 29):
            raise ValueError("no day of the year")
        return first + timedelta(days=numbers["ordinal"] - 1)
    return date(year, numbers.get("month", 1), numbers.get("day", 1))


def _offset(zone: str) -> timedelta:
    if zone in "Zz":
        return timedelta()
    digits = zone[1:].replace(":", "").ljust(4, "0")
    offset = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    return -offset if zone[0] == "-" else offset


def _whole(moment: datetime) -> datetime:
    return moment.replace(microsecond=0)


class _Now:
    """The server's clock: looks back in UTC, and then at the clock of the organisation."""

    def __init__(self, now: datetime, zone: ZoneInfo) -> None:
        self._now = now.astimezone(timezone.utc)
        self._zone = zone

    def ago(self, *, minutes: int = 0, months: int = 0) -> datetime:
        """Return the local time so long ago."""
        then = _months_before(self._now - timedelta(minutes=minutes), months)
        return then.astimezone(self._zone).replace(tzinfo=None)


def _months_before(moment: datetime, months: int) -> datetime:
    years, month = divmod(moment.month - 1 - months, 12)
    year, month = moment.year + years, month + 1
    return moment.replace(year=year, month=month, day=min(moment.day, monthrange(year, month)[1]))


def _midnight(moment: datetime) -> datetime:
    return moment.replace(hour=0, minute=0, second=0, microsecond=0)


def _next_midnight(moment: datetime) -> datetime:
    return _midnight(moment) + timedelta(days=1)


def _month(moment: datetime) -> datetime:
    return _midnight(moment).replace(day=1)


def _year(moment: datetime) -> datetime:
    return _month(moment).replace(month=1)


def _last(minutes: int) -> Callable[[_Now], Period]:
    return lambda now: Period(
        now.ago(minutes=minutes).replace(second=0, microsecond=0),
        now.ago().replace(second=59, microsecond=0),
    )


def _since(start: Callable[[datetime], datetime], **ago: int) -> Callable[[_Now], Period]:
    return lambda now: Period(start(now.ago(**ago)), _next_midnight(now.ago()))


def _day(minutes: int) -> Callable[[_Now], Period]:
    def day(now: _Now) -> Period:
        moment = now.ago(minutes=minutes)
        return Period(_midnight(moment), _next_midnight(moment) - _SECOND)

    return day


def _last_month(now: _Now) -> Period:
    month = _month(now.ago(months=1))
    return Period(month, _months_before(month, -1))


def _last_year(now: _Now) -> Period:
    year = _year(now.ago(months=12))
    return Period(year, _months_before(year, -12) - _SECOND)


def _twelve_months(now: _Now) -> Period:
    return Period(_month(now.ago(months=12)), _months_before(_month(now.ago()), -1))


def early_range(name: str, now: datetime) -> tuple[datetime, datetime]:
    """Return start and end of a range as servers understood it before 2025-04-16: in UTC."""
    start = _EARLY_STARTS.get(name, _thirty_days_ago)(now)
    if name == "lastMonth":
        return start, _months_before(start, -1) - _SECOND
    return start, _year(now) - _SECOND if name == "lastYear" else now


def _thirty_days_ago(now: datetime) -> datetime:
    return _midnight(now - timedelta(days=30))


_EARLY_STARTS: dict[str, Callable[[datetime], datetime]] = {
    "30min": lambda now: now - timedelta(minutes=30),
    "lastHour": lambda now: now - timedelta(hours=1),
    "today": lambda now: now - timedelta(days=1),
    "7d": lambda now: _midnight(now - timedelta(days=7)),
    "monthToDate": _month,
    "lastMonth": lambda now: _month(_months_before(now, 1)),
    "yearToDate": _year,
    "lastYear": lambda now: _year(_months_before(now, 12)),
}

_DAY = 24 * 60
_THIRTY_DAYS = _since(_midnight, minutes=30 * _DAY)
_RANGES: dict[str, Callable[[_Now], Period]] = {
    "30min": _last(30),
    "lastHour": _last(60),
    "last24h": _last(_DAY),
    "today": _day(0),
    "yesterday": _day(_DAY),
    "7d": _since(_midnight, minutes=7 * _DAY),
    "3m": _since(_midnight, months=3),
    "6m": _since(_midnight, months=6),
    "12m": _twelve_months,
    "monthToDate": _since(_month),
    "lastMonth": _last_month,
    "yearToDate": _since(_year),
    "lastYear": _last_year,
}
