"""One bounded run over the days of the plan: read, decide what replaces what, record."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import islice
from typing import Protocol, TypeVar

import msgspec
import pyarrow as pa

from openpanel_source.attempt import DayReading
from openpanel_source.buffer import TableBuffer
from openpanel_source.chart_report import ChartsReport
from openpanel_source.client import Client
from openpanel_source.dimensions import Dimension
from openpanel_source.errors import OpenPanelError
from openpanel_source.ledger import DayRecord, Ledger, Reason
from openpanel_source.plan import PlannedDay, split_empty
from openpanel_source.planner import Planner
from openpanel_source.read import DayReader
from openpanel_source.schema import EVENTS
from openpanel_source.scope import Replaced
from openpanel_source.settings import Settings
from openpanel_source.verdict import Verdict

logger = logging.getLogger(__name__)

_DAYS_WORTH_AN_ESTIMATE = 30
"""So many days take long enough that one more request, to tell how long, does not matter."""


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

    @property
    def requests(self) -> int:
        """Requests sent."""
        return self.client.requests_sent if self.client else 0


class Run:
    """Reads what the plan asks for, up to the limits of a run.

    Args:
        settings: What to read; ``start`` and ``end`` bound the days.
        reader: Reads and counts.
        ledger: What earlier runs read; gets this run's records.
        report: Filled as the run goes.
    """

    def __init__(
        self, settings: Settings, reader: DayReader, ledger: Ledger, report: RunReport
    ) -> None:
        self._settings = settings
        self._reader = reader
        self._ledger = ledger
        self._report = report
        self._today = settings.now().date()
        self._planner = Planner(
            settings,
            reader,
            ledger,
            already=report.already,
            wanted=report.wanted,
            settle=self._settle,
        )
        self.replaced: list[Replaced] = []
        """What makes way in the destination for what was read."""
        self.had_rejected: list[Replaced] = []
        """Those of them that have or had rows in ``rejected_events``."""
        self.newest: datetime | None = None
        """The newest ``created_at`` read, UTC."""

    def readings(self) -> Iterator[DayReading]:
        """Read days until a limit is reached, nothing is left, or a request fails for good.

        Yields:
            Days whose rows are to be loaded; their records are in the ledger.

        Raises:
            OpenPanelError: The first request that matters failed: nothing was read.
        """
        limits = self._settings.limits
        self._adopt()
        try:
            planned = islice(self._planned(), limits.max_days_per_run)
            for reading in self._reader.read_days(planned, limits.max_events_per_run):
                self._report.days_left -= 1
                if self._take(reading):
                    yield reading
                self._report.on_day(self._report)
                self._report.stopped = self._report.should_stop()
                if self._report.stopped or self._report.events_loaded >= limits.max_events_per_run:
                    return
        except OpenPanelError as error:
            if not self._report.records:
                raise
            # The days read so far are whole: they are committed before the error is raised.
            self._report.failure = error
            logger.error("the run ends early, what was read is kept: %s", error)

    def _take(self, reading: DayReading) -> bool:
        """Record a reading; False if it must not touch the destination."""
        record = reading.record
        before = self._ledger.get(record.project_id, record.day)
        if not record.verdict.is_proof and before is not None:
            # What the destination holds of the day may be more than this reading brought.
            self._ledger.record(msgspec.structs.replace(before, verdict=record.verdict))
            self._report.records.append(_with_rows_of(before, record))
            self._report.refused.add((record.project_id, record.day))
            return False
        self._report.records.append(record)
        self._ledger.record(record)
        self._report.events_loaded += reading.tables.num_rows
        self.replaced.append(Replaced(record.project_id, record.day, reading.after))
        if reading.after is None and (reading.rejected or (before and before.rejected_rows)):
            self.had_rejected.append(Replaced(record.project_id, record.day))
        self._advance(record)
        return True

    def _advance(self, record: DayRecord) -> None:
        newest = record.newest_at
        if newest is not None and (self.newest is None or newest > self.newest):
            self.newest = newest

    def _adopt(self) -> None:
        for record in self._report.adoptable:
            if self._ledger.get(record.project_id, record.day) is None:
                adopted = self._again(record, Reason.ADOPTED, requests=0)
                self._ledger.record(adopted)
                self._report.adopted.append(adopted)
                self._advance(adopted)

    def _planned(self) -> Iterator[PlannedDay]:
        projects = [self._planner.plan(project) for project in self._settings.project_ids]
        self._report.unchanged = frozenset(self._planner.unchanged)
        self._report.days_left = sum(len(days) for days in projects)
        self._report.events_expected = sum(map(self._expected, projects))
        stretches = [
            split_empty(self._counter(days[0].project_id), days) for days in projects if days
        ]
        # Projects take turns, so that the newest days of each come first.
        for filled, empty in _in_turns(stretches):
            for item in empty:
                self._record_empty(item)
            yield from filled

    def _expected(self, days: list[PlannedDay]) -> int:
        if len(days) < _DAYS_WORTH_AN_ESTIMATE:
            return 0
        return self._reader.count(days[0].project_id, days[-1].day, days[0].day)

    def _settle(self, record: DayRecord) -> None:
        settled = self._again(record, Reason.OPEN, requests=1)
        self._ledger.record(settled)
        self._report.settled.append(settled)

    def _again(self, record: DayRecord, reason: Reason, requests: int) -> DayRecord:
        """A day that is over and complete, and was not read again."""
        return msgspec.structs.replace(
            record,
            verdict=Verdict.COMPLETE,
            reason=reason,
            load_id=self._reader.load_id,
            requests=requests,
            rereads=0,
            read_at=self._settings.now(),
        )

    def _record_empty(self, item: PlannedDay) -> None:
        verdict = Verdict.OPEN if item.day >= self._today else Verdict.COMPLETE
        record = DayRecord(
            project_id=item.project_id,
            query_fingerprint=self._settings.query.fingerprint,
            day=item.day,
            load_id=self._reader.load_id,
            verdict=verdict,
            reason=item.reason,
            total_count=0,
            rows_received=0,
            distinct_ids=0,
            rejected_rows=0,
            pages=0,
            requests=0,
            rereads=0,
            read_at=self._settings.now(),
        )
        self._take(DayReading(record, TableBuffer(), []))
        self._report.days_left -= 1

    def _counter(self, project: str) -> Callable[[date, date], int]:
        return lambda first, last: self._reader.count(project, first, last)


def _with_rows_of(before: DayRecord, record: DayRecord) -> DayRecord:
    """The record of a reading whose rows are not loaded: the destination keeps those of before."""
    return msgspec.structs.replace(
        record,
        distinct_ids=before.distinct_ids,
        rejected_rows=before.rejected_rows,
        erased_rows=before.erased_rows,
        group_rows=before.group_rows,
    )


_T = TypeVar("_T")


def _in_turns(iterators: list[Iterator[_T]]) -> Iterator[_T]:
    waiting = deque(iterators)
    while waiting:
        iterator = waiting.popleft()
        for item in islice(iterator, 1):
            yield item
            waiting.append(iterator)
