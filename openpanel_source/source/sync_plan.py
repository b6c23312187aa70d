"""Plan what a sync reads: which days of which projects, and which may not lose what they hold."""

from __future__ import annotations

import logging
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date

import msgspec

from openpanel_source.api.failed_projects import FailedProjects
from openpanel_source.api.query import EventQuery
from openpanel_source.days.backlog import Backlog
from openpanel_source.days.day_records import Stamp, shrunk, still_complete
from openpanel_source.days.ledger import DayRecord, Known, Ledger, Reason
from openpanel_source.days.meter import Meter
from openpanel_source.days.planned_days import PlannedDay
from openpanel_source.days.project_plan import Planner
from openpanel_source.days.reader import DayReader
from openpanel_source.days.safety_catch import SafetyCatch, is_ripe
from openpanel_source.days.verdict import Verdict
from openpanel_source.errors import InvalidSettingError
from openpanel_source.model.clock import EARLIEST
from openpanel_source.model.day_ranges import day_ranges
from openpanel_source.source.orders import Orders, Results
from openpanel_source.source.settings.checked import Settings

logger = logging.getLogger(__name__)

_EVENTS_A_SECOND = 1_000
"""A tenth of what the API's limit allows: what takes no longer is not worth an early commit."""
_DAYS_WORTH_A_COUNT = 30
"""So many days take long enough that some more requests, to tell how long, do not matter."""
_MOST_COUNTS = 3


def check_consent(settings: Settings, ledger: Ledger) -> None:
    """Refuse to replace what another query has loaded, unless that is meant.

    A query without conditions finds all that another has found: it takes nothing away.

    Raises:
        InvalidSettingError: Days hold rows of another query.
    """
    if settings.deletions.allow_deletions or settings.query == EventQuery():
        return
    first, last = settings.start or date.min, settings.end or date.max
    for project in settings.project_ids:
        days = [day for day in sorted(ledger.of_another_query(project)) if first <= day <= last]
        if days:
            raise InvalidSettingError(
                f"{len(days):,} days of {project} ({min(days)} to {max(days)}) hold rows that"
                " another query (events, filters, profile_id) has loaded, and this one would"
                " replace them; to keep both, load into another dataset; to replace them, say"
                " --allow-deletions (allow_deletions)."
            )


