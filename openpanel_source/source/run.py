"""One bounded run over the days of the plan: read, decide what replaces what, record."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Iterator
from datetime import date, datetime
from itertools import islice
from typing import TypeVar

import msgspec

from openpanel_source.days.attempt import DayReading
from openpanel_source.days.cross_check import cross_check
from openpanel_source.days.day_records import (
    Stamp,
    shrunk,
    still_complete,
    with_rows_of,
    without_events,
)
from openpanel_source.days.ledger import DayRecord, Known, Ledger, Reason
from openpanel_source.days.plan import PlannedDay, split_empty
from openpanel_source.days.planner import Planner
from openpanel_source.days.reader import DayReader
from openpanel_source.days.safety_catch import SafetyCatch, is_ripe
from openpanel_source.days.verdict import Verdict
from openpanel_source.errors import (
    ContradictoryCountsError,
    DaysMisunderstoodError,
    OpenPanelError,
    TransientError,
)
from openpanel_source.model.clock import DAY, EARLIEST, LATEST
from openpanel_source.model.conditions import Replaced
from openpanel_source.model.day_ranges import day_ranges
from openpanel_source.rows.spill import SpilledTables
from openpanel_source.source.report import RunReport
from openpanel_source.source.settings import Settings

logger = logging.getLogger(__name__)

_DISTRUSTED = (ContradictoryCountsError, DaysMisunderstoodError)
"""After these nothing of a run is kept: what came before is as doubtful."""
_DAYS_WORTH_AN_ESTIMATE = 30
"""So many days take long enough that one more request, to tell how long, does not matter."""


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
        self._failed = report.failed_projects
        self._left: dict[str, int] = {}
        self._catches = report.catches
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
            for reading in self._reader.read_days(planned, self._failed, limits.max_events_per_run):
                self._left[reading.record.project_id] -= 1
                self._count_left()
                if self._take(reading):
                    yield reading
                self._report.on_day(self._report)
                self._report.stopped = self._report.should_stop()
                if self._report.stopped or self._report.events_loaded >= limits.max_events_per_run:
                    break
            self._count_left()
            self._failed.left_of(self._settings.project_ids)
        except OpenPanelError as error:
            if isinstance(error, _DISTRUSTED) or not self._report.records:
                raise
            self._keep_what_was_read(error)
        if self._report.failure is None:
            try:
                self._cross_check()
            except TransientError as error:
                if not self._report.stopped:
                    self._keep_what_was_read(error)

    def _keep_what_was_read(self, error: OpenPanelError) -> None:
        """Have the days read so far, which are whole, committed before the error is raised."""
        self._report.failure = error
        logger.error("the run ends early, what was read is kept: %s", error)

    def _cross_check(self) -> None:
        """Have the server's counts confirm each other before anything is committed.

        A run whose server has failed, or that has to end at once, leaves it to the next.
        """
        if not self._reader.adds_up:
            return
        settings = self._settings
        first, last = settings.start or EARLIEST, settings.end or LATEST
        for project in self._failed.left_of(settings.project_ids):
            held = {
                day: record.counted
                for day, record in self._ledger.days(project).items()
                if first <= day <= min(last, self._today - DAY)
                and (record.is_settled or record.shrunk_to is not None)
            }
            with self._failed.alone(project):
                cross_check(self._reader, project, held)
        self._failed.left_of(settings.project_ids)

    def _take(self, reading: DayReading) -> bool:
        """Record a reading; False if it must not touch the destination."""
        record = reading.record
        before = self._ledger.get(record.project_id, record.day)
        if not record.verdict.is_proof and before is not None:
            # What the destination holds of the day may be more than this reading brought.
            kept = msgspec.structs.replace(
                before, verdict=record.verdict, shrunk_to=None, shrunk_since=None
            )
            self._ledger.record(kept)
            self._report.records.append(with_rows_of(before, record))
            self._report.refused.add((record.project_id, record.day))
            return False
        catch = self._catches[record.project_id]
        if not catch.permits(record):
            self._hold_back(catch.known[record.day], record.total_count, record.reason)
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
            if self._ledger.get(record.project_id, record.day) is not None:
                continue
            if record.verdict is Verdict.SHRUNK or self._settings.reload:
                # What is held is told: the day is counted or read all the same.
                self._ledger.record(record)
            else:
                adopted = still_complete(record, Reason.ADOPTED, 0, self._stamp)
                self._ledger.record(adopted)
                self._report.adopted.append(adopted)
                self._advance(adopted)

    def _planned(self) -> Iterator[PlannedDay]:
        projects = []
        for project in self._failed.left_of(self._settings.project_ids):
            with self._failed.alone(project):
                days = self._permitted(project)
                self._report.events_expected += self._expected(days)
                self._left[project] = len(days)
                projects.append(days)
        self._report.unchanged = frozenset(self._planner.unchanged)
        self._count_left()
        # Projects take turns, so that the newest days of each come first.
        for filled, empty in _in_turns([self._ranges(days) for days in projects if days]):
            for item in empty:
                self._record_empty(item)
            yield from (item for item in filled if item.project_id not in self._failed)

    def _ranges(
        self, days: list[PlannedDay]
    ) -> Iterator[tuple[list[PlannedDay], list[PlannedDay]]]:
        """The days of a project that hold something and those that do not, until it fails."""
        project = days[0].project_id
        with self._failed.alone(project):
            for found in split_empty(self._counter(project), days):
                if project in self._failed:
                    return
                yield found

    def _count_left(self) -> None:
        # What is left of projects that failed is for another sync.
        left = (rest for one, rest in self._left.items() if one not in self._failed)
        self._report.days_left = sum(left)

    def _permitted(self, project: str) -> list[PlannedDay]:
        """The days to read of a project; those that would lose too much are held back."""
        known = self._ledger.days(project)
        before = {**self._ledger.of_another_query(project), **known}
        catch = self._catches.setdefault(project, SafetyCatch(self._settings.deletions, before))
        planned = self._planner.plan(project)
        counted = {item.day: item.counted for item in planned if item.counted is not None}
        catch.release(self._confirmed(project, known, counted))
        held_back = catch.held_back(counted)
        for item in planned:
            if item.day in held_back:
                self._hold_back(before[item.day], counted[item.day], item.reason)
        if held_back:
            _warn_of_losses(project, before, {day: counted[day] for day in held_back})
        return [item for item in planned if item.day not in held_back]

    def _confirmed(self, project: str, known: Known, counted: dict[date, int]) -> set[date]:
        """Days whose loss has been seen for a day, and that a filter counts as well."""
        now = self._settings.now()
        ripe = {
            day for day, rows in counted.items() if day in known and is_ripe(known[day], rows, now)
        }
        confirmed: set[date] = set()
        for first, last in day_ranges(ripe):
            days = {day for day in ripe if first <= day <= last}
            by_filter = self._reader.count_by_filter(project, first, last)
            if by_filter == sum(counted[day] for day in days):
                confirmed |= days
        return confirmed

    def _hold_back(self, before: DayRecord, counted: int, reason: Reason) -> None:
        """Keep the rows of a day that would lose too many, and say so."""
        record = shrunk(before, counted, reason, self._stamp)
        self._ledger.record(record)
        self._report.records.append(record)
        self._report.refused.add((record.project_id, record.day))

    def _expected(self, days: list[PlannedDay]) -> int:
        if len(days) < _DAYS_WORTH_AN_ESTIMATE:
            return 0
        return self._reader.count(days[0].project_id, days[-1].day, days[0].day)

    def _settle(self, record: DayRecord) -> None:
        settled = still_complete(record, Reason.OPEN, 1, self._stamp)
        self._ledger.record(settled)
        self._report.settled.append(settled)

    @property
    def _stamp(self) -> Stamp:
        return Stamp(self._settings.query.fingerprint, self._reader.load_id, self._settings.now())

    def _record_empty(self, item: PlannedDay) -> None:
        record = without_events(item, self._today, self._stamp)
        self._take(DayReading(record, SpilledTables(), []))
        self._left[item.project_id] -= 1
        self._count_left()

    def _counter(self, project: str) -> Callable[[date, date], int]:
        return lambda first, last: self._reader.count(project, first, last)


def _warn_of_losses(project: str, known: Known, left: dict[date, int]) -> None:
    lost = sum(known[day].held - rows for day, rows in left.items())
    logger.warning(
        "%s: the server no longer holds %s of %s events on %d days (%s to %s); they are kept here,"
        " and the days are recorded as shrunk. If that is meant (people erased, retention), say"
        " --allow-deletions, or sync again a day later",
        project,
        f"{lost:,}",
        f"{sum(record.held for record in known.values()):,}",
        len(left),
        min(left),
        max(left),
    )


_T = TypeVar("_T")


def _in_turns(iterators: list[Iterator[_T]]) -> Iterator[_T]:
    waiting = deque(iterators)
    while waiting:
        iterator = waiting.popleft()
        for item in islice(iterator, 1):
            yield item
            waiting.append(iterator)
