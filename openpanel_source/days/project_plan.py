"""Decide which days of a project to read, by counting: which are new, open or changed."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from datetime import date
from functools import partial

from openpanel_source.days.ledger import DayRecord, Known, Ledger, Reason
from openpanel_source.days.planned_days import PlannedDay, Window
from openpanel_source.days.reader import DayReader
from openpanel_source.days.search_by_counts import (
    changed_days,
    days_with_events,
    first_day_with_events,
    known_ranges,
)
from openpanel_source.days.verdict import Verdict
from openpanel_source.model.clock import DAY, EARLIEST, LATEST
from openpanel_source.model.day_ranges import day_ranges


@dataclass
class Planner:
    """Decides which days of a project to read, newest first.

    Args:
        window: The range, the look-back and the clock.
        counter: Counts.
        ledger: What is known.
        settle: Called with the record of a day that was open, is over and holds what it held.
        reread: Projects and days to read, and as a whole, whatever the counts say.
    """

    window: Window
    counter: DayReader
    ledger: Ledger
    settle: Callable[[DayRecord], None]
    reread: frozenset[tuple[str, date]] = frozenset()
    unchanged: set[tuple[str, date]] = field(default_factory=set, init=False)
    """Open days, by project, that hold what the ledger says."""
    begun: Collection[tuple[str, date]] = field(default=(), init=False)
    """Days, by project, that this sync reads whatever is planned."""
    totals: dict[str, int] = field(default_factory=dict, init=False)
    """Rows that the server counts until the last day to read, where that was asked."""
    first_days: Mapping[str, Future[date | None]] = field(default_factory=dict, init=False)
    """First days with events that are being looked for."""

    def __post_init__(self) -> None:
        self._today = self.window.now().date()

    def plan(self, project: str) -> list[PlannedDay]:
        """The days of a project to read, newest first, each once.

        Raises:
            OpenPanelError: The server cannot be asked.
        """
        begun = {day for owner, day in self.begun if owner == project}
        every = self.ledger.days(project)
        known = {day: record for day, record in every.items() if day not in begun}
        planned = {item.day: item for item in self._planned(project, known)}
        for owner, day in self.reread:
            if owner == project:
                item = planned.get(day, PlannedDay(project, day, Reason.CHANGED))
                planned[day] = replace(item, reason=Reason.CHANGED)
        held = {**self.ledger.of_another_query(project), **known}
        days = sorted(planned.keys() - begun, reverse=True)
        return self._counted(project, [planned[day] for day in days], held)

    def _counted(self, project: str, planned: list[PlannedDay], known: Known) -> list[PlannedDay]:
        """The same days, each with the server's count if rows are held of it."""
        held = {
            item.day: known[item.day].total_count
            for item in planned
            if item.counted is None and item.day in known and known[item.day].total_count
        }
        counts = dict(held)
        for start, end in day_ranges(held):
            counts |= self._changed(project, (start, end), held, split=start)
        return [
            replace(item, counted=counts[item.day]) if item.day in counts else item
            for item in planned
        ]

    def _planned(self, project: str, known: Known) -> Iterator[PlannedDay]:
        window = self.window
        last = min(window.end or self._today, self._today)
        since = window.start or EARLIEST
        for day in sorted(self.ledger.of_another_query(project)):
            if since <= day <= (window.end or LATEST):
                yield PlannedDay(project, day, Reason.NEW)
        yield from self._future_days(project, known)
        first = self._first_day(project, since, last)
        if first is None:
            # Nothing is left on the server of what was read.
            read = (day for day, record in known.items() if record.rows_received)
            first = min((day for day in read if since <= day <= last), default=None)
        if first is None or first > last:
            return
        if window.reload:
            earlier = [day for day in known if since <= day < first]
            yield from (PlannedDay(project, day, Reason.FORCED) for day in earlier)
        else:
            settled = min(last, self._today - DAY)
            yield from self._changed_days(project, known, (since, first, settled))
        for item in days_to_read(project, first, last, self._today, known, reload=window.reload):
            grown = self._grown(item, known)
            if grown is not None:
                yield grown

    def _first_day(self, project: str, since: date, last: date) -> date | None:
        """The first day to read: days before hold nothing."""
        if self.window.start is not None and self.window.end is not None:
            return self.window.start
        # Events may have come before the day that was the first: a reload finds them as well.
        first = None if self.window.reload else self.ledger.first_day(project, since)
        if first is None:
            found = self.first_days.get(project)
            first = found.result() if found else self.find_first_day(project, since, last)
            if first is not None and last == self._today:
                self.ledger.remember_first_day(project, since, first)
        return first

    def find_first_day(self, project: str, since: date, last: date) -> date | None:
        """The first day of a range with events, found by counting."""
        count, total = self._count(project), self.totals.get(project)
        return first_day_with_events(count, since, last, total, adds_up=self.counter.adds_up)

    def _future_days(self, project: str, known: Known) -> Iterator[PlannedDay]:
        """Days after today that hold events, as imports and wrong clocks bring them."""
        first = max(self._today + DAY, self.window.start or EARLIEST)
        last = self.window.end or LATEST
        if first > last:
            return
        count = self._count(project)
        total = count(first, last)
        held = {day: record.counted for day, record in known.items() if first <= day <= last}
        unproven = {day for day in held if not known[day].is_proven}
        if total == sum(held.values()) and not unproven and not self.window.reload:
            return
        adds_up = self.counter.adds_up
        found = dict(days_with_events(count, first, last, total, adds_up=adds_up))
        for day in found.keys() | held.keys():
            is_same = found.get(day, 0) == held.get(day, 0) and day not in unproven
            if self.window.reload or not is_same:
                reason = Reason.OPEN if day in known else Reason.NEW
                yield PlannedDay(project, day, reason, counted=found.get(day, 0))

    def _changed_days(
        self, project: str, known: Known, bounds: tuple[date, date, date]
    ) -> Iterator[PlannedDay]:
        """Settled days whose count is not the ledger's any more.

        The newest of them are counted one by one, the others in as few counts as show a change.
        """
        since, first, last = bounds
        settled = {
            day: record
            for day, record in known.items()
            if since <= day <= last and (record.is_settled or record.shrunk_to is not None)
        }
        lookback = date.fromordinal(max(last.toordinal() - self.window.lookback_days + 1, 1))
        recent = [day for day in settled if day >= lookback]
        for day in recent:
            total, newest_id = self.counter.newest(project, day)
            is_same = _is_held(settled[day], total, newest_id)
            if not is_same or settled[day].shrunk_to is not None:
                yield PlannedDay(project, day, Reason.RECOUNT, counted=total)
        held = {day: record.counted for day, record in settled.items() if day < lookback}
        counts = {day: held[day] for day in held if settled[day].shrunk_to is not None}
        for start, end in known_ranges(held, since, first, recent):
            counts |= self._changed(project, (start, end), held, split=first)
        for day in sorted(counts, reverse=True):
            yield PlannedDay(project, day, Reason.CHANGED, counted=counts[day])

    def _changed(
        self, project: str, days: tuple[date, date], held: Mapping[date, int], *, split: date
    ) -> dict[date, int]:
        adds_up = self.counter.adds_up
        return changed_days(self._count(project), *days, held, split=split, adds_up=adds_up)

    def _grown(self, item: PlannedDay, known: Mapping[date, DayRecord]) -> PlannedDay | None:
        """The day as planned; None if one count shows that it holds just what it held."""
        record = known.get(item.day)
        if item.reason is not Reason.OPEN or record is None or not record.is_proven:
            return item
        has_more = self.counter.adds_up and record.has_more_than_counted
        if has_more or (item.project_id, item.day) in self.reread:
            return item
        total, newest_id = self.counter.newest(item.project_id, item.day)
        if not _is_held(record, total, newest_id):
            return replace(item, tail_of=record, counted=total)
        if item.day < self._today:
            self.settle(record)
        else:
            self.unchanged.add((item.project_id, item.day))
        return None

    def _count(self, project: str) -> Callable[[date, date], int]:
        return partial(self.counter.count, project)


