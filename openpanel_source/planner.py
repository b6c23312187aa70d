"""Plan a project's days by asking the server for counts: which are new, open or changed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import date
from typing import Protocol

from openpanel_source.ledger import DayRecord, Known, Ledger, Reason
from openpanel_source.plan import (
    DAY,
    EARLIEST,
    LATEST,
    PlannedDay,
    changed_days,
    days_to_read,
    days_with_events,
    first_day_with_events,
    known_stretches,
)
from openpanel_source.settings import Settings


class Counter(Protocol):
    """What a planner asks of the server."""

    def count(self, project_id: str, first: date, last: date) -> int:
        """Rows in a range of UTC days, both inclusive."""

    def newest(self, project_id: str, day: date) -> tuple[int, str | None]:
        """Rows of a UTC day, and the id of the newest."""


class Planner:
    """Decides which days of a project to read, newest first.

    Args:
        settings: The range, the look-back and the clock.
        counter: Counts.
        ledger: What is known.
        already: Projects and days that this sync has read or counted.
        wanted: Projects and days to read whatever the counts say.
        settle: Called with the record of a day that was open, is over and holds what it held.
    """

    def __init__(
        self,
        settings: Settings,
        counter: Counter,
        ledger: Ledger,
        *,
        already: frozenset[tuple[str, date]] = frozenset(),
        wanted: frozenset[tuple[str, date]] = frozenset(),
        settle: Callable[[DayRecord], None],
    ) -> None:
        self._settings = settings
        self._counter = counter
        self._ledger = ledger
        self._already = already
        self._wanted = wanted
        self._settle = settle
        self._today = settings.now().date()
        self.unchanged: set[tuple[str, date]] = set()
        """Open days, by project, that hold what the ledger says."""

    def plan(self, project: str) -> list[PlannedDay]:
        """The days of a project to read, newest first, each once.

        Raises:
            OpenPanelError: The server cannot be asked.
        """
        known = self._ledger.days(project)
        planned = {item.day: item for item in self._planned(project, known)}
        for owner, day in self._wanted:
            if owner == project:
                planned[day] = PlannedDay(project, day, Reason.CHANGED)
        return [
            planned[day]
            for day in sorted(planned, reverse=True)
            if (project, day) not in self._already
        ]

    def _planned(self, project: str, known: Known) -> Iterator[PlannedDay]:
        settings = self._settings
        last = settings.end or self._today
        since = settings.start or EARLIEST
        for day in self._ledger.days_of_another_query(project):
            if since <= day <= (settings.end or LATEST):
                yield PlannedDay(project, day, Reason.NEW)
        if settings.end is None:
            yield from self._future_days(project, known)
        first = self._first_day(project, since, last)
        if first is None:
            # Nothing is left on the server of what was read.
            read = (day for day, record in known.items() if record.rows_received)
            first = min((day for day in read if since <= day <= last), default=None)
        if first is None or first > last:
            return
        if settings.reload:
            earlier = [day for day in known if since <= day < first]
            yield from (PlannedDay(project, day, Reason.FORCED) for day in earlier)
        else:
            settled = min(last, self._today - DAY)
            yield from self._changed_days(project, known, (since, first, settled))
        for item in days_to_read(project, first, last, self._today, known, reload=settings.reload):
            grown = self._grown(item, known)
            if grown is not None:
                yield grown

    def _first_day(self, project: str, since: date, last: date) -> date | None:
        """The first day to read: days before hold nothing."""
        if self._settings.start is not None and self._settings.end is not None:
            return self._settings.start
        first = self._ledger.first_day(project, since)
        if first is None:
            first = first_day_with_events(self._count(project), since, last)
            if first is not None and self._settings.end is None:
                self._ledger.remember_first_day(project, since, first)
        return first

    def _future_days(self, project: str, known: Known) -> Iterator[PlannedDay]:
        """Days after today that hold events, as imports and wrong clocks bring them."""
        first = max(self._today + DAY, self._settings.start or EARLIEST)
        total = self._counter.count(project, first, LATEST)
        held = {day: record.total_count for day, record in known.items() if day >= first}
        if total == sum(held.values()) and not self._settings.reload:
            return
        found = dict(days_with_events(self._count(project), first, LATEST, total))
        for day in found.keys() | held.keys():
            if self._settings.reload or found.get(day, 0) != held.get(day, 0):
                yield PlannedDay(project, day, Reason.OPEN if day in known else Reason.NEW)

    def _changed_days(
        self, project: str, known: Known, span: tuple[date, date, date]
    ) -> Iterator[PlannedDay]:
        """Settled days whose count is not the ledger's any more.

        The newest of them are counted one by one, the others in as few counts as show a change.
        """
        since, first, last = span
        settled = {
            day: record.total_count
            for day, record in known.items()
            if since <= day <= last and record.is_settled
        }
        lookback = date.fromordinal(max(last.toordinal() - self._settings.lookback_days + 1, 1))
        recent = [day for day in settled if day >= lookback]
        for day in recent:
            if (project, day) in self._already:
                continue
            # The newest row tells of a row that came for one that went.
            if self._counter.newest(project, day) != (settled[day], known[day].newest_id):
                yield PlannedDay(project, day, Reason.RECOUNT)
        held = {day: total for day, total in settled.items() if day < lookback}
        for start, end in known_stretches(held, since, first):
            for day in changed_days(self._count(project), start, end, held, split=first):
                yield PlannedDay(project, day, Reason.CHANGED)

    def _grown(self, item: PlannedDay, known: Mapping[date, DayRecord]) -> PlannedDay | None:
        """The day as planned; None if one count shows that it holds just what it held."""
        record = known.get(item.day)
        if item.reason is not Reason.OPEN or record is None or not record.is_proven:
            return item
        if (item.project_id, item.day) in self._already:
            return None
        total, newest_id = self._counter.newest(item.project_id, item.day)
        if (total, newest_id) != (record.total_count, record.newest_id):
            return PlannedDay(item.project_id, item.day, item.reason, tail_of=record)
        if item.day < self._today:
            self._settle(record)
        else:
            self.unchanged.add((item.project_id, item.day))
        return None

    def _count(self, project: str) -> Callable[[date, date], int]:
        return lambda first, last: self._counter.count(project, first, last)
