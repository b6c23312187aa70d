"""Read a day from a server whose page 1 hides rows and whose ties have no order.

Such servers (openpanel-api.md, section 8) answer exactly above page 1, where a fractional page is
an exact offset. Looks at exact positions are put together, group by group of equal milliseconds.
"""

from __future__ import annotations

import logging
from collections.abc import Hashable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from itertools import islice

from openpanel_source.api.page import Meta, RawPage
from openpanel_source.days.attempt import Attempt
from openpanel_source.days.meter import Meter
from openpanel_source.days.old_servers.listing import (
    Gathered,
    Grid,
    Group,
    Listing,
    Row,
    Spot,
    grid_of,
    varied_spots,
)
from openpanel_source.days.old_servers.looks import DayRange, Look, Looker
from openpanel_source.days.planned_days import PlannedDay
from openpanel_source.rows.shape import ShapedPage, Shaper

logger = logging.getLogger(__name__)

_ROUNDS = 24
"""Times that a group larger than a page is looked at all over, each time in another order."""
_PROFILES = 200
"""Profiles whose rows of such a group are asked for alone, if that does not bring all."""
_BARREN_LOOKS = 3
"""Looks in a row at rows further down that show none anew, after which a server goes in circles."""
_MISSED = (0, -1, 1, -2, 2)
_CHUNK = 1000
"""Rows shaped at a time."""


@dataclass
class BegunDay:
    """A day of which the first look is taken.

    Attributes:
        item: The day.
        listed: The days that are listed: the day, or the day and newer ones that it begins behind.
        base: The day's first position among the rows listed.
        total: Rows of the day as the server counts them.
        looks: What was seen.
    """

    item: PlannedDay
    listed: DayRange
    base: int
    total: int
    looks: list[Look]


@dataclass
class ExactReader:
    """Reads days by looks at exact positions.

    Args:
        looker: Looks.
        shaper: Makes tables of rows.
        meter: Counts rows as they come.
    """

    looker: Looker
    shaper: Shaper
    meter: Meter = field(default_factory=Meter)

    @property
    def grid(self) -> Grid:
        """Where it looks."""
        return grid_of(self.looker.generation.page_size)

    def first(self, item: PlannedDay) -> BegunDay:
        """Take the first look at a day; where page 1 hides all of it, the first that shows any."""
        looker = self.looker
        listed = DayRange(item.project_id, item.day, item.day)
        look = looker.look(listed, Spot(self.grid.limit, 0))
        begun = BegunDay(item, listed, 0, look.total, [look])
        if look.rows or looker.is_shown(listed) or (looker.query.is_counted and not look.total):
            return begun
        base, wide = looker.behind_newer(listed)
        if not base:
            logger.warning(
                "%s, %s: this server (%s) shows the newest event of a project to nobody once it is"
                " a year old; upgrade the server, or send any event to the project",
                *(item.project_id, item.day, looker.generation.dates),
            )
        listed = wide if base else listed
        behind = looker.look(listed, self.grid.spot(max(base, 1)))
        return BegunDay(item, listed, base, look.total, [behind])

    def read(self, pool: ThreadPoolExecutor, begun: BegunDay) -> Attempt:
        """Read the rest of a day.

        Args:
            pool: Where requests run.
            begun: The first look at it.

        Returns:
            Its rows; as many as the server counts if it held still and all could be seen.
        """
        reading = _Reading(self, pool, begun)
        reading.complete()
        attempt = Attempt()
        for rows in _chunks(reading.groups()):
            attempt.add(self._shape(begun.item, rows, begun.total))
        attempt.totals = reading.totals
        attempt.has_repeated_page = reading.goes_in_circles
        # Which of the newest rows comes first is chance.
        attempt.newest_id = attempt.newest_at = None
        return attempt

    def listed(self, pool: ThreadPoolExecutor, item: PlannedDay) -> Iterator[list[Row]]:
        """The rows of a day, undecoded, as far as they can be seen."""
        reading = _Reading(self, pool, self.first(item))
        reading.complete()
        return reading.groups()

    def rows_of(
        self, pool: ThreadPoolExecutor, item: PlannedDay, key: tuple[str, ...]
    ) -> list[Row]:
        """The rows of one group, as far as looks at the day show it whole."""
        reading = _Reading(self, pool, self.first(item))
        reading.fill()
        groups = (group for group in reading.listing.groups() if group.key == key)
        return [row for group in groups for row in reading.listing.whole(group) or ()]

    def narrowed(self, rows: Iterable[Row]) -> Iterator[ExactReader]:
        """Readers of each profile that rows are of, where profiles can be asked for."""
        looker = self.looker
        if looker.query.profile_id is None and looker.generation.has_profile_id:
            profiles = dict.fromkeys(row.profile_id for row in rows if row.profile_id)
            for profile in islice(profiles, _PROFILES):
                query = replace(looker.query, profile_id=profile)
                yield ExactReader(replace(looker, query=query), Shaper())

    def _shape(self, item: PlannedDay, rows: list[Row], total: int) -> ShapedPage:
        page = RawPage(Meta(total, 1), [row.raw for row in rows])
        return self.shaper.rows(page, item.project_id, item.day)


