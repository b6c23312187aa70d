"""Plan a backfill as partitions of equal size that workers load side by side."""

from __future__ import annotations

import hashlib
import math
import re
from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from itertools import pairwise
from typing import Any, NamedTuple

from openpanel_source.api.failed_projects import FailedProjects
from openpanel_source.api.query import EventQuery
from openpanel_source.days.reader import DayReader
from openpanel_source.days.search_by_counts import Count, first_day_with_events
from openpanel_source.errors import InvalidSettingError, OpenPanelError
from openpanel_source.model.clock import DAY, EARLIEST, parse_day
from openpanel_source.model.plain import plain
from openpanel_source.operations.preamble import operation
from openpanel_source.operations.progress.telling import telling_waits
from openpanel_source.source.load_package import reader_of
from openpanel_source.source.settings.checked import Settings

_TOLERANCE = 0.05
"""A cut may miss its place by so much of a partition, which saves half of the counts."""


class Part(NamedTuple):
    """Days in a row, both inclusive, and the events counted in them."""

    first: date
    last: date
    events: int


def cut(count: Count, first: date, last: date, total: int, into: int) -> list[Part]:
    """Cut a range of days into parts that hold about as many events each.

    Args:
        count: Counts events of a range.
        first: First day of the range.
        last: Last day of the range.
        total: Events in the range.
        into: How many; fewer come out where single days hold more than a partition should.

    Returns:
        Parts that cover the range and do not overlap, newest first; about
        log2(days of a part) counts a cut at most, and mostly two or three.
    """
    sums = _Sums(count, first, last, total)
    size = total / into
    offsets = {sums.nearest(size * number, size * _TOLERANCE) for number in range(1, into)}
    bounds = sorted(offsets | {0, (last - first).days + 1})
    return [
        Part(first + start * DAY, first + (end - 1) * DAY, sums.known[end] - sums.known[start])
        for start, end in reversed(list(pairwise(bounds)))
    ]


class _Sums:
    """Events before each day of a range, as far as they were asked for."""

    def __init__(self, count: Count, first: date, last: date, total: int) -> None:
        self._count = count
        self._first = first
        self.known = {0: 0, (last - first).days + 1: total}
        """Events of the first days, by how many days."""

    def nearest(self, wanted: float, tolerance: float) -> int:
        """So many days from the first on that they hold about as many events as wanted."""
        is_estimate = True
        while True:
            days = sorted(self.known)
            sums = [self.known[day] for day in days]
            above = min(max(bisect_left(sums, wanted), 1), len(days) - 1)
            low, high = days[above - 1], days[above]
            best = min((low, high), key=lambda day: abs(self.known[day] - wanted))
            if high - low == 1 or abs(self.known[best] - wanted) <= tolerance:
                return best
            middle = self._estimate(low, high, wanted) if is_estimate else (low + high) // 2
            # Halving in between keeps events that come in bursts from costing a count a day.
            is_estimate = not is_estimate
            self._ask(low, middle, high)

    def _estimate(self, low: int, high: int, wanted: float) -> int:
        """Where the sum would be as wanted if events were spread evenly."""
        held = self.known[high] - self.known[low]
        share = (wanted - self.known[low]) / held
        return min(max(low + round(share * (high - low)), low + 1), high - 1)

    def _ask(self, low: int, middle: int, high: int) -> None:
        start, end = self._first + low * DAY, self._first + (middle - 1) * DAY
        # What arrives meanwhile must not make a sum fall or exceed the one of more days.
        held = self.known[low] + self._count(start, end)
        self.known[middle] = min(held, self.known[high])


EVENTS_PER_PARTITION = 500_000


