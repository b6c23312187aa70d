"""Buckets of time in an organisation's time zone, as the server cuts them.

A bucket is named by the local time at which it starts, without an offset (openpanel-api.md,
section 7). Where clocks go back, two hours have one name, and the server keeps the first: they are
one bucket here, flagged as repeated.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta, timezone
from typing import NamedTuple
from zoneinfo import ZoneInfo

_STEPS = {
    "minute": timedelta(minutes=1),
    "hour": timedelta(hours=1),
    "day": timedelta(days=1),
    "week": timedelta(days=7),
    "month": timedelta(days=31),
}
"""What leads from the start of a bucket into the next one."""


class Bucket(NamedTuple):
    """A bucket.

    Attributes:
        local: Its start, local time, without a zone.
        start: Its start as an instant, UTC.
        repeated: Whether clocks show its time twice; it holds what the server kept of both.
    """

    local: datetime
    start: datetime
    repeated: bool


class Buckets:
    """The buckets of an interval in a time zone.

    Args:
        interval: minute, hour, day, week (from Monday on) or month.
        zone: Where days begin.
    """

    def __init__(self, interval: str, zone: ZoneInfo) -> None:
        self.interval = interval
        self.zone = zone

    def of(self, instant: datetime) -> Bucket:
        """The bucket that an instant lies in."""
        return self._bucket(self._floor(instant.astimezone(self.zone).replace(tzinfo=None)))

    def from_moment(self, moment: date | datetime) -> Bucket:
        """The bucket of a local day's start, of a local time, or of a time with a zone."""
        moment = _time(moment)
        return self._bucket(self._floor(moment)) if moment.tzinfo is None else self.of(moment)

    def up_to_moment(self, moment: date | datetime) -> Bucket:
        """The first bucket after a local day, inclusive, or from a time on."""
        end = _time(moment)
        if not isinstance(moment, datetime):
            end += timedelta(days=1)
        bucket = self.from_moment(moment)
        while bucket.start < (self._instant(end) if end.tzinfo is None else end):
            bucket = self.after(bucket)
        return bucket

    def after(self, bucket: Bucket, count: int = 1) -> Bucket:
        """The bucket so many places later."""
        local = bucket.local
        for _ in range(count):
            local = self._floor(local + _STEPS[self.interval])
            while not self._exists(local):
                local = self._floor(local + _STEPS[self.interval])
        return self._bucket(local)

    def before(self, bucket: Bucket, count: int = 1) -> Bucket:
        """The bucket so many places earlier."""
        local = bucket.local
        for _ in range(count):
            local = self._floor(local - timedelta(seconds=1))
            while not self._exists(local):
                local = self._floor(local - timedelta(seconds=1))
        return self._bucket(local)

    def between(self, first: Bucket, end: Bucket) -> Iterator[Bucket]:
        """The buckets from one up to, not including, another."""
        while first.local < end.local:
            yield first
            first = self.after(first)

    def written(self, bucket: Bucket) -> str:
        """The local start as text: ``2026-11-09`` for weeks and months, else with the time."""
        form = "%Y-%m-%d" if self.interval in ("week", "month") else "%Y-%m-%d %H:%M:%S"
        return bucket.local.strftime(form)

    def _bucket(self, local: datetime) -> Bucket:
        return Bucket(local, self._instant(local), self._is_repeated(local))

    def _floor(self, local: datetime) -> datetime:
        day = local.replace(hour=0, minute=0, second=0, microsecond=0)
        if self.interval == "week":
            return day - timedelta(days=day.weekday())
        if self.interval == "month":
            return day.replace(day=1)
        return local - (local - day) % _STEPS[self.interval]

    def _instant(self, local: datetime) -> datetime:
        # Of two instants with one local time, the server takes the first, as fold=0 does.
        return local.replace(tzinfo=self.zone, fold=0).astimezone(timezone.utc)

    def _exists(self, local: datetime) -> bool:
        """Whether clocks show any of it; in spring they skip an hour, somewhere once a day."""
        shown = self._instant(local).astimezone(self.zone).replace(tzinfo=None)
        return self._floor(shown) == local

    def _is_repeated(self, local: datetime) -> bool:
        if self.interval not in ("minute", "hour"):
            return False
        last = local + _STEPS[self.interval] - timedelta(minutes=1)
        return any(self._is_ambiguous(moment) for moment in (local, last))

    def _is_ambiguous(self, local: datetime) -> bool:
        first = local.replace(tzinfo=self.zone, fold=0).utcoffset() or timedelta()
        second = local.replace(tzinfo=self.zone, fold=1).utcoffset() or timedelta()
        return first > second


def _time(moment: date | datetime) -> datetime:
    if isinstance(moment, datetime):
        return moment
    return datetime(moment.year, moment.month, moment.day)  # noqa: DTZ001 - local time