class _Reading:
    """One reading of a day: its looks, and what they show together."""

    def __init__(self, reader: ExactReader, pool: ThreadPoolExecutor, begun: BegunDay) -> None:
        self._reader = reader
        self._pool = pool
        self._begun = begun
        self._is_counted = reader.looker.query.is_counted
        # What is listed without being counted is measured by the listing, so by what comes first.
        self._expected = begun.base + begun.total if self._is_counted else begun.looks[-1].total
        self._gathered: dict[Group, Gathered] = {}
        self.goes_in_circles = False
        self.totals = [] if begun.looks[0].spot.offset == 0 else [begun.total]
        self.listing = Listing(begun.total if self._is_counted else 0)
        for look in begun.looks:
            self._take(look)

    def complete(self) -> None:
        """Look until all that can be seen was seen, within bounds."""
        self.fill()
        for group in list(self.listing.groups()):
            if self.listing.whole(group) is None:
                self._gather(group)

    def fill(self) -> None:
        """Look at every position, and again at the groups that were cut."""
        while True:
            unknown = self.listing.unknown
            self._look_at(spot for gap in self.listing.gaps() for spot in self._spots(*gap))
            if not self.listing.unknown or self.listing.unknown == unknown:
                break
        if not self._is_counted:
            self._grow()
        fitting = self._reader.grid.limit - self._reader.grid.step
        self._look_at(
            self._reader.grid.spot(max(self._begun.base + group.start, 1))
            for group in list(self.listing.groups())
            if group.size <= fitting and self.listing.whole(group) is None
        )

    def groups(self) -> Iterator[list[Row]]:
        """The rows of each group, as far as they were seen."""
        for group in self.listing.groups():
            whole = self.listing.whole(group)
            if whole is None:
                gathered = self._gathered.get(group) or Gathered(self.listing.parts(group))
                whole = gathered.rows()
            yield list(whole)

    def _spots(self, start: int, end: int) -> Iterator[Spot]:
        """Looks at a range of positions, from a little before: a group may reach into it."""
        base, grid = self._begun.base, self._reader.grid
        return grid.spots(max(base + start - grid.overlap, base, 1), base + end)

    def _grow(self) -> None:
        """Look behind the last row known until none is left, or the server repeats itself."""
        shown: set[Hashable] = set()
        barren = 0
        while not self.goes_in_circles:
            size = self.listing.size
            position = max(self._begun.base + size - self._reader.grid.overlap, self._begun.base, 1)
            _, rows = self._take(self._ask(self._reader.grid.spot(position)))
            if self.listing.size <= size:
                break
            ids = {row.id for row in rows}
            barren = 0 if ids - shown else barren + 1
            self.goes_in_circles = barren == _BARREN_LOOKS
            shown |= ids

    def _gather(self, group: Group) -> None:
        """Gather a group larger than a page from looks that show it in different orders."""
        gathered = self._gathered[group] = Gathered(self.listing.parts(group))
        base = self._begun.base
        placed = Group(base + group.start, base + group.end, group.key)
        for spots in varied_spots(placed, self._reader.looker.generation.page_size, _ROUNDS):
            for spot in spots:
                if gathered.size >= group.size:
                    return
                start, rows = self._take(self._ask(spot))
                gathered.add(rows[max(group.start - start, 0) : max(group.end - start, 0)])
        for narrower in self._reader.narrowed(gathered.rows()):
            if gathered.size >= group.size:
                return
            gathered.add(narrower.rows_of(self._pool, self._begun.item, group.key))

    def _look_at(self, spots: Iterable[Spot]) -> None:
        for future in [self._pool.submit(self._ask, spot) for spot in spots]:
            self._take(future.result())

    def _ask(self, spot: Spot) -> Look:
        return self._reader.looker.look(self._begun.listed, spot)

    def _take(self, look: Look) -> tuple[int, list[Row]]:
        """Take in a look; the position in the day of its first row, and its rows."""
        arrived = look.total - self._expected
        self.totals.append(self._begun.total + arrived)
        # Rows that arrived since, on top, moved all others; elsewhere, the keys will not agree.
        start = look.spot.offset - self._begun.base - arrived
        rows = look.rows if self._is_sound(look) else []
        # A row that arrives within a request is counted and not listed, or the other way round.
        near = (start + missed for missed in _MISSED if arrived)
        start = next((place for place in near if self.listing.agrees(place, rows)), start)
        if not self._is_counted and start <= self.listing.size:
            self.listing.grow(start + len(rows))
        self.listing.add(start, rows)
        self._reader.meter.reach(self.listing.size - self.listing.unknown, self._begun.total)
        return start, rows

    def _is_sound(self, look: Look) -> bool:
        """Whether rows and count of a look agree, and so were taken of the same data."""
        if not self._is_counted:
            return True
        rows = min(max(look.total - look.spot.offset, 0), look.spot.limit)
        # Page 1 may hide rows.
        return len(look.rows) == rows or (look.spot.offset == 0 and len(look.rows) < rows)


def _chunks(groups: Iterable[list[Row]]) -> Iterator[list[Row]]:
    chunk: list[Row] = []
    for rows in groups:
        chunk += rows
        if len(chunk) >= _CHUNK:
            yield chunk
            chunk = []
    if chunk:
        yield chunk
