"""Which buckets of a chart to read: new ones, and what may have changed."""

from __future__ import annotations

from datetime import date, datetime
from itertools import islice
from typing import NamedTuple

from openpanel_source.charts.buckets import Bucket, Buckets
from openpanel_source.charts.definition import Chart
from openpanel_source.charts.ranges import RANGES

BucketRange = tuple[Bucket, Bucket]
"""From a bucket up to, not including, another."""

_POINTS_AN_ANSWER = 20_000
"""What an answer may hold about; a point is 40 to 120 bytes."""

_SMALL = 400
"""A chart with bounds and no more buckets is read in one piece, so that its metrics are whole."""

_FIRST_SLICE = 31
"""Buckets of the first answer with breakdowns, before anything is known of their values."""


class Coverage(NamedTuple):
    """Which buckets of a chart are in the destination.

    Attributes:
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
) -> BucketRange | None:
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
        start, end = RANGES[chart.range](now, now.astimezone(buckets.zone).date())
    if start is None:
        return None
    after_now = buckets.after(buckets.of(now))
    first = buckets.from_moment(start)
    last = after_now if end is None else buckets.up_to_moment(end)
    last = min(last, after_now)
    return (first, last) if first < last else None


def ranges_to_read(
    chart: Chart, buckets: Buckets, whole: BucketRange, known: Coverage | None, now: datetime
) -> list[BucketRange]:
    """What to read of the buckets of a chart, in order.

    Args:
        chart: The definition, with its look-back.
        buckets: Its buckets.
        whole: All its buckets, as ``bounds`` says.
        known: What is in the destination.
        now: The current instant.

    Returns:
        None to two ranges: from the look-back on, and buckets before those known.
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


def is_in_one_piece(chart: Chart, buckets: Buckets, whole: BucketRange) -> bool:
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
