"""What the warehouse holds and how far it is proven, asked of the warehouse alone."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from datetime import date, datetime
from typing import Any, NamedTuple

import dlt

from openpanel_source.api.generation import lists_parts
from openpanel_source.days.verdict import Verdict
from openpanel_source.destinations.warehouse import (
    count_events,
    day_of,
    instant_of,
    select,
)
from openpanel_source.model.clock import DAY, EARLIEST, parse_day, parse_start, utc_now
from openpanel_source.model.conditions import range_condition
from openpanel_source.model.day_ranges import ranges_without
from openpanel_source.model.plain import AsDict
from openpanel_source.model.schema import EVENTS, SYNC_DAYS
from openpanel_source.operations.preamble import looking
from openpanel_source.operations.scrub.proofs import Proof, proofs_of
from openpanel_source.operations.scrub.queue import (
    Outlook,
    ProvenDay,
    outlooks,
    proven_as_a_whole,
)
from openpanel_source.source.ledger_storage import projects_of, server_of
from openpanel_source.source.settings.configuration import configured_value
from openpanel_source.source.settings.declared import DEFAULTS

_IN_ORDER = "1 = 1 ORDER BY read_at, load_id"
"""Readings of a day, the last of which counts."""


@dataclass(frozen=True)
class DifferingDay:
    """A UTC day of which ``events`` does not hold as many rows as the ledger says.

    Attributes:
        day: The day.
        recorded: Rows that it held when the day was last read; 0 of a day that never was.
        held: Rows that it holds now.
    """

    day: date
    recorded: int
    held: int


@dataclass
class ProjectStatus(AsDict):
    """A project in the warehouse.

    Attributes:
        project_id: The project.
        events: Rows in ``events``.
        newest_event: Newest ``created_at``, UTC.
        last_read: When a day was last read, UTC.
        first_day: First day in the ledger; None of a project without events.
        last_day: Last day in the ledger.
        verdicts: How many days stand at each verdict, by their latest reading.
        unproven_days: Days that stand at neither complete nor open, newest first.
        open_days: Days that were not over when last read: the next sync counts them and reads
            those that have changed.
        rejected_rows: Rows that could not be shaped, by the latest reading of each day.
        asked_since: The first day that was ever asked for, if syncs had a start: one without reads
            the days before as well. None if all of history was asked for, or nothing was found.
        unread_days: Ranges of days, first and last, that were asked for or lie between such, and
            were never read, newest first.
        differing_days: Days of the configured range of which ``events`` holds other rows than were
            loaded, newest first: somebody changed them, or a load has not ended. The next sync
            reads them again.
        proofs: How old the proofs of settled days are, and when all will be newer; None of a
            project without such days.
    """

    project_id: str
    events: int = 0
    newest_event: datetime | None = None
    last_read: datetime | None = None
    first_day: date | None = None
    last_day: date | None = None
    verdicts: dict[str, int] = field(default_factory=dict)
    unproven_days: list[date] = field(default_factory=list)
    open_days: list[date] = field(default_factory=list)
    rejected_rows: int = 0
    asked_since: date | None = None
    unread_days: list[tuple[date, date]] = field(default_factory=list)
    differing_days: list[DifferingDay] = field(default_factory=list)
    proofs: Outlook | None = None

    @property
    def is_verified(self) -> bool:
        """Whether all days read are proven, as far as they were over, and hold what was loaded."""
        return not (self.unproven_days or self.differing_days)


def read_status(
    pipeline: dlt.Pipeline, *, scrub_requests: int | None = None, now: datetime | None = None
) -> list[ProjectStatus]:
    """The status of each project in the pipeline's destination.

    Args:
        pipeline: A pipeline with its destination.
        scrub_requests: As ``sync`` is given it; from dlt's configuration when left out.
        now: Act as if this were the current time, UTC.

    Returns:
        One entry a project, by id.

    Raises:
        OpenPanelError: The destination cannot be read, or nothing was loaded yet.
    """
    with looking(pipeline, SYNC_DAYS.name) as there:
        columns = ", ".join(("project_id", "day", *_Reading._fields))
        readings = list(select(there, SYNC_DAYS.name, columns, _IN_ORDER))
        columns = "project_id, max(created_at)"
        newest = dict(select(there, EVENTS.name, columns, "1 = 1 GROUP BY project_id"))
        counts = count_events(there)
        asked = projects_of(there)
        proofs = proofs_of(there)
        has_parts = lists_parts(server_of(there))
    latest: dict[str, dict[date, _Reading]] = defaultdict(dict)
    for project, day, *facts in readings:
        # Later readings overwrite earlier ones of the same day.
        latest[project][day_of(day)] = _Reading(*facts)
    held: dict[str, dict[date, int]] = defaultdict(dict)
    for (project, day), rows in counts.items():
        held[project][day] = rows
    now = now or utc_now()
    given = configured_value("scrub_requests") if scrub_requests is None else scrub_requests
    budget: Any = DEFAULTS["scrub_requests"] if given is None else given
    ahead = outlooks(_proven(latest, proofs), budget, now, has_parts=has_parts)
    # Days outside are left alone by a sync, as by who keeps the last year only.
    first = parse_start("start_date", configured_value("start_date"), now.date()) or date.min
    last = parse_day("end_date", configured_value("end_date")) or date.max
    projects = []
    for name in sorted({*latest, *held, *asked}):
        status = _status(name, latest[name], held[name])
        status.differing_days = [one for one in status.differing_days if first <= one.day <= last]
        status.newest_event = instant_of(newest.get(name))
        status.proofs = ahead.get(name)
        _add_unread(status, set(latest[name]), asked.get(name))
        projects.append(status)
    return projects


class _Reading(NamedTuple):
    """What the ledger says of a day."""

    verdict: str
    distinct_ids: int
    rejected_rows: int
    read_at: Any
    rows_received: int
    query_fingerprint: str


def _status(project: str, read: dict[date, _Reading], held: dict[date, int]) -> ProjectStatus:
    status = ProjectStatus(project, events=sum(held.values()))
    newest_first = sorted(read.items(), reverse=True)
    if read:
        status.first_day, status.last_day = min(read), max(read)
        instants = (instant_of(reading.read_at) for reading in read.values())
        status.last_read = max((one for one in instants if one), default=None)
    status.verdicts = dict(Counter(reading.verdict for reading in read.values()))
    status.rejected_rows = sum(reading.rejected_rows for reading in read.values())
    status.open_days = [day for day, reading in newest_first if reading.verdict == "open"]
    status.unproven_days = [
        day for day, reading in newest_first if reading.verdict not in ("complete", "open")
    ]
    recorded = {day: reading.distinct_ids for day, reading in read.items()}
    status.differing_days = [
        DifferingDay(day, recorded.get(day, 0), held.get(day, 0))
        for day in sorted(recorded.keys() | held.keys(), reverse=True)
        if recorded.get(day, 0) != held.get(day, 0)
    ]
    return status


def _proven(latest: dict[str, dict[date, _Reading]], proofs: list[Proof]) -> list[ProvenDay]:
    """Settled days with rows, and when each was last proven."""
    since = {
        query: proven_as_a_whole(one for one in proofs if one.query_fingerprint == query)
        for query in {one.query_fingerprint for one in proofs}
    }
    found = []
    for project, days in latest.items():
        for day, read in days.items():
            at = instant_of(read.read_at)
            if read.verdict == Verdict.COMPLETE.value and read.rows_received and at is not None:
                later = since.get(read.query_fingerprint, {}).get((project, day), at)
                found.append(ProvenDay(project, day, read.rows_received, max(at, later)))
    return found


def _add_unread(status: ProjectStatus, read: set[date], asked: tuple[date, date] | None) -> None:
    """Say which days were not read, though they were asked for or lie between such.

    Args:
        status: Of a project.
        read: Its days in the ledger.
        asked: Since which day all was asked for, and before which there was nothing.
    """
    if not read or status.last_read is None:
        return
    # Days to come are looked for by counts, and only those with events are read.
    first, last = min(read), min(max(read), status.last_read.date())
    since, begin = asked or (first, first)
    if since > EARLIEST:
        status.asked_since = min(since, first)
    empty_from = max(since, first)
    empty = {empty_from + n * DAY for n in range((begin - empty_from).days)}
    ranges = list(ranges_without(min(begin, first), last, read | empty))
    status.unread_days = ranges[::-1]


@dataclass(frozen=True)
class DayStatus(AsDict):
    """A UTC day of a project as it was last read.

    Attributes:
        project_id: The project.
        day: The day.
        verdict: What its latest reading proved: complete, open, shrunk, moving or short.
        total_count: Rows the server counted.
        rows_received: Rows that came.
        distinct_ids: Rows loaded: an event delivered twice is loaded once.
        rejected_rows: Rows that could not be shaped.
        read_at: When it was read, UTC.
    """

    project_id: str
    day: date
    verdict: str
    total_count: int
    rows_received: int
    distinct_ids: int
    rejected_rows: int
    read_at: datetime


def read_days(
    pipeline: dlt.Pipeline,
    *,
    project_id: str | Sequence[str] | None = None,
    start_date: str | date | None = None,
    end_date: str | date | None = None,
) -> list[DayStatus]:
    """What the ledger in the pipeline's destination says of each day.

    Args:
        pipeline: A pipeline with its destination.
        project_id: A project's id, or a list of ids; all when left out.
        start_date: First UTC day; all when left out.
        end_date: Last UTC day, inclusive.

    Returns:
        One entry a project and day, newest day first.

    Raises:
        OpenPanelError: The destination cannot be read, or nothing was loaded yet.
    """
    start = parse_day("start_date", start_date) or date.min
    end = parse_day("end_date", end_date) or date.max
    names = ", ".join(field.name for field in fields(DayStatus))
    wanted_days = range_condition("day", start, end)
    with looking(pipeline, SYNC_DAYS.name) as there:
        rows = list(select(there, SYNC_DAYS.name, names, f"{wanted_days} AND {_IN_ORDER}"))
    read = [_day_status(row) for row in rows]
    latest = {(day.project_id, day.day): day for day in read}
    wanted = [project_id] if isinstance(project_id, str) else project_id
    chosen = [day for day in latest.values() if wanted is None or day.project_id in wanted]
    return sorted(chosen, key=lambda item: (item.day, item.project_id), reverse=True)


def _day_status(row: Sequence[Any]) -> DayStatus:
    values = dict(zip((field.name for field in fields(DayStatus)), row, strict=True))
    return DayStatus(
        **values | {"day": day_of(values["day"]), "read_at": instant_of(values["read_at"])}
    )