@dataclass(eq=False)
class Planning:
    """Fills a backlog; what needs no reading goes into the ledger at once.

    Args:
        settings: What to read; ``start`` and ``end`` bound the days.
        reader: Counts.
        ledger: What earlier runs read; gets records of days adopted, settled and held back.
        orders: What else is to be read, or to be adopted.
        results: Get the same records.
        stamp: Of the records.
    """

    settings: Settings
    reader: DayReader
    ledger: Ledger
    orders: Orders
    results: Results
    stamp: Stamp

    def __post_init__(self) -> None:
        self._today = self.settings.now().date()
        reread = self.orders.reread
        self._planner = Planner(
            self.settings, self.reader, self.ledger, reread=reread, settle=self._settle
        )

    def begin(self, backlog: Backlog) -> bool:
        """Put in the newest day of each project that holds events, if all are worth so much.

        Only where nothing is known of any: to find the first days takes some twenty requests each,
        one after the other, and rows are waited for. So they are looked for meanwhile.

        Returns:
            Whether there are such days; then the others are to be planned after them.

        Raises:
            OpenPanelError: The server cannot be asked, or no project.
        """
        settings, ledger, failed = self.settings, self.ledger, backlog.failed
        if not self.orders.begins_early or self.orders.adoptable or backlog.begun:
            return False
        projects = failed.left_of(settings.project_ids)
        if any(ledger.days(one) or ledger.of_another_query(one) for one in projects):
            return False
        with ThreadPoolExecutor(settings.limits.pages_in_flight) as pool:
            glances = pool.map(lambda project: self._glance(project, failed), projects)
        found = {one: glance for one, glance in zip(projects, glances, strict=True) if glance}
        self._planner.totals = {project: total for project, (total, _) in found.items()}
        few = settings.limits.commit_seconds * _EVENTS_A_SECOND
        if sum(self._planner.totals.values()) < few:
            return False
        days = [PlannedDay(project, day, Reason.NEW) for project, (_, day) in found.items() if day]
        for item in days:
            backlog.catches[item.project_id] = SafetyCatch(settings.deletions, {})
        for project, total in self._planner.totals.items():
            backlog.meter.cover(project, total)
        backlog.begin(days)
        if days and None in (settings.start, settings.end):
            first, last = self._bounds
            backlog.look_for_first_days(
                lambda project: self._planner.find_first_day(project, first, last), list(found)
            )
        return bool(days)

    def _glance(self, project: str, failed: FailedProjects) -> tuple[int, date | None] | None:
        first, last = self._bounds
        with failed.alone(project):
            return self.reader.glance(project, first, last) if first <= last else None
        return None

    @property
    def _bounds(self) -> tuple[date, date]:
        """The first and the last day to read, of those that have begun."""
        last = min(self.settings.end or self._today, self._today)
        return self.settings.start or EARLIEST, last

    def fill(self, backlog: Backlog) -> None:
        """Put in the days of all projects.

        Raises:
            OpenPanelError: The server cannot be asked, or no project.
        """
        self._adopt()
        self._doubt()
        self._planner.begun, self._planner.first_days = backlog.begun, backlog.first_days
        projects = []
        for project in backlog.failed.left_of(self.settings.project_ids):
            with backlog.failed.alone(project):
                days = self._permitted(project, backlog)
                backlog.meter.plan(days)
                self._count(project, days, backlog.meter)
                projects.append(days)
        backlog.unchanged = frozenset(self._planner.unchanged)
        backlog.fill(projects, self.reader, self._today)

    def _adopt(self) -> None:
        for record in self.orders.adoptable:
            if self.ledger.get(record.project_id, record.day) is not None:
                continue
            if record.query_fingerprint != self.settings.query.fingerprint:
                self.ledger.leave([record])
                continue
            if record.verdict is Verdict.SHRUNK or self.settings.reload:
                # The ledger says what is held: the day is counted or read all the same.
                self.ledger.record(record)
            else:
                adopted = still_complete(record, Reason.ADOPTED, 0, self.stamp)
                self.ledger.record(adopted)
                self.results.adopted.append(adopted)
                self.results.advance(adopted)

    def _doubt(self) -> None:
        """Call days that are to be read again unproven, for another sync to go on if this ends."""
        for project, day in self.orders.reread:
            record = self.ledger.get(project, day)
            if record is not None and record.verdict.is_proof:
                self.ledger.record(msgspec.structs.replace(record, verdict=Verdict.SHORT))

    def _settle(self, record: DayRecord) -> None:
        settled = still_complete(record, Reason.OPEN, 1, self.stamp)
        self.ledger.record(settled)
        self.results.settled.append(settled)

    def _permitted(self, project: str, backlog: Backlog) -> list[PlannedDay]:
        """The days to read of a project; those that would lose too much are held back."""
        known = self.ledger.days(project)
        before = {**self.ledger.of_another_query(project), **known}
        catch = backlog.catches[project] = SafetyCatch(self.settings.deletions, before)
        planned = self._planner.plan(project)
        counted = {item.day: item.counted for item in planned if item.counted is not None}
        catch.release(self._confirmed(project, known, counted))
        held_back = catch.held_back(counted)
        for item in planned:
            if item.day in held_back:
                record = shrunk(before[item.day], counted[item.day], item.reason, self.stamp)
                self.results.hold_back(record, self.ledger)
        if held_back:
            _warn_of_losses(project, before, {day: counted[day] for day in held_back})
        return [item for item in planned if item.day not in held_back]

    def _confirmed(self, project: str, known: Known, counted: dict[date, int]) -> set[date]:
        """Days whose loss has been seen for a day, and that a filter counts as well."""
        now = self.settings.now()
        ripe = {
            day for day, rows in counted.items() if day in known and is_ripe(known[day], rows, now)
        }
        confirmed: set[date] = set()
        for first, last in day_ranges(ripe):
            days = {day for day in ripe if first <= day <= last}
            by_filter = self.reader.count_by_filter(project, first, last)
            if by_filter == sum(counted[day] for day in days):
                confirmed |= days
        return confirmed

    def _count(self, project: str, planned: list[PlannedDay], meter: Meter) -> None:
        """Count the rows of the days planned, if they are many."""
        uncounted = meter.uncounted(project)
        ranges = list(day_ranges(uncounted))
        if len(uncounted) < _DAYS_WORTH_A_COUNT or len(ranges) > _MOST_COUNTS:
            return
        for first, last in ranges:
            days = [item for item in planned if first <= item.day <= last]
            meter.counted(days, self.reader.count(project, first, last))


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
