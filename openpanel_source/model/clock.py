"""Days, instants and seconds as users write them, and the clock; pure."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import suppress
from datetime import date, datetime, time, timedelta, timezone
from math import inf

from openpanel_source.errors import InvalidSettingError

LONGEST_TIMEOUT = 86_400.0
"""Seconds: no request is worth more than a day."""
Clock = Callable[[], datetime]
DAY = timedelta(days=1)
ALMOST_A_DAY = timedelta(hours=23)
"""What passes for a day between two nightly syncs, which do not start to the second."""
EARLIEST = date(1970, 1, 1)
LATEST = date(2100, 12, 31)
"""Events dated outside these are never asked for: the server's calendar ends soon after."""


def utc_now() -> datetime:
    """The current time, UTC."""
    return datetime.now(timezone.utc)


def midnight(day: date) -> datetime:
    """The first instant of a UTC day."""
    return datetime.combine(day, time(), timezone.utc)


def parse_day(name: str, value: str | date | None) -> date | None:
    """A UTC day from ``YYYY-MM-DD``, a date or a time.

    Raises:
        InvalidSettingError: It is nothing of that, or a time without a zone.
    """
    if value is None or value == "":
        return None
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise InvalidSettingError(
                f"{name} {value} has no time zone; give a time with a zone, or a day as YYYY-MM-DD."
            )
        value = value.astimezone(timezone.utc)
    if isinstance(value, date):
        return date(value.year, value.month, value.day)
    try:
        # fromisoformat also takes 20260101 and 2026-W01-1 on newer Pythons; one form is enough.
        return datetime.strptime(value, "%Y-%m-%d").replace(tzinfo=timezone.utc).date()
    except (TypeError, ValueError):
        raise InvalidSettingError(
            f"{name} {value!r} is not a date; write it as YYYY-MM-DD, e.g. 2026-01-31."
        ) from None


def parse_end(name: str, value: str | date | None) -> date | None:
    """A UTC day as ``parse_day`` reads it, none after the last that is ever asked for.

    Raises:
        InvalidSettingError: It is no day.
    """
    day = parse_day(name, value)
    return None if day is None else min(day, LATEST)


def parse_start(name: str, value: str | date | None, today: date) -> date | None:
    """A UTC day as ``parse_day`` reads it, or ``7d``: today and the six days before.

    Raises:
        InvalidSettingError: It is nothing of that, or lies in the future.
    """
    if isinstance(value, str) and (found := re.fullmatch(r"([1-9]\d{0,4})d", value.strip())):
        return max(today - (int(found[1]) - 1) * DAY, EARLIEST)
    day = parse_day(name, value)
    if day is not None and day > today:
        raise InvalidSettingError(
            f"{name} {day} lies in the future, as today is {today} (UTC); there is nothing to read."
        )
    return day


def parse_time(name: str, value: str | date | None) -> datetime | None:
    """An instant, UTC, from a time with a zone, or from a day, which is its first.

    Raises:
        InvalidSettingError: It is nothing of that.
    """
    if isinstance(value, str) and "T" in value:
        # Python 3.10 reads no Z.
        with suppress(ValueError):
            value = datetime.fromisoformat(value.replace("Z", "+00:00"))
    if isinstance(value, datetime) and value.tzinfo is not None:
        utc = value.astimezone(timezone.utc)
        # Pendulum's times lose their zone when something is taken from them.
        return datetime.combine(utc.date(), utc.time(), timezone.utc)
    day = parse_day(name, value)
    return None if day is None else midnight(day)


def parse_clock(now: str | datetime | None) -> Clock:
    """The clock that always shows a given instant; the real one without.

    Raises:
        InvalidSettingError: ``now`` is no ISO time with a zone.
    """
    if not now:
        return utc_now
    try:
        instant = now if isinstance(now, datetime) else datetime.fromisoformat(now)
    except (TypeError, ValueError):
        instant = None
    if instant is None or instant.tzinfo is None:
        raise InvalidSettingError(
            f"now {now!r} is not a time; write it as 2026-01-31T12:00:00+00:00."
        )
    frozen = instant.astimezone(timezone.utc)
    return lambda: frozen


def check_seconds(name: str, value: object, *, most: float = inf, is_timeout: bool = False) -> None:
    """Refuse what is no number of seconds that ends.

    Args:
        name: Of the setting.
        value: What it holds.
        most: The highest that is allowed.
        is_timeout: Whether 0 is refused.

    Raises:
        InvalidSettingError: It is something else.
    """
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        is_enough = value > 0 if is_timeout else value >= 0
        if is_enough and value <= most and value != inf:
            return
    least = "above 0" if is_timeout else "0 or more"
    limit = "" if most == inf else f" and at most {most:,g}"
    raise InvalidSettingError(f"{name} must be {least}{limit} seconds, not {value!r:.100}.")
