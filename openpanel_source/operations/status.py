"""What the warehouse holds and how far it is proven, asked of the warehouse alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from datetime import date, datetime
from typing import Any

import dlt

from openpanel_source.days.verdict import Verdict
from openpanel_source.destinations.warehouse import day_of, instant_of, select
from openpanel_source.model.clock import parse_day, utc_now
from openpanel_source.model.conditions import range_condition
from openpanel_source.model.plain import plain
from openpanel_source.model.schema import EVENTS, SYNC_DAYS
from openpanel_source.operations.preamble import looking
from openpanel_source.operations.scrub.proofs import Proof, proofs_of_any
from openpanel_source.operations.scrub.queue import (
    Outlook,
    ProvenDay,
    outlooks,
    proven_as_a_whole,
)
from openpanel_source.source.arguments import DEFAULTS
from openpanel_source.source.configuration import configured_value
from openpanel_source.source.ledger_storage import projects_of

_IN_ORDER = "1 = 1 ORDER BY read_at, load_id"
"""Readings of a day, the last of which counts."""


@dataclass
class ProjectStatus:
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
    proofs: Outlook | None = None

    def as_dict(self) -> dict[str, Any]:
        """The status as JSON values; times as ISO text, UTC."""
        return dict(plain(vars(self)))


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
        columns = (
            "project_id, day, verdict, rejected_rows, read_at, rows_received, query_fingerprint"
        )
        days = list(select(there, SYNC_DAYS.name, columns, _IN_ORDER))
        columns = "project_id, count(*), max(created_at)"
        totals = list(select(there, EVENTS.name, columns, "1 = 1 GROUP BY project_id"))
        empty = {name: ProjectStatus(name) for name in projects_of(there)}
        proofs = proofs_of_any(there)
    found = empty | {status.project_id: status for status in _summarize(days, totals)}
    given = configured_value("scrub_requests") if scrub_requests is None else scrub_requests
    budget: Any = DEFAULTS["scrub_requests"] if given is None else given
    for name, ahead in outlooks(_proven(days, proofs), budget, now or utc_now()).items():
        found[name].proofs = ahead
    return sorted(found.values(), key=lambda status: status.project_id)


@dataclass(frozen=True)
class DayStatus:
    """A UTC day of a project as it was last read.

    Attributes:
        project_id: The project.
        day: The day.
        verdict: What its latest reading proved: complete, open, moving or short.
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

    def as_dict(self) -> dict[str, Any]:
        """The day as JSON values; times as ISO text, UTC."""
        return dict(plain(vars(self)))


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


def _proven(days: list[Any], proofs: list[Proof]) -> list[ProvenDay]:
    """Settled days with rows, and when each was last proven."""
    latest = {(project, day_of(day)): rest for project, day, *rest in days}
    queries = {one.query_fingerprint for one in proofs}
    proven = {
        name: proven_as_a_whole(one for one in proofs if one.query_fingerprint == name)
        for name in queries
    }
    found = []
    for (project, day), (verdict, _, read_at, rows, fingerprint) in latest.items():
        at = instant_of(read_at)
        if verdict == Verdict.COMPLETE.value and rows and at is not None:
            since = proven.get(fingerprint, {}).get((project, day), at)
            found.append(ProvenDay(project, day, rows, max(at, since)))
    return found


def _summarize(days: list[Any], totals: list[Any]) -> list[ProjectStatus]:
    # Later readings overwrite earlier ones of the same day.
    latest = {
        (project, day_of(day)): (verdict, rejected) for project, day, verdict, rejected, *_ in days
    }
    projects: dict[str, ProjectStatus] = {}
    for project, _, _, _, read_at, *_ in days:
        status = projects.setdefault(project, ProjectStatus(project))
        read = instant_of(read_at)
        if read is not None:
            status.last_read = max(read, status.last_read or read)
    for project, status in projects.items():
        own = {day: fact for (owner, day), fact in latest.items() if owner == project}
        status.first_day, status.last_day = min(own), max(own)
        status.verdicts = dict(Counter(verdict for verdict, _ in own.values()))
        status.rejected_rows = sum(rejected for _, rejected in own.values())
        newest_first = sorted(own.items(), reverse=True)
        status.open_days = [day for day, (verdict, _) in newest_first if verdict == "open"]
        status.unproven_days = [
            day for day, (verdict, _) in newest_first if verdict not in ("complete", "open")
        ]
    for project, count, newest in totals:
        status = projects.setdefault(project, ProjectStatus(project))
        status.events, status.newest_event = count, instant_of(newest)
    return list(projects.values())
