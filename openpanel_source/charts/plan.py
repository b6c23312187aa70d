"""Which buckets of a chart to read: new ones, and what may have changed; its ranges."""

from __future__ import annotations

from calendar import monthrange
from datetime import date, datetime, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

import msgspec

from openpanel_source.charts.buckets import Bucket, Buckets
from openpanel_source.charts.definition import Chart

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


Stretch = tuple[Bucket, Bucket]
"""From a bucket up to, not including, another."""

_POINTS_AN_ANSWER = 20_000
"""What an answer may hold about; a point is 40 to 120 bytes."""

_SMALL = 400
"""A chart with bounds and no more buckets is read in one piece, so that its metrics are whole."""

_FIRST_SLICE = 31
"""Buckets of the first answer with breakdowns, before anything is known of their values."""


class Coverage(msgspec.Struct, frozen=True):
    """Which buckets of a chart are in the destination.

    Args:
        first: Start of the first, UTC.
        until: End of the last, UTC.
        read_at: When they were read last, UTC.
    """

    first: datetime
    until: datetime
    read_at: datetime


def bounds(
    chart: Chart,
    buckets: Buckets,
    now: datetime,
    start: date | datetime | None,
    end: date | datetime | None,
) -> Stretch | None:
    """The whole buckets that a chart is about, the open one included.

    Args:
        chart: The definition.
        buckets: Its buckets.
        now: The current instant.
        start: Where it begins unless it has a range.
        end: A last day, inclusive, or a time at which it ends; None for now.

    Returns:
        None if there is nothing between start and end.
    """
    if chart.range is not None:
        start, end = range_bounds(chart.range, now, buckets.zone)
    if start is None:
        return None
    after_now = buckets.after(buckets.of(now))
    first = buckets.from_moment(start)
    last = after_now if end is None else buckets.up_to_moment(end)
    last = min(last, after_now)
    return (first, last) if first < last else None


def stretches(
    chart: Chart, buckets: Buckets, whole: Stretch, known: Coverage | None, now: datetime
) -> list[Stretch]:
    """What to read of the buckets of a chart, in order.

    Args:
        chart: The definition, with its look-back.
        buckets: Its buckets.
        whole: All its buckets, as ``bounds`` says.
        known: What is in the destination.
        now: The current instant.

    Returns:
        None to two stretches: from the look-back on, and buckets before those known.
    """
    first, end = whole
    if known is None:
        return [whole]
    is_settled = (
        end.start <= known.until and buckets.after(end, chart.lookback).start <= known.read_at
    )
    has_begun_earlier = first.start < known.first
    if is_in_one_piece(chart, buckets, whole):
        return [] if is_settled and not has_begun_earlier else [whole]
    found = []
    if not is_settled:
        again = buckets.before(buckets.of(known.until), 1 + chart.lookback)
        recent = max(first, buckets.of(known.first), again)
        if recent < end:
            found.append((recent, end))
    if has_begun_earlier:
        found.append((first, min(buckets.of(known.first), end)))
    return found


def is_in_one_piece(chart: Chart, buckets: Buckets, whole: Stretch) -> bool:
    """Whether all buckets of a chart are asked for at once.

    Args:
        chart: The definition.
        buckets: Its buckets.
        whole: All of them, as ``bounds`` says.
    """
    if not chart.is_bounded or chart.is_whole:
        return chart.is_whole
    return sum(1 for _ in islice(buckets.between(*whole), _SMALL + 1)) <= _SMALL


def slice_length(chart: Chart, series: int | None) -> int:
    """How many buckets to ask for at a time.

    Args:
        chart: The definition.
        series: Series of the answer before; None for the first.

    Returns:
        At least 1.
    """
    if series is None:
        return _FIRST_SLICE if chart.breakdowns else _POINTS_AN_ANSWER // len(chart.parts)
    return max(1, _POINTS_AN_ANSWER // max(series, len(chart.parts)))