def _is_held(record: DayRecord, total: int, newest_id: str | None) -> bool:
    """Whether the server counts of a day what was read, and shows the same newest row.

    That tells of a row that came for one that went, where the server had an order when the day was
    read and has one now.
    """
    has_order = None not in (newest_id, record.newest_id)
    return total == record.counted and (not has_order or newest_id == record.newest_id)


def days_to_read(
    project_id: str, first: date, last: date, today: date, known: Known, *, reload: bool
) -> list[PlannedDay]:
    """The days of a range that the ledger does not hold as settled and proven, newest first.

    Args:
        project_id: The project.
        first: First day of the range.
        last: Last day of the range.
        today: The current UTC day.
        known: What the ledger holds.
        reload: Read all of them, whatever the ledger says.

    Returns:
        Planned days.
    """
    planned = []
    for offset in range((last - first).days + 1):
        day = last - offset * DAY
        reason = Reason.FORCED if reload else _reason(day, today, known)
        if reason is not None:
            planned.append(PlannedDay(project_id, day, reason))
    return planned


def _reason(day: date, today: date, known: Known) -> Reason | None:
    record = known.get(day)
    if record is None:
        return Reason.NEW
    if record.verdict is Verdict.SHRUNK:
        # Counts tell when a day that is over is to be read.
        return Reason.OPEN if day >= today else None
    if day >= today or record.verdict is Verdict.OPEN:
        return Reason.OPEN
    return None if record.is_proven else Reason.RECOUNT
