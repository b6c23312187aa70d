"""Ask a server for the ids of a day, and nothing that it does not send anyway."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import NamedTuple

import msgspec

from openpanel_source.api.page import split_page
from openpanel_source.api.query import EVENTS_PATH, Params
from openpanel_source.days.ledger import Reason
from openpanel_source.days.old_servers.listing import Spot, grid_of
from openpanel_source.days.old_servers.looks import DayRange, Look, Looker
from openpanel_source.days.old_servers.reader import ExactReader
from openpanel_source.days.planned_days import PlannedDay
from openpanel_source.days.reader import DayReader
from openpanel_source.errors import RequestAbortedError
from openpanel_source.model.clock import DAY, midnight
from openpanel_source.model.instants import parse_instant
from openpanel_source.model.json_text import UNREADABLE, without_halves, without_nul
from openpanel_source.model.schema import INCLUDES
from openpanel_source.operations.scrub.proofs import Proof
from openpanel_source.rows.shape import Shaper

_MILLISECOND = timedelta(milliseconds=1)


class Row(NamedTuple):
    """A row that the server lists: its id, or all of it if it has none, and when it happened."""

    id: str | bytes
    at: datetime | None


@dataclass(frozen=True)
class Listed:
    """What a server lists of a day, from the newest row on, or where an earlier part ended.

    Attributes:
        rows: How many it listed, rows that are listed again left out.
        ids: Their ids.
        start: They happened from this instant on, UTC.
        end: They happened before this one.
        is_whole: Whether it listed them to the day's first row.
        position: Place among the day's rows of what follows.
    """

    rows: int
    ids: frozenset[str | bytes]
    start: datetime
    end: datetime
    is_whole: bool
    position: int

    @property
    def is_day(self) -> bool:
        """Whether it is the day, and no part of it."""
        return self.is_whole and self.position == self.rows


class _Head(msgspec.Struct, rename="camel"):
    id: msgspec.Raw = msgspec.Raw(b"null")
    created_at: str | None = None


@dataclass(frozen=True)
class Lister:
    """Lists ids of days.

    Args:
        reader: Reads days of the same server, as it was recognised.
        is_due: Asked between pages; true ends the listing.
    """

    reader: DayReader
    is_due: Callable[[], bool] = lambda: False

    def take(self, project: str, day: date, part: Proof | None, requests: int) -> Listed:
        """List a day, or go on where a part ended.

        Servers before 2026-03, whose pages have no order, list days as a whole.

        Args:
            project: The project.
            day: The UTC day.
            part: What was listed before; None for nothing.
            requests: How many may be sent.

        Raises:
            RequestAbortedError: It had to end, on a server that lists days as a whole.
            OpenPanelError: The server cannot be asked.
        """
        end = midnight(day + DAY)
        if not self.reader.generation.has_stable_pages:
            rows = list(self._looked_at(project, day))
            return _listed(rows, midnight(day), end, 0, is_whole=True)
        position = 0
        if part is not None and part.listed_from is not None:
            end, position = part.listed_from, part.listed_rows or 0
        has_bounds = part is not None and self.reader.generation.has_filters
        spot = self._spot(0 if has_bounds else position)
        params = self._params(project, day, end if has_bounds else None, spot.limit)
        rows, is_whole = self._pages(params, spot, requests)
        # Without bounds, pages begin a little before, and a day may end with the next midnight.
        is_cut = part is not None or self.reader.generation.has_edges
        fresh = [row for row in rows if not is_cut or row.at is None or row.at < end]
        if is_whole:
            return _listed(fresh, midnight(day), end, position, is_whole=True)
        last = next((row.at for row in reversed(fresh) if row.at is not None), end)
        start = last.replace(microsecond=last.microsecond // 1000 * 1000) + _MILLISECOND
        kept = [row for row in fresh if row.at is None or row.at >= start]
        return _listed(kept, start, end, position, is_whole=False)

    def _spot(self, position: int) -> Spot:
        size = self.reader.generation.page_size
        if not position:
            return Spot(size, 0)
        grid = grid_of(size)
        return Spot(grid.limit, position - position % grid.step)

    def _pages(self, params: Params, spot: Spot, requests: int) -> tuple[list[Row], bool]:
        """Rows from a position on, and whether they are all there are."""
        rows: list[Row] = []
        reader = self.reader
        for _ in range(requests):
            page = reader.client.read(EVENTS_PATH, [*params, ("page", _number(spot))], split_page)
            rows += map(row_of, page.data)
            spot = spot._replace(offset=spot.offset + spot.limit)
            is_counted = reader.query.is_counted and spot.offset >= page.meta.total_count
            if not page.data or is_counted:
                return rows, True
            if self.is_due():
                break
        return rows, False

    def _params(self, project: str, day: date, end: datetime | None, limit: int) -> Params:
        query, generation = self.reader.query, self.reader.generation
        if end is None:
            return query.params(project, day, day, limit=limit, generation=generation)
        start = midnight(day)
        return query.between(project, start, end, limit=limit, generation=generation)

    def _looked_at(self, project: str, day: date) -> Iterator[Row]:
        reader = self.reader
        query = replace(reader.query, unwanted=frozenset(INCLUDES), dimensions=())
        looker = _EndingLooker(reader.client, query, reader.generation, reader.now, self.is_due)
        exact = ExactReader(looker, Shaper())
        with ThreadPoolExecutor(reader.pages_in_flight) as pool:
            for rows in exact.listed(pool, PlannedDay(project, day, Reason.SCRUB)):
                yield from (row_of(row.raw) for row in rows)


@dataclass
class _EndingLooker(Looker):
    is_due: Callable[[], bool]

    def look(self, listed: DayRange, spot: Spot) -> Look:
        if self.is_due():
            raise RequestAbortedError("the sync has to end before the day is listed.")
        return super().look(listed, spot)


def row_of(raw: msgspec.Raw) -> Row:
    """What tells a row from others: the id as it is loaded, and its time as far as it has one."""
    text = without_halves(bytes(raw))
    try:
        head = msgspec.json.decode(text, type=_Head)
        found = msgspec.json.decode(head.id)
    except UNREADABLE:
        return Row(bytes(raw), None)
    at = parse_instant(head.created_at) if head.created_at else None
    if isinstance(found, str):
        event_id = without_nul(found)
    else:
        event_id = "" if found is None else bytes(head.id).decode()
    return Row(event_id or bytes(raw), at)


def _listed(
    rows: Iterable[Row], start: datetime, end: datetime, position: int, *, is_whole: bool
) -> Listed:
    found = list(rows)
    ids = frozenset(row.id for row in found)
    return Listed(len(found), ids, start, end, is_whole, position + len(found))


def _number(spot: Spot) -> str:
    whole, rest = divmod(spot.offset, spot.limit)
    return spot.page if rest else str(whole + 1)
