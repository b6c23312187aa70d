"""Compare server, ledger and destination day by day, and read again what differs."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

import dlt

from openpanel_source.api.client import Client
from openpanel_source.api.failed_projects import FailedProjects
from openpanel_source.days.ledger import DayRecord, Ledger, Reason
from openpanel_source.days.planned_days import PlannedDay
from openpanel_source.days.project_plan import Planner
from openpanel_source.days.reader import DayReader
from openpanel_source.destinations.warehouse import ProjectDay, count_events
from openpanel_source.model.plain import plain
from openpanel_source.operations.adopt import recorded_elsewhere
from openpanel_source.operations.preamble import BUSY_TIMEOUT, looking_alone, operation
from openpanel_source.operations.progress.display import OnProgress
from openpanel_source.operations.progress.telling import telling
from openpanel_source.operations.restore import differing_days
from openpanel_source.operations.runs.summary import SyncSummary
from openpanel_source.operations.stop import Halt
from openpanel_source.operations.sync import sync
from openpanel_source.operations.values.choose_days import ValueAudit
from openpanel_source.operations.values.compare_days import ValueAuditor
from openpanel_source.operations.values.report import ValueDifference, ValueReport
from openpanel_source.source.ledger_storage import ledger_of
from openpanel_source.source.load_package import reader_of
from openpanel_source.source.orders import Progress
from openpanel_source.source.settings.checked import Settings
from openpanel_source.source.source import complete

_EVERY_DAY = 1_000_000
"""A look-back that no history exceeds."""
_PROBLEMS = {
    Reason.NEW: "not read yet",
    Reason.OPEN: "open and changed since it was read",
    Reason.RECOUNT: "changed upstream, or not proven when read",
    Reason.CHANGED: "changed upstream",
}


@dataclass(frozen=True)
class Difference:
    """A day on which server, ledger and destination do not agree.

    Attributes:
        project_id: The project.
        day: The UTC day.
        problem: What is wrong, in words.
        ledger: Rows the server counted when the day was read; None if it never was.
        loaded: Rows loaded then.
        held: Rows the destination holds now.
        is_damage: Whether a day that was read and over is not what it should be.
    """

    project_id: str
    day: date
    problem: str
    ledger: int | None
    loaded: int | None
    held: int
    is_damage: bool


@dataclass
class AuditReport:
    """What an audit found.

    Attributes:
        days: Days in the ledger.
        differences: Where server, ledger and destination do not agree, newest day first.
        requests: Requests sent to find out.
        seconds: Wall time.
        repair: The sync that read the differing days again, if one was asked for.
        stopped: Whether it was asked to stop before it knew all, or had repaired all.
        failed_projects: Why projects could not be counted, by id; the others were.
        values: What comparing values found, if it was asked for; after a repair, what still is.
    """

    days: int = 0
    differences: list[Difference] = field(default_factory=list)
    requests: int = 0
    seconds: float = 0.0
    repair: SyncSummary | None = None
    stopped: bool = False
    failed_projects: dict[str, str] = field(default_factory=dict)
    values: ValueReport | None = None

    @property
    def exit_code(self) -> int:
        """0 if what was read is still right, or was repaired; 1 if a project failed; else 3."""
        if self.stopped:
            return 3
        if self.failed_projects:
            return 1
        if self.values is not None and not self.values.is_equal:
            return 3
        if self.repair is not None:
            return self.repair.exit_code
        return 3 if any(item.is_damage for item in self.differences) else 0

    def as_dict(self) -> dict[str, Any]:
        """The report as JSON values."""
        seconds = round(self.seconds, 3)
        return {**plain(vars(self)), "seconds": seconds, "verified": self.exit_code == 0}


def audit(
    pipeline: dlt.Pipeline,
    *,
    deep: bool = False,
    repair: bool = False,
    values: ValueAudit | None = None,
    progress: bool | OnProgress = False,
    on_difference: Callable[[ValueDifference], None] | None = None,
    busy_timeout: float = BUSY_TIMEOUT,
    stop: threading.Event | None = None,
    **settings: Any,
) -> AuditReport:
    """Count the server and the destination against the ledger, and compare values if asked to.

    Args:
        pipeline: A pipeline with its destination.
        deep: Count every day alone, which also finds changes that cancel out between days.
        repair: Read the days that differ again and replace them.
        values: Of which days to compare every value with the server's, too.
        progress: As for ``sync``, of the values compared.
        on_difference: Given every value that differs, in the end.
        busy_timeout: Seconds to wait for a DuckDB file that another process holds.
        stop: Once set, counting is abandoned after 2 seconds, and a repair ends as a sync does.
        settings: Arguments of ``openpanel()``; those left out come from dlt's configuration.

    Returns:
        What differs.

    Raises:
        OpenPanelError: Server or destination cannot be asked, or no project.
    """
    started = time.monotonic()
    report = AuditReport(stopped=True)
    halt = Halt(stop=stop)
    sink = on_difference or (lambda _: None)
    # What is repaired is no difference in the end.
    first_sink = (lambda _: None) if repair else sink
    reached = [Progress(None, None, 0, None, 0, None)]
    with (
        halt.ending(),
        operation(settings, halt, busy_timeout) as (client, checked),
        telling(progress, lambda: replace(reached[-1], awaited=client.awaited)),
    ):
        lookback = _EVERY_DAY if deep else checked.lookback_days
        counted = replace(checked, lookback_days=lookback)
        _compare_all(report, pipeline, client, counted, busy_timeout)
        if values is not None:
            auditor = ValueAuditor(pipeline, client, checked, complete(**settings), busy_timeout)
            report.values = auditor.compare(values, halt, first_sink, reached.append)
            auditor.keep_proofs()
        report.stopped = halt.is_asked
        report.requests = client.requests_sent
    if repair and not report.stopped:
        differing = report.values.differing if report.values else []
        reread = frozenset(
            [*((item.project_id, item.day) for item in report.differences), *differing]
        )
        report.repair = sync(
            pipeline,
            reread=reread,
            progress=progress,
            busy_timeout=busy_timeout,
            stop=stop,
            **settings,
        )
        report.stopped = report.repair.stopped
        if report.values and differing and not report.stopped:
            report.stopped = True
            with halt.ending(), operation(settings, halt, busy_timeout) as (client, checked):
                given = complete(**settings)
                again = ValueAuditor(pipeline, client, checked, given, busy_timeout)
                report.values.left = again.compare_days(differing, halt, sink)
                again.keep_proofs()
                report.stopped = halt.is_asked
    report.seconds = time.monotonic() - started
    return report


def _compare_all(
    report: AuditReport,
    pipeline: dlt.Pipeline,
    client: Client,
    settings: Settings,
    busy_timeout: float,
) -> None:
    # What the destination says at one moment: its ledger, and the rows of each day.
    with looking_alone(pipeline, busy_timeout) as there:
        ledger = ledger_of(there, settings.query.fingerprint)
        for record in recorded_elsewhere(there, settings, ledger).adoptable:
            ledger.record(record)
        held = count_events(there)
    reader = reader_of(client, settings, known=ledger.server)
    failed = FailedProjects()
    for project in settings.project_ids:
        with failed.alone(project):
            _compare(report, project, settings, reader, ledger, held)
    failed.left_of(settings.project_ids)
    report.failed_projects = failed.reasons()


def _compare(
    report: AuditReport,
    project: str,
    settings: Settings,
    reader: DayReader,
    ledger: Ledger,
    held: dict[ProjectDay, int],
) -> None:
    planner = Planner(settings, reader, ledger, settle=lambda record: None)
    known = ledger.days(project)
    report.days += len(known)
    planned = {item.day: item for item in planner.plan(project)}
    differing = differing_days(known, held, project, settings)
    for day in sorted(planned.keys() | differing.keys(), reverse=True):
        rows = held.get((project, day), 0)
        report.differences.append(
            _difference((project, day), planned.get(day), known.get(day), rows)
        )


def _difference(
    project_day: tuple[str, date], planned: PlannedDay | None, record: DayRecord | None, held: int
) -> Difference:
    problems = [] if planned is None else [_PROBLEMS.get(planned.reason, "asked for")]
    if planned and record and planned.counted == record.shrunk_to is not None:
        problems = [f"shrunk upstream to {planned.counted:,} rows; the rows loaded are kept"]
    loaded = None if record is None else record.distinct_ids
    if record is None and held:
        problems.append("held without a record of it")
    elif loaded is not None and held != loaded:
        problems.append("changed in the destination")
    pending = planned is not None and planned.reason in (Reason.NEW, Reason.OPEN)
    return Difference(
        project_id=project_day[0],
        day=project_day[1],
        problem="; ".join(problems),
        ledger=None if record is None else record.total_count,
        loaded=loaded,
        held=held,
        is_damage=not pending or (loaded is not None and held != loaded),
    )
