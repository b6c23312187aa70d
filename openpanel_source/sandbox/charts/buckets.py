"""Buckets of time: where they start, which follow each other, and how they are written."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from zoneinfo import ZoneInfo

from openpanel_source.sandbox.charts.range import Period

_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_EXACT = {"minute": timedelta(minutes=1), "hour": timedelta(hours=1)}
_FORMATS = {"week": "%Y-%m-%d", "month": "%Y-%m-%d"}

Bucket = tuple[datetime, int]
"""A bucket's start in local time, and the zone's offset in milliseconds where the hours of a day
can come twice; buckets of days and more have none."""


def is_exact(interval: str) -> bool:
    """Say whether buckets are of a fixed length, and so two can start at one local time."""
    return interval in _EXACT


def milliseconds(moment: datetime, zone: ZoneInfo) -> int:
    """Return the instant of a local time, in milliseconds since 1970; of two the first."""
    return (moment.replace(tzinfo=zone).astimezone(timezone.utc) - _EPOCH) // timedelta(
        milliseconds=1
    )


def floor(moment: datetime, interval: str) -> datetime:
    """Return the start of the bucket that a local time is in; weeks start on Mondays."""
    if interval == "minute":
        return moment.replace(second=0, microsecond=0)
    if interval == "hour":
        return moment.replace(minute=0, second=0, microsecond=0)
    day = moment.replace(hour=0, minute=0, second=0, microsecond=0)
    if interval == "week":
        return day - timedelta(days=day.weekday())
    return day.replace(day=1) if interval == "month" else day


def following(bucket: datetime, interval: str) -> datetime:
    """Return the start of the next bucket."""
    if interval == "month":
        return floor(bucket + timedelta(days=31), interval)
    return bucket + _EXACT.get(interval, timedelta(days=7 if interval == "week" else 1))


def filled(period: Period, interval: str, zone: ZoneInfo) -> Iterator[Bucket]:
    """Yield the buckets that a chart has even without data: all but the one of the end."""
    bucket, end = floor(period.start, interval), floor(period.end, interval)
    if not is_exact(interval):
        while bucket < end:
            yield bucket, 0
            bucket = following(bucket, interval)
        return
    instant, last = (
        moment.replace(tzinfo=zone).astimezone(timezone.utc) for moment in (bucket, end)
    )
    while instant < last:
        local = instant.astimezone(zone)
        offset = local.utcoffset() or timedelta()
        yield local.replace(tzinfo=None), offset // timedelta(milliseconds=1)
        instant += _EXACT[interval]


def order(bucket: Bucket) -> datetime:
    """Return what buckets are sorted by: their instants."""
    local, offset = bucket
    return local - timedelta(milliseconds=offset)


def written(bucket: Bucket, interval: str) -> str:
    """Return the start of a bucket as the server writes it."""
    return bucket[0].strftime(_FORMATS.get(interval, "%Y-%m-%d %H:%M:%S"))