@dataclass(frozen=True)
class Partition:
    """A partition of a backfill: whole UTC days of a project.

    Load it anywhere, as often as needed, with ``sync(pipeline, **partition.settings)`` and a
    pipeline of its own that is called ``partition.name``.

    Attributes:
        project_id: The project.
        start: First UTC day.
        end: Last UTC day, inclusive.
        events: Events the server counted in it when it was planned.
        query: The settings ``events``, ``filters`` and ``profile_id`` that it was counted with;
            those left out stand for all.
    """

    project_id: str
    start: date
    end: date
    events: int
    query: Mapping[str, Any] = field(default_factory=dict, hash=False)

    @property
    def name(self) -> str:
        """A pipeline's name, in ``a-z0-9_``; the same for the same project and days."""
        slug = re.sub(r"[^a-z0-9]+", "_", self.project_id.lower()).strip("_")[:40]
        if slug != self.project_id:
            # Two ids may come out as one text.
            slug += f"_{hashlib.sha256(self.project_id.encode()).hexdigest()[:6]}"
        return f"openpanel_{slug}_{self.start:%Y%m%d}_{self.end:%Y%m%d}"

    @property
    def settings(self) -> dict[str, Any]:
        """What ``sync()`` is given to load it; charts and lists are left to the nightly one."""
        return {
            "project_id": self.project_id,
            "start_date": self.start.isoformat(),
            "end_date": self.end.isoformat(),
            "charts": [],
            "lists": [],
            **self.query,
        }

    def as_dict(self) -> dict[str, Any]:
        """The partition as JSON values, days as ``YYYY-MM-DD``; ``from_dict`` takes them."""
        return {"name": self.name, **plain(vars(self))}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Partition:
        """The partition that ``as_dict`` wrote down.

        Raises:
            InvalidSettingError: A value is missing or not of its kind.
        """
        try:
            start, end = (parse_day(name, values[name]) for name in ("start", "end"))
            project, events = str(values["project_id"]), int(values["events"])
            query = dict(values["query"])
        except (KeyError, TypeError, ValueError) as error:
            raise InvalidSettingError(f"{values!r} is not a partition ({error!r}).") from None
        if start is None or end is None:
            raise InvalidSettingError(f"{values!r} is not a partition: it has no days.")
        return cls(project, start, end, events, query)


def partitions(
    *,
    events_per_partition: int = EVENTS_PER_PARTITION,
    count: int | None = None,
    failed: dict[str, OpenPanelError] | None = None,
    progress: bool = False,
    **settings: Any,
) -> list[Partition]:
    """Cut the history of projects into partitions of about equal size, by the server's counts.

    The days before the first event are left out. So is, without ``end_date``, what is not over:
    today and the future are the nightly pipeline's.

    Args:
        events_per_partition: How many events a partition should hold; one day may hold more.
        count: About how many partitions to make of all projects together, instead.
        failed: Gets the projects that could not be counted, and why; they have no partitions.
        progress: Whether to say what requests wait for.
        settings: Arguments of ``openpanel()``; those left out come from dlt's configuration.

    Returns:
        Partitions, newest first; none for projects without events.

    Raises:
        ConfigurationError: A setting is not allowed.
        OpenPanelError: The server cannot be asked, or no project.
    """
    for name, value in (("events_per_partition", events_per_partition), ("count", count)):
        if value is not None and (isinstance(value, bool) or value < 1):
            raise InvalidSettingError(f"{name} must be a whole number above 0, not {value!r}.")
    with operation(settings) as (client, checked), telling_waits(client, is_shown=progress):
        cutter = _Cutter(reader_of(client, checked), checked)
        found = cutter.plan(events_per_partition, count)
    if failed is not None:
        failed.update(cutter.failed)
    return sorted(found, key=lambda one: one.end, reverse=True)


class _Cutter:
    def __init__(self, reader: DayReader, settings: Settings) -> None:
        self._reader = reader
        self._start = settings.start or EARLIEST
        self._end = settings.end or settings.now().date() - DAY
        self._projects = settings.project_ids
        self._query = _given(settings.query)
        self.failed = FailedProjects()

    def plan(self, events_per_partition: int, count: int | None) -> list[Partition]:
        totals = {}
        for project in self._projects:
            with self.failed.alone(project):
                totals[project] = self._total(project)
        if count is not None:
            events_per_partition = max(math.ceil(sum(totals.values()) / count), 1)
        found: list[Partition] = []
        for project, total in totals.items():
            with self.failed.alone(project):
                wanted = math.ceil(total / events_per_partition)
                found += self._partitions(project, total, wanted) if total else []
        self.failed.left_of(self._projects)
        return found

    def _total(self, project: str) -> int:
        if self._start > self._end:
            return 0
        return self._reader.count(project, self._start, self._end)

    def _partitions(self, project: str, total: int, into: int) -> list[Partition]:
        count = partial(self._reader.count, project)
        adds_up = self._reader.adds_up
        first = first_day_with_events(count, self._start, self._end, adds_up=adds_up) or self._start
        return [
            Partition(project, *part, self._query)
            for part in cut(count, first, self._end, total, into)
        ]


def _given(query: EventQuery) -> dict[str, Any]:
    """The settings that a query was made of, as JSON values."""
    settings = {
        "events": list(query.events),
        "filters": [one.definition() for one in query.filters],
        "profile_id": query.profile_id,
    }
    return {name: value for name, value in settings.items() if value}
