"""What a run is told by whoever starts it, and what it gives back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime

from openpanel_source.days.backlog import Backlog
from openpanel_source.days.ledger import DayRecord, Ledger
from openpanel_source.destinations.holdings import Holdings
from openpanel_source.destinations.warehouse import ProjectDay
from openpanel_source.errors import OpenPanelError
from openpanel_source.lists.verdict import ListResult
from openpanel_source.model.conditions import Replaced
from openpanel_source.wire.awaited import Awaited


@dataclass(frozen=True)
class Progress:
    """How far a sync is, over all its projects and runs.

    Attributes:
        project_id: The project that is being read, or was read last; None before any.
        day: The UTC day of it.
        events_read: Rows that have come so far, those of days that are not read to their end too.
        events_expected: These and the rows to come, as the server counts them; None where that is
            not known.
        days_read: Days of projects so far.
        days_left: Those to come; None as long as they are not planned.
        record: What was found of the day; None while it is being read.
        awaited: What requests wait for, as the rate limit; None while none waits.
    """

    project_id: str | None
    day: date | None
    events_read: int
    events_expected: int | None
    days_read: int
    days_left: int | None
    record: DayRecord | None = None
    awaited: Awaited | None = None


def progress_of(
    backlog: Backlog, record: DayRecord | None = None, awaited: Awaited | None = None
) -> Progress:
    """How far a sync is, after a day or at any moment.

    Args:
        backlog: Of the sync.
        record: The day that was just read.
        awaited: What requests wait for.
    """
    meter = backlog.meter
    project, day = (record.project_id, record.day) if record else meter.day or (None, None)
    return Progress(
        project_id=project,
        day=day,
        events_read=meter.rows,
        events_expected=meter.expected(backlog.failed),
        days_read=backlog.days_done,
        days_left=max(backlog.days_left, 0) if backlog.is_planned else None,
        record=record,
        awaited=awaited,
    )


@dataclass
class Results:
    """What became of the days of a run.

    Attributes:
        records: Days read, or counted and found empty or held back, newest first.
        refused: Those of them whose rows are not loaded: they prove nothing, or too much would be
            lost, and the destination keeps what an earlier reading brought.
        settled: Days that were open when read, are over, and hold what they held.
        adopted: Days taken over from other pipelines.
        replaced: What makes way in the destination for what was read.
        had_rejected: Those of them that have or had rows in ``rejected_events``.
        newest: The newest ``created_at`` read, UTC.
        events_loaded: Rows for the table ``events``.
        appends: Whether these are appended, as nothing makes way.
        heavy_bytes: Bytes of them beyond some kilobytes each.
        stopped: Whether it was to stop.
        failure: The error that ended it early, if one did; what came before is whole.
    """

    records: list[DayRecord] = field(default_factory=list)
    refused: set[ProjectDay] = field(default_factory=set)
    settled: list[DayRecord] = field(default_factory=list)
    adopted: list[DayRecord] = field(default_factory=list)
    replaced: list[Replaced] = field(default_factory=list)
    had_rejected: list[Replaced] = field(default_factory=list)
    newest: datetime | None = None
    events_loaded: int = 0
    appends: bool = False
    heavy_bytes: int = 0
    stopped: bool = False
    failure: OpenPanelError | None = None

    def advance(self, record: DayRecord) -> None:
        """Note how new the newest event of a day is."""
        newest = record.newest_at
        if newest is not None and (self.newest is None or newest > self.newest):
            self.newest = newest

    def hold_back(self, record: DayRecord, ledger: Ledger) -> None:
        """Note a day that would lose too many rows and keeps them."""
        ledger.record(record)
        self.records.append(record)
        self.refused.add((record.project_id, record.day))

    def of_ledger(self) -> list[DayRecord]:
        """All records that go into the ledger."""
        return self.records + self.settled + self.adopted


@dataclass(frozen=True)
class ChartResult:
    """What became of a chart of a project.

    Attributes:
        name: The chart's; with several projects, the project stands behind it.
        points: Rows written to ``chart_points``.
        failure: Why it could not be read further; what was read before is kept.
    """

    name: str
    points: int
    failure: OpenPanelError | None


def _nothing(_: object) -> None:
    pass


@dataclass(frozen=True)
class Orders:
    """What whoever starts a run has to say; a plain ``pipeline.run`` says nothing.

    Attributes:
        holdings: What the destination holds.
        reread: Projects and days to read, and as a whole, whatever the counts say.
        adoptable: Days that other pipelines have loaded, for the ledger to take over; those of
            another query as left by it.
        with_charts: Whether charts are read.
        with_lists: Whether what the dashboard lists is read.
        begins_early: Whether the first run is to commit the newest days before all is planned.
        should_stop: Asked after each day; true ends the run, and the sync.
        should_commit: The same; further runs follow.
        on_day: Called after each day.
        on_end: Called when all that was read has been given to dlt.
        on_chart: Called after each chart of a project.
        on_list: Called after each list of a project.
    """

    holdings: Holdings = field(default_factory=Holdings)
    reread: frozenset[ProjectDay] = frozenset()
    adoptable: tuple[DayRecord, ...] = ()
    with_charts: bool = True
    with_lists: bool = True
    begins_early: bool = False
    should_stop: Callable[[], bool] = lambda: False
    should_commit: Callable[[], bool] = lambda: False
    on_day: Callable[[Progress], None] = _nothing
    on_end: Callable[[Results], None] = _nothing
    on_chart: Callable[[ChartResult], None] = _nothing
    on_list: Callable[[ListResult], None] = _nothing
