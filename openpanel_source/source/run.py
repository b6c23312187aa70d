"""One bounded run over the days of a sync: read, decide what replaces what, record."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass, field

import msgspec

from openpanel_source.days.attempt import DayReading
from openpanel_source.days.backlog import Backlog
from openpanel_source.days.cross_check import cross_check
from openpanel_source.days.day_records import Stamp, shrunk, with_rows_of, without_events
from openpanel_source.days.ledger import Ledger
from openpanel_source.days.reader import DayReader
from openpanel_source.errors import (
    ContradictoryCountsError,
    DaysMisunderstoodError,
    OpenPanelError,
    RequestAbortedError,
)
from openpanel_source.model.clock import DAY, EARLIEST, LATEST
from openpanel_source.model.conditions import Replaced
from openpanel_source.rows.spill import SpilledTables
from openpanel_source.source.orders import Orders, Results, progress_of
from openpanel_source.source.settings.checked import Settings
from openpanel_source.source.sync_plan import Planning

logger = logging.getLogger(__name__)

_DISTRUSTED = (ContradictoryCountsError, DaysMisunderstoodError)
"""After these nothing of a run is kept: what came before is as doubtful."""


@dataclass(eq=False)
class Run:
    """Reads what a sync has still to read, up to the limits of a run.

    Args:
        settings: What to read; ``start`` and ``end`` bound the days.
        reader: Reads and counts.
        ledger: What earlier runs read; gets this run's records.
        orders: What whoever started the run has to say.
        backlog: What is still to read; it is planned if nobody has.
        load_id: The load package the rows go into.

    Attributes:
        results: What has become of the days so far.
    """

    settings: Settings
    reader: DayReader
    ledger: Ledger
    orders: Orders
    backlog: Backlog
    load_id: str
    results: Results = field(default_factory=Results, init=False)

    def __post_init__(self) -> None:
        self._today = self.settings.now().date()

    def readings(self) -> Iterator[DayReading]:
        """Read days until a limit is reached, nothing is left, or a request fails for good.

        Yields:
            Days whose rows are to be loaded; their records are in the ledger.

        Raises:
            OpenPanelError: The first request that matters failed: nothing was read.
        """
        backlog, results = self.backlog, self.results
        try:
            self._plan()
            for number, reading in enumerate(backlog.readings(self.reader), 1):
                self._record_empty()
                backlog.done(reading.record.project_id, reading.record.day)
                if self._take(reading):
                    yield reading
                self.orders.on_day(progress_of(backlog, self.results.records[-1]))
                results.stopped = self.orders.should_stop()
                if results.stopped or self._is_enough(number):
                    break
            self._record_empty()
            backlog.failed.left_of(self.settings.project_ids)
        except OpenPanelError as error:
            if isinstance(error, _DISTRUSTED) or not results.records:
                raise
            self._keep_what_was_read(error)
        if results.failure is None:
            try:
                self._cross_check()
            except _DISTRUSTED:
                raise
            except OpenPanelError as error:
                # It may be that of a day that is read ahead, for a later run.
                if not results.stopped:
                    self._keep_what_was_read(error)

    def _plan(self) -> None:
        if self.backlog.is_planned:
            return
        planning = Planning(
            self.settings, self.reader, self.ledger, self.orders, self.results, self._stamp
        )
        if not planning.begin(self.backlog):
            planning.fill(self.backlog)

    def _is_enough(self, days: int) -> bool:
        """Whether so many days read are all that the run may commit."""
        limits = self.settings.limits
        return (
            days >= limits.max_days_per_run
            or self.results.events_loaded >= limits.max_events_per_run
            or self.orders.should_commit()
        )

    def _keep_what_was_read(self, error: OpenPanelError) -> None:
        """Have the days read so far, which are whole, committed before the error is raised."""
        self.results.failure = error
        # Who asked for it has been told.
        level = logging.DEBUG if isinstance(error, RequestAbortedError) else logging.ERROR
        logger.log(level, "the run ends early, what was read is kept: %s", error)

    def _cross_check(self) -> None:
        """Have the server's counts confirm each other before anything is committed.

        All projects once a sync, then those that a run adds to. A run whose server has failed, or
        that has to end at once, leaves it to the next.
        """
        if not self.reader.adds_up:
            return
        settings, failed = self.settings, self.backlog.failed
        first, last = settings.start or EARLIEST, settings.end or LATEST
        checked = self.backlog.checked - {one.project_id for one in self.results.of_ledger()}
        for project in failed.left_of(settings.project_ids):
            if project in checked:
                continue
            held = {
                day: record.counted
                for day, record in self.ledger.days(project).items()
                if first <= day <= min(last, self._today - DAY)
                and (record.is_settled or record.shrunk_to is not None)
            }
            with failed.alone(project):
                cross_check(self.reader, project, held)
                self.backlog.checked.add(project)
        failed.left_of(settings.project_ids)

    def _take(self, reading: DayReading) -> bool:
        """Record a reading; False if it must not touch the destination."""
        record = msgspec.structs.replace(reading.record, load_id=self.load_id)
        results = self.results
        before = self.ledger.get(record.project_id, record.day)
        catch = self.backlog.catches[record.project_id]
        held = before or catch.known.get(record.day)
        if not record.verdict.is_proof and held is not None:
            # What the destination holds of the day may be more than this reading brought.
            if before is not None:
                self.ledger.record(
                    msgspec.structs.replace(
                        before, verdict=record.verdict, shrunk_to=None, shrunk_since=None
                    )
                )
            # What another query has loaded stays that query's, and is to be read.
            results.records.append(with_rows_of(held, record))
            results.refused.add((record.project_id, record.day))
            return False
        if not catch.permits(record):
            known = catch.known[record.day]
            kept = shrunk(known, record.total_count, record.reason, self._stamp)
            results.hold_back(kept, self.ledger)
            return False
        results.records.append(record)
        self.ledger.record(record)
        results.events_loaded += reading.tables.num_rows
        results.replaced.append(Replaced(record.project_id, record.day, reading.after))
        if reading.after is None and (reading.rejected or (before and before.rejected_rows)):
            results.had_rejected.append(Replaced(record.project_id, record.day))
        results.advance(record)
        return True

    @property
    def _stamp(self) -> Stamp:
        return Stamp(self.settings.query.fingerprint, self.load_id, self.settings.now())

    def _record_empty(self) -> None:
        """Record the days that were counted and found empty meanwhile."""
        for item in self.backlog.found_empty():
            record = without_events(item, self.backlog.planned_on, self._stamp)
            self._take(DayReading(record, SpilledTables()))
            self.backlog.done(item.project_id, item.day)
