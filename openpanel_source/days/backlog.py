"""What a sync has still to read: planned once, read on without a break, taken in slices by runs."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from datetime import date
from functools import partial
from itertools import islice
from typing import TypeVar

from openpanel_source.api.failed_projects import FailedProjects
from openpanel_source.days.attempt import DayReading
from openpanel_source.days.ledger import Reason
from openpanel_source.days.meter import Meter
from openpanel_source.days.planned_days import PlannedDay
from openpanel_source.days.reader import DayReader
from openpanel_source.days.safety_catch import SafetyCatch
from openpanel_source.days.search_by_counts import Split, split_empty

_GLANCE_SECONDS = 0.02


class Backlog:
    """The days that are still to read, newest of each project first, and what is known of them.

    Close it at the end of the sync: meanwhile what was asked for is on its way.

    Attributes:
        reader: Reads them, once a run has said how.
        failed: Projects that could not be read, and why; nothing further of them is read.
        catches: Of each project, what may still be deleted.
        checked: Projects whose counts were found to confirm each other.
        unchanged: Open days, by project, that were counted and hold what the ledger says.
        begun: Days, by project, that are read before the others are planned.
        first_days: The first days with events, by project, that are looked for meanwhile.
        meter: Counts rows as they come.
        is_planned: Whether the days are in it.
        planned_on: The UTC day on which they were put in; none of their counts is older.
        days_done: Days read, or found empty.
    """

    def __init__(self) -> None:
        self.reader: DayReader | None = None
        self.failed = FailedProjects()
        self.catches: dict[str, SafetyCatch] = {}
        self.checked: set[str] = set()
        self.unchanged: frozenset[tuple[str, date]] = frozenset()
        self.begun: frozenset[tuple[str, date]] = frozenset()
        self.first_days: dict[str, Future[date | None]] = {}
        self.meter = Meter()
        self.is_planned = False
        self.planned_on = date.min
        self.days_done = 0
        self._left: Counter[str] = Counter()
        self._to_come: Iterator[Split] = iter(())
        self._ready: deque[PlannedDay] = deque()
        self._taken: dict[tuple[str, date], PlannedDay] = {}
        self._empty: list[PlannedDay] = []
        self._under_way: Generator[DayReading] | None = None

    def close(self) -> None:
        """Give up what is under way; what is not done can be taken once more."""
        under_way, self._under_way = self._under_way, None
        if under_way is not None:
            under_way.close()
        looked_for = [found for found in self.first_days.values() if not found.cancel()]
        while self.reader is not None and wait(looked_for, _GLANCE_SECONDS).not_done:
            # It makes one request after another, and may be between two.
            self.reader.client.abort()

    @property
    def days_left(self) -> int:
        """Days to read; those of projects that failed are for another sync."""
        # Others look at it meanwhile.
        by_project = dict(self._left)
        left = sum(days for project, days in by_project.items() if project not in self.failed)
        # How many there are is not known before they are planned.
        return left if self.is_planned else max(left, 1)

    def begin(self, days: list[PlannedDay]) -> None:
        """Put in days to read before the others are planned."""
        self.begun = frozenset((item.project_id, item.day) for item in days)
        self._left.update(item.project_id for item in days)
        self._ready.extend(days)

    def look_for_first_days(
        self, find: Callable[[str], date | None], projects: Iterable[str]
    ) -> None:
        """Have first days with events found while others are read.

        Args:
            find: Finds that of a project.
            projects: Which.
        """
        looking = ThreadPoolExecutor(1, thread_name_prefix="openpanel-plan")
        self.first_days = {project: looking.submit(find, project) for project in projects}
        looking.shutdown(wait=False)

    def fill(self, projects: list[list[PlannedDay]], counter: DayReader, today: date) -> None:
        """Put in what was planned.

        Args:
            projects: The days of each project, newest first.
            counter: Counts rows.
            today: The current UTC day.
        """
        self.is_planned, self.planned_on = True, today
        planned = [days for days in projects if days]
        self._left.update({days[0].project_id: len(days) for days in planned})
        # Projects take turns, so that the newest days of each come first.
        self._to_come = _in_turns([self._split(days, counter) for days in planned])

    def readings(self, reader: DayReader) -> Iterator[DayReading]:
        """The days that are left, as they are read; whoever leaves off can go on later.

        Args:
            reader: Reads them; one at a time for all that take from here.

        Raises:
            OpenPanelError: A request failed for good.
        """
        has_all = False
        while not has_all:
            if self._under_way is None:
                # What was begun earlier may lack what was put in since.
                has_all = True
                self._under_way = reader.read_days(self._take(), self.failed)
            for reading in self._under_way:  # noqa: UP028 - "yield from" would end it with this one
                yield reading
            self._under_way = None

    def _take(self) -> Iterator[PlannedDay]:
        """The days to read, until all were taken; what is not done can be taken once more."""
        self._ready.extendleft(reversed(self._taken.values()))
        self._taken.clear()
        while True:
            while self._ready:
                item = self._ready.popleft()
                if item.project_id not in self.failed:
                    self._taken[item.project_id, item.day] = item
                    yield item
            split = next(self._to_come, None)
            if split is None:
                return
            self._empty.extend(split.empty)
            self._ready.extend(split.filled)

    def found_empty(self) -> list[PlannedDay]:
        """Days that were counted on the way and found empty, each once."""
        found, self._empty = self._empty, []
        return found

    def done(self, project: str, day: date) -> None:
        """Note that a day was read, or found empty."""
        self._taken.pop((project, day), None)
        self.days_done += 1
        self._left[project] -= 1

    def read_again(self, days: frozenset[tuple[str, date]]) -> None:
        """Put in days of projects that have been done."""
        self.add(days, Reason.CHANGED)
        self.days_done -= len(days)

    def add(self, days: Iterable[tuple[str, date]], reason: Reason) -> None:
        """Put in days of projects that were not planned."""
        for project, day in sorted(days, key=lambda item: item[1]):
            planned = PlannedDay(project, day, reason)
            self.meter.plan([planned])
            self._ready.appendleft(planned)
            self._left[project] += 1

    def _split(self, days: list[PlannedDay], counter: DayReader) -> Iterator[Split]:
        """The days of a project that hold something and those that do not, until it fails."""
        project = days[0].project_id
        with self.failed.alone(project):
            count = partial(counter.count, project)
            for split in split_empty(count, days, adds_up=counter.adds_up):
                if project in self.failed:
                    return
                if split.rows is not None:
                    self.meter.counted([*split.filled, *split.empty], split.rows)
                yield split


_T = TypeVar("_T")


def _in_turns(iterators: list[Iterator[_T]]) -> Iterator[_T]:
    waiting = deque(iterators)
    while waiting:
        iterator = waiting.popleft()
        for item in islice(iterator, 1):
            yield item
            waiting.append(iterator)
