"""How many rows of a sync have come, page by page, and how many are to come in all."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Collection, Iterable
from datetime import date

from openpanel_source.days.planned_days import PlannedDay

_Key = tuple[str, date]


class Meter:
    """Counts rows as they come; one thread reads days, and any other may look.

    Rows to come are those that the server counted, of days planned or of ranges of them. Of a day
    that nobody has counted, its first page tells.

    Attributes:
        is_exact: Whether the server lists just the rows that it counts.
    """

    def __init__(self) -> None:
        self.is_exact = True
        self._lock = threading.Lock()
        self._read: Counter[str] = Counter()
        self._planned: Counter[str] = Counter()
        self._uncounted: set[_Key] = set()
        self._covered: set[str] = set()
        self._under_way: PlannedDay | None = None
        self._whole: PlannedDay | None = None
        self._of_day = 0

    def cover(self, project: str, rows: int) -> None:
        """Note what the server counts in all days of a project that will be planned.

        Days that are planned with a count of their own are none of them.
        """
        with self._lock:
            self._covered.add(project)
            self._planned[project] += rows

    def plan(self, days: Iterable[PlannedDay]) -> None:
        """Note days that are to be read."""
        with self._lock:
            for item in days:
                if item.counted is not None:
                    self._planned[item.project_id] += item.counted - _known(item)
                elif item.project_id not in self._covered:
                    self._uncounted.add(_key(item))

    def uncounted(self, project: str) -> list[date]:
        """The days planned of a project whose rows nobody has counted."""
        with self._lock:
            return [day for owner, day in self._uncounted if owner == project]

    def counted(self, days: Collection[PlannedDay], rows: int) -> None:
        """Note how many rows the server counts on some days together."""
        of_others = sum(item.counted for item in days if item.counted is not None)
        with self._lock:
            found = {_key(item) for item in days} & self._uncounted
            if found:
                self._uncounted -= found
                self._planned[next(iter(found))[0]] += max(rows - of_others, 0)

    def begin(self, item: PlannedDay, *, is_whole: bool) -> None:
        """Note that a day is being read, from its start.

        Args:
            item: The day.
            is_whole: Whether rows that are known of it are read as well.
        """
        with self._lock:
            if is_whole and item is not self._whole:
                self._planned[item.project_id] += _known(item)
                self._whole = item
            self._under_way, self._of_day = item, 0

    def reach(self, rows: int, total: int) -> None:
        """Note how many rows of the day have come, and how many the server counts on it."""
        with self._lock:
            item = self._under_way
            if item is None:
                return
            self._of_day = rows
            if _key(item) in self._uncounted:
                self._uncounted.discard(_key(item))
                self._planned[item.project_id] += total

    def end(self) -> None:
        """Note that the day was read."""
        with self._lock:
            if self._under_way is not None:
                self._read[self._under_way.project_id] += self._of_day
            self._of_day = 0

    @property
    def day(self) -> _Key | None:
        """The project and the day that are being read, or were read last; None before any."""
        item = self._under_way
        return None if item is None else _key(item)

    @property
    def rows(self) -> int:
        """Rows that have come."""
        with self._lock:
            return self._read.total() + self._of_day

    def expected(self, failed: Collection[str]) -> int | None:
        """Rows that have come and those to come; None as long as that is not known.

        Args:
            failed: Projects of which nothing more comes.
        """
        with self._lock:
            if not self.is_exact or any(one not in failed for one, _ in self._uncounted):
                return None
            lost = {project for project in self._planned if project in failed}
            planned = sum(n for project, n in self._planned.items() if project not in lost)
            read = sum(n for project, n in self._read.items() if project in lost)
            come = self._read.total() + self._of_day
            return max(planned + read, come) or None


def _key(item: PlannedDay) -> _Key:
    return item.project_id, item.day


def _known(item: PlannedDay) -> int:
    """Rows of the day that need not come again, if only newer ones do."""
    return 0 if item.tail_of is None else item.tail_of.total_count
