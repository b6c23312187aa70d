"""What a run is told, and what it tells of days and charts, meanwhile and afterwards."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Protocol

import pyarrow as pa

from openpanel_source.api.client import Client
from openpanel_source.api.failed_projects import FailedProjects
from openpanel_source.days.ledger import DayRecord
from openpanel_source.days.safety_catch import SafetyCatch
from openpanel_source.errors import OpenPanelError
from openpanel_source.model.schema import EVENTS
from openpanel_source.rows.dimensions import Dimension
from openpanel_source.source.settings import Settings


@dataclass
class ChartsReport:
    """What a run did with charts, and what whoever started it has to say.

    Attributes:
        skip: Leave charts out of this run, because the sync has read them.
        read: Names of charts that were read, for all projects.
        failures: Errors of charts that could not be read, by name; with several projects, the
            project stands behind it. What was read before is kept.
        points: Rows written to ``chart_points``.
    """

    skip: bool = False
    read: list[str] = field(default_factory=list)
    failures: dict[str, OpenPanelError] = field(default_factory=dict)
    points: int = 0


class HoldsNone(Protocol):
    """Whether the destination surely holds no row of a condition in a table."""

    def __call__(self, condition: str, table: str = ...) -> bool:
        """Ask it."""


@dataclass
class RunReport:
    """What a run did, and what whoever started it has to say meanwhile.

    Attributes:
        already: Projects and days to leave out, because this sync has read or counted them.
        wanted: Projects and days to read whatever the counts say.
        adoptable: Days that other pipelines have loaded, for the ledger to take over.
        should_stop: Asked after each day; true ends the run.
        holds_none: Asked, before a package ends, whether the destination surely holds no row of a
            condition, in ``events`` or in a table named; then its rows are appended, which costs
            half of a merge.
        holds_groups: Asked by a pipeline that is new, whether the destination has ``event_groups``.
        held: Asked, before a package ends, for keys and versions of rows of a dimension that were
            read since an instant.
        on_day: Called after each day.
        records: Days read, or counted and found empty, newest first.
        refused: Those of them whose rows are not loaded, as they prove nothing and the destination
            holds what an earlier reading brought.
        settled: Days that were open when read, are over, and hold what they held.
        adopted: Days taken over.
        unchanged: Open days, by project, that were counted and hold what the ledger says.
        days_left: Days that a further run has to read.
        events_expected: Rows the server counts in the days planned, as an estimate.
        events_loaded: Rows for the table ``events``.
        appends: Whether the package's events are appended.
        heavy_bytes: Bytes of the package's events beyond some kilobytes each.
        stopped: Whether ``should_stop`` ended the run.
        failure: The error that ended the run early, if one did.
        client: What makes the requests, once the source is configured.
        settings: What is read, once the source is configured.
        charts: What became of the charts.
        failed_projects: Projects that could not be read, and why; those of earlier runs of a sync
            are left out from the start.
        catches: Of each project, what may still be deleted in this sync.
    """

    already: frozenset[tuple[str, date]] = frozenset()
    wanted: frozenset[tuple[str, date]] = frozenset()
    adoptable: Sequence[DayRecord] = ()
    should_stop: Callable[[], bool] = lambda: False
    holds_none: HoldsNone = lambda condition, table=EVENTS.name: False
    holds_groups: Callable[[], bool] = lambda: False
    held: Callable[[Dimension, datetime], pa.Table | None] = lambda dimension, since: None
    on_day: Callable[[RunReport], None] = lambda report: None
    records: list[DayRecord] = field(default_factory=list)
    refused: set[tuple[str, date]] = field(default_factory=set)
    settled: list[DayRecord] = field(default_factory=list)
    adopted: list[DayRecord] = field(default_factory=list)
    unchanged: frozenset[tuple[str, date]] = frozenset()
    days_left: int = 0
    events_expected: int = 0
    events_loaded: int = 0
    appends: bool = False
    heavy_bytes: int = 0
    stopped: bool = False
    failure: OpenPanelError | None = None
    client: Client | None = None
    settings: Settings | None = None
    charts: ChartsReport = field(default_factory=ChartsReport)
    failed_projects: FailedProjects = field(default_factory=FailedProjects)
    catches: dict[str, SafetyCatch] = field(default_factory=dict)

    @property
    def requests(self) -> int:
        """Requests sent."""
        return self.client.requests_sent if self.client else 0
