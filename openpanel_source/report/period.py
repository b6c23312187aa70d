"""Which days a report is about; pure."""

from __future__ import annotations

from datetime import date

from openpanel_source.errors import InvalidSettingError
from openpanel_source.model.clock import DAY, EARLIEST, parse_day
from openpanel_source.report.fill import Range

DAYS = 28
_MOST = 36_600
"""A hundred years."""


def check_period(
    days: int | None, start_date: str | date | None, end_date: str | date | None
) -> tuple[date | None, date | None]:
    """The days that were given, checked.

    Args:
        days: How many, the last of which is the end.
        start_date: The first.
        end_date: The last.

    Raises:
        InvalidSettingError: They say too much, or nothing that makes sense.
    """
    start, end = parse_day("start_date", start_date), parse_day("end_date", end_date)
    if days is not None and start is not None:
        raise InvalidSettingError("--days and --start-date say the same; leave one out.")
    if days is not None and not 1 <= days <= _MOST:
        raise InvalidSettingError(f"--days must be from 1 to {_MOST:,}, not {days}.")
    for name, day in (("start_date", start), ("end_date", end)):
        if day is not None and day < EARLIEST:
            raise InvalidSettingError(f"{name} {day} is too early; events begin with {EARLIEST}.")
    if start is not None and end is not None and start > end:
        raise InvalidSettingError(f"start_date {start} lies after end_date {end}.")
    return start, end


def range_of(
    days: int | None,
    given: tuple[date | None, date | None],
    *,
    is_compared: bool,
    newest: date | None,
    today: date,
) -> Range:
    """The days of a report.

    Args:
        days: How many, unless the first was given.
        given: The first and the last, as far as they were given.
        is_compared: Whether as many days before are told as well.
        newest: The last day with events; None if there are none.
        today: The day, in the same time zone.

    Raises:
        InvalidSettingError: The first lies after all of them, or they are too many.
    """
    start, end = given
    # Anybody can send events of days to come.
    last = end or min(today, newest or today)
    if start is not None and start > last:
        raise InvalidSettingError(
            f"start_date {start} lies after {last}, the last day that there is something to report"
            " of; choose an earlier one."
        )
    first = start or max(last - ((days or DAYS) - 1) * DAY, EARLIEST)
    if (last - first).days >= _MOST:
        raise InvalidSettingError(
            f"from {first} to {last} is more than {_MOST:,} days; choose fewer."
        )
    return Range(first, last, is_compared)
