"""One reading of a day, page by page: its rows each once, and the counts that it is judged by."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import NamedTuple

import pyarrow as pa

from openpanel_source.days.ledger import DayRecord
from openpanel_source.days.verdict import Counts
from openpanel_source.errors import DaysMisunderstoodError
from openpanel_source.model.clock import DAY, midnight
from openpanel_source.model.instants import instant_text
from openpanel_source.model.schema import EVENT_GROUPS
from openpanel_source.rows.groups import GROUPED, event_groups
from openpanel_source.rows.privacy import Privacy
from openpanel_source.rows.rejected import RejectedRows
from openpanel_source.rows.shape import ShapedPage
from openpanel_source.rows.spill import SideRows, SpilledTables

_FEW_MISPLACED = 5
_FEW_MISPLACED_SHARE = 0.01
_PAGES_AT_A_TIME = 20
"""Groups of many pages cost little more than those of one."""


@dataclass
class Attempt:
    """One reading of a day from its first page to its last.

    Attributes:
        page_size: Rows a page; 0 where a day is not read page by page.
    """

    page_size: int = 0
    totals: list[int] = field(default_factory=list)
    rows: int = 0
    repeats: int = 0
    ids: set[str] = field(default_factory=set)
    tables: SpilledTables = field(default_factory=SpilledTables)
    newest_id: str | None = None
    """Of the first row, rejected or not: the server lists the newest first."""
    newest_at: datetime | None = None
    """When the first event happened."""
    rejected: RejectedRows = field(default_factory=RejectedRows)
    has_repeated_page: bool = False
    """Whether some page came twice, as from a cache: then others may not have come at all."""
    _seen: set[int] = field(default_factory=set)
    _side_rows: SideRows = field(default_factory=SideRows)
    _ungrouped: list[pa.Table] = field(default_factory=list)
    erased_at: list[datetime] = field(default_factory=list)
    """When the events of erased profiles happened, which are not among the rows."""

    def add(self, page: ShapedPage) -> int:
        """Take in the next page; returns how many of its rows are new."""
        table, keep = page.table, page.keep
        if not self.totals:
            self.newest_id = page.first_id
        if table.num_rows and not self.ids:
            self.newest_at = table.column("created_at")[0].as_py()
        self.totals.append(page.meta.total_count)
        self.rows += page.rows
        distinct = set(page.ids)
        if len(distinct) > 1:
            mark = hash(tuple(page.ids))
            self.has_repeated_page |= mark in self._seen
            self._seen.add(mark)
        fresh = distinct if self.ids.isdisjoint(distinct) else distinct - self.ids
        if len(fresh) < len(page.ids):
            self.repeats += sum(event_id in self.ids for event_id in page.ids)
            firsts = _firsts(page.ids, fresh)
            table = table.filter(firsts)
            keep = None if keep is None else keep.filter(firsts)
        if keep is not None:
            times = table.column("created_at").to_pylist()
            kept_or_not = zip(times, keep.to_pylist(), strict=True)
            self.erased_at += [at for at, is_kept in kept_or_not if not is_kept]
            table = table.filter(keep)
        self.tables.append(table)
        self._ungrouped.append(table.select(GROUPED))
        if len(self._ungrouped) == _PAGES_AT_A_TIME:
            self._group()
        for name, rows in page.dimensions:
            self._side_rows.add(name, rows)
        self.ids |= fresh
        rejected = self.rejected.add(page.rejected)
        self.repeats += len(page.rejected) - rejected
        return len(fresh) + rejected

    @property
    def side_rows(self) -> SideRows:
        """Rows for other tables."""
        self._group()
        return self._side_rows

    def _group(self) -> None:
        if self._ungrouped:
            self._side_rows.add(EVENT_GROUPS.name, event_groups(pa.concat_tables(self._ungrouped)))
            self._ungrouped = []

    def redacted(self, privacy: Privacy | None) -> tuple[RejectedRows, int]:
        """The rejected rows as they may be loaded, and how many rows in all were left out."""
        if privacy is None:
            return self.rejected, 0
        rejected = self.rejected.changed(privacy.redacted)
        erased = len(self.rejected) - len(rejected)
        return rejected, erased + len(self.erased_at)

    def leave_out_next_midnight(self, day: date) -> int:
        """Leave out the rows of the first instant after the day; returns how many they were."""
        next_midnight = midnight(day + DAY)
        before = len(self.rejected)
        self.rejected = self.rejected.changed(
            lambda row: None if row.misplaced == next_midnight else row
        )
        return before - len(self.rejected)

    @property
    def mark(self) -> Mark:
        """What another attempt is compared by."""
        rows = len(self.ids) + len(self.rejected)
        return Mark(rows, sum(map(hash, self.ids)) + self.rejected.mark, self.page_size)

    def counts(self, earlier: Mark | None) -> Counts:
        """What it said and brought, given the mark of the attempt before."""
        is_settled = earlier is not None and self.mark.settles(earlier)
        return Counts(
            first_total=self.totals[0],
            lowest_total=min(self.totals),
            highest_total=max(self.totals),
            rows=self.rows,
            repeats=0 if is_settled and not self.has_repeated_page else self.repeats,
            went_in_circles=self.has_repeated_page,
        )


class Mark(NamedTuple):
    """The same for attempts that brought the same rows; others have another, as good as surely.

    Attributes:
        rows: How many.
        digest: Of their ids. The hashes are of 64 bits, and secret, so nobody can make up ids that
            add up to the same.
        page_size: Rows a page.
    """

    rows: int
    digest: int
    page_size: int

    def settles(self, earlier: Mark) -> bool:
        """Whether both attempts show that no row slid from one page to the next.

        Pages of one size may do so in the same way each time, as those of a cache; rows that slide
        between pages that end elsewhere are others.
        """
        has_other_edges = self.page_size != earlier.page_size or not self.page_size
        return self[:2] == earlier[:2] and has_other_edges


@dataclass
class Placement:
    """Whether the server sends rows of the days that it is asked for; over all days of a run."""

    _rows: int = 0
    _misplaced: int = 0

    def check(self, attempt: Attempt, day: date) -> None:
        """Refuse a day if the server sent more than a few rows of other days.

        Raises:
            DaysMisunderstoodError: It means something else by a day.
        """
        misplaced = [row.misplaced for row in attempt.rejected if row.misplaced is not None]
        self._rows += attempt.rows
        self._misplaced += len(misplaced)
        is_many = self._misplaced > max(_FEW_MISPLACED, self._rows * _FEW_MISPLACED_SHARE)
        is_most = len(misplaced) > 1 and 2 * len(misplaced) > attempt.rows
        if misplaced and (is_many or is_most):
            raise DaysMisunderstoodError(
                f"asked for single days, the server sent {self._misplaced:,} events of other days"
                f" among {self._rows:,} (for {day} one of {instant_text(misplaced[0])}): it means"
                " something else by a day. Nothing more was recorded or changed; report it to who"
                " runs the server."
            )


@dataclass
class DayReading:
    """A day as read: its record, and its rows each once."""

    record: DayRecord
    tables: SpilledTables
    rejected: RejectedRows = field(default_factory=RejectedRows)
    after: datetime | None = None
    """If only a tail was read: the rows are those after this instant."""
    side_rows: SideRows = field(default_factory=SideRows)


def _firsts(ids: list[str], fresh: set[str]) -> pa.Array:
    """A mask that keeps the first row of each fresh id."""
    left = set(fresh)
    keep = []
    for event_id in ids:
        keep.append(event_id in left)
        left.discard(event_id)
    return pa.array(keep, pa.bool_())
