"""Look at exact positions of a listing, on servers whose page 1 does not show all of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import NamedTuple

import msgspec

from openpanel_source.api.client import Client
from openpanel_source.api.generation import Generation
from openpanel_source.api.page import split_page
from openpanel_source.api.query import EVENTS_PATH, EventQuery, unique_name
from openpanel_source.days.old_servers.listing import Row, Spot
from openpanel_source.errors import UnexpectedAnswerError
from openpanel_source.model.clock import DAY, LATEST, Clock
from openpanel_source.model.json_text import UNREADABLE
from openpanel_source.rows.event import without_dimensions

_SHOWN = timedelta(days=360)
"""Page 1 shows rows that are younger; the servers' own limit is 365 days."""
_MOST_ROWS = 10**9
"""Newer rows after which a listing is taken to have no end."""


class Look(NamedTuple):
    """What one request showed: the server's count of the range, and rows from a position on."""

    total: int
    spot: Spot
    rows: list[Row]


class DayRange(NamedTuple):
    """The UTC days that a listing is of, both inclusive."""

    project_id: str
    first: date
    last: date


class _Head(msgspec.Struct, rename="camel"):
    id: str
    created_at: str
    profile_id: str | None = None
    name: str | None = None


_head = msgspec.json.Decoder(_Head)


@dataclass
class Looker:
    """Looks at listings and counts them.

    Args:
        client: Makes the requests.
        query: Which events.
        generation: The server's.
        now: The clock.
    """

    client: Client
    query: EventQuery
    generation: Generation
    now: Clock

    def look(self, listed: DayRange, spot: Spot) -> Look:
        """The rows of a listing at a spot, with every field."""
        params = self.query.params(
            *listed,
            limit=spot.limit,
            # The server keeps counts under the names of the fields, but not under the days.
            includes=(*self.query.includes, unique_name()),
            generation=self.generation,
        )
        page = self.client.read(EVENTS_PATH, [*params, ("page", spot.page)], split_page)
        return Look(page.meta.total_count, spot, list(map(self._row, page.data)))

    def count(self, listed: DayRange) -> int:
        """Rows that the server counts; 1 if it counts none and lists some."""
        look = self.look(listed, Spot(1, 0))
        if self.query.is_counted or look.total or look.rows or self.is_shown(listed):
            return look.total or len(look.rows)
        # Rows may be listed without being counted, and not shown on page 1 for their age.
        anybodys = replace(self.query, profile_id=None)
        if not replace(self, query=anybodys).count(listed):
            return 0
        if self.look(listed, Spot(1, 1)).rows:
            return 1
        base, wide = self.behind_newer(listed)
        return len(self.look(wide, Spot(1, base)).rows) if base else 0

    def is_shown(self, listed: DayRange) -> bool:
        """Whether page 1 shows some row of the days, whichever they hold."""
        return listed.first >= (self.now() - _SHOWN).date()

    def behind_newer(self, listed: DayRange) -> tuple[int, DayRange]:
        """A longer range in which the days begin above page 1, behind newer rows.

        Args:
            listed: Days of which page 1 shows nothing.

        Returns:
            The position at which they begin, and the longer range; 0 if no newer row can be seen.

        Raises:
            UnexpectedAnswerError: There is a newer row wherever one looks.
        """
        if self.query.is_counted:
            return self._behind_next(listed)
        wide = listed._replace(last=LATEST)

        def is_newer(position: int) -> bool:
            rows = self.look(wide, Spot(1, position)).rows
            return bool(rows) and rows[0].key[0][:10] > listed.last.isoformat()

        newer = max(self.look(wide._replace(first=listed.last + DAY), Spot(1, 0)).total, 1)
        low = 0
        while is_newer(newer):
            if newer > _MOST_ROWS:
                raise UnexpectedAnswerError(
                    f"the server lists events newer than {listed.last} without end; check that"
                    " base_url leads to OpenPanel's API."
                )
            low, newer = newer, newer * 2
        while newer - low > 1:
            middle = (low + newer) // 2
            low, newer = (middle, newer) if is_newer(middle) else (low, middle)
        return (newer if low or is_newer(0) else 0), wide

    def _behind_next(self, listed: DayRange) -> tuple[int, DayRange]:
        days = 1
        while True:
            last = min(listed.last + days * DAY, LATEST)
            base = self.count(DayRange(listed.project_id, listed.last + DAY, last))
            if base or last == LATEST:
                return base, listed._replace(last=last)
            days *= 16

    def _row(self, raw: msgspec.Raw) -> Row:
        try:
            head = _head.decode(raw)
        except UNREADABLE:
            # It takes its place as a group of its own.
            same = without_dimensions(bytes(raw), self.query.dimensions)
            return Row(same, ("", same.hex()), None, raw)
        key: tuple[str, ...] = (head.created_at,)
        if self.generation.has_ordered_ties:
            key = (head.created_at, head.profile_id or "", head.name or "")
        return Row(head.id, key, head.profile_id, raw)
