"""Plan a backfill as pieces that workers load side by side."""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from openpanel_source.clock import DAY, EARLIEST, parse_day
from openpanel_source.cut import cut
from openpanel_source.destination import destination_errors
from openpanel_source.errors import InvalidSettingError, OpenPanelError
from openpanel_source.events_resource import reader_of
from openpanel_source.failed_projects import FailedProjects
from openpanel_source.plan import first_day_with_events
from openpanel_source.query import EventQuery
from openpanel_source.read import DayReader
from openpanel_source.settings import Settings
from openpanel_source.source import configured

EVENTS_PER_PIECE = 500_000


@dataclass(frozen=True)
class Partition:
    """A piece of a backfill: whole UTC days of a project.

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
        """What ``sync()`` is given to load it; charts are left to the nightly pipeline."""
        return {
            "project_id": self.project_id,
            "start_date": self.start.isoformat(),
            "end_date": self.end.isoformat(),
            "charts": [],
            **self.query,
        }

    def as_dict(self) -> dict[str, Any]:
        """The piece as JSON values, days as ``YYYY-MM-DD``; ``from_dict`` takes them."""
        return {
            "name": self.name,
            "project_id": self.project_id,
            "start": self.start.isoformat(),
            "end": self.end.isoformat(),
            "events": self.events,
            "query": dict(self.query),
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Partition:
        """The piece that ``as_dict`` wrote down.

        Raises:
            InvalidSettingError: A value is missing or not of its kind.
        """
        try:
            start, end = (parse_day(name, values[name]) for name in ("start", "end"))
            project, events = str(values["project_id"]), int(values["events"])
            query = dict(values["query"])
        except (KeyError, TypeError, ValueError) as error:
            raise InvalidSettingError(f"{values!r} is not a piece ({error!r}).") from None
        if start is None or end is None:
            raise InvalidSettingError(f"{values!r} is not a piece: it has no days.")
        return cls(project, start, end, events, query)


def partitions(
    *,
    events_per_piece: int = EVENTS_PER_PIECE,
    pieces: int | None = None,
    failed: dict[str, OpenPanelError] | None = None,
    **settings: Any,
) -> list[Partition]:
    """Cut the history of projects into pieces of about equal size, by the server's counts.

    The days before the first event are left out. So is, without ``end_date``, what is not over:
    today and the future are the nightly pipeline's.

    Args:
        events_per_piece: How many events a piece should hold; one day may hold more.
        pieces: About how many pieces to make of all projects together, instead.
        failed: Gets the projects that could not be counted, and why; they have no pieces.
        settings: Arguments of ``openpanel()``; those left out come from dlt's configuration.

    Returns:
        Pieces, newest first; none for projects without events.

    Raises:
        ConfigurationError: A setting is not allowed.
        OpenPanelError: The server cannot be asked, or no project.
    """
    for name, value in (("events_per_piece", events_per_piece), ("pieces", pieces)):
        if value is not None and (isinstance(value, bool) or value < 1):
            raise InvalidSettingError(f"{name} must be a whole number above 0, not {value!r}.")
    with destination_errors():
        client, checked = configured(**settings)
        with client:
            planner = _Planner(reader_of(client, checked), checked)
            found = planner.plan(events_per_piece, pieces)
    if failed is not None:
        failed.update(planner.failed)
    return sorted(found, key=lambda piece: piece.end, reverse=True)


class _Planner:
    def __init__(self, reader: DayReader, settings: Settings) -> None:
        self._reader = reader
        self._start = settings.start or EARLIEST
        self._end = settings.end or settings.now().date() - DAY
        self._projects = settings.project_ids
        self._query = _given(settings.query)
        self.failed = FailedProjects()

    def plan(self, events_per_piece: int, pieces: int | None) -> list[Partition]:
        totals = {}
        for project in self._projects:
            with self.failed.alone(project):
                totals[project] = self._total(project)
        if pieces is not None:
            events_per_piece = max(math.ceil(sum(totals.values()) / pieces), 1)
        found: list[Partition] = []
        for project, total in totals.items():
            with self.failed.alone(project):
                wanted = math.ceil(total / events_per_piece)
                found += self._pieces(project, total, wanted) if total else []
        self.failed.left_of(self._projects)
        return found

    def _total(self, project: str) -> int:
        if self._start > self._end:
            return 0
        return self._reader.count(project, self._start, self._end)

    def _pieces(self, project: str, total: int, pieces: int) -> list[Partition]:
        def count(first: date, last: date) -> int:
            return self._reader.count(project, first, last)

        adds_up = self._reader.adds_up
        first = first_day_with_events(count, self._start, self._end, adds_up=adds_up) or self._start
        return [
            Partition(project, *stretch, self._query)
            for stretch in cut(count, first, self._end, total, pieces)
        ]


def _given(query: EventQuery) -> dict[str, Any]:
    """The settings that a query was made of, as JSON values."""
    settings = {
        "events": list(query.events),
        "filters": [one.to_api() for one in query.filters],
        "profile_id": query.profile_id,
    }
    return {name: value for name, value in settings.items() if value}
