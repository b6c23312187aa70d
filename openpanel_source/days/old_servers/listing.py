"""Put a listing together from looks at it that agree on everything but the order of ties; pure.

Where rows of one millisecond have no order, two requests may show them in two (openpanel-api.md,
section 8). What stays true is the place of each group of equal rows in the listing: so a group is
taken from one look that shows all of it, or gathered from many until it is as large as its place.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections import Counter
from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from operator import attrgetter
from typing import NamedTuple

import msgspec

Key = tuple[str, ...]
"""What a listing is ordered by: rows of one key are a group, in no order among themselves."""


class Row(NamedTuple):
    """A row of an answer, undecoded but for what places it."""

    id: Hashable
    key: Key
    profile_id: str | None
    raw: msgspec.Raw


class Group(NamedTuple):
    """The place of the rows of one key: from start to before end."""

    start: int
    end: int
    key: Key

    @property
    def size(self) -> int:
        """How many rows there are of the key."""
        return self.end - self.start


class Spot(NamedTuple):
    """Where a request looks: a limit, and an offset that its page number gives exactly."""

    limit: int
    offset: int

    @property
    def page(self) -> str:
        """The page number; a binary fraction, so that the server's arithmetic is exact."""
        return "1" if self.offset == 0 else repr(1 + self.offset / self.limit)


@dataclass(frozen=True)
class Grid:
    """The limit for reading on, and the step of offsets that it reaches exactly.

    A page number has to be exact in binary: offset / limit is, where the offset is a multiple of
    the limit's odd part.
    """

    limit: int
    step: int
    exact: int
    """The largest limit that reaches every offset: a power of two."""

    @property
    def overlap(self) -> int:
        """Rows that neighbouring looks share, so that few groups are cut by both."""
        return self.limit // 16

    def spot(self, position: int) -> Spot:
        """A look that shows the row at a position, as one of its first, without asking page 1."""
        offset = position - position % self.step
        return Spot(self.limit, offset) if offset else Spot(self.exact, position)

    def spots(self, start: int, end: int) -> Iterator[Spot]:
        """Looks that show the rows from a position on, to before another."""
        while start < end:
            spot = self.spot(start)
            yield spot
            reached = spot.offset + spot.limit
            start = reached if reached >= end else reached - self.overlap


@lru_cache
def grid_of(page_size: int) -> Grid:
    """The grid that brings most new rows a page: 992 of 1,000, in steps of 31."""
    best = _limits(page_size)[0]
    exact = 1 << page_size.bit_length() - 1
    return Grid(best, _odd_part(best), exact)


def varied_spots(group: Group, page_size: int, rounds: int) -> Iterator[list[Spot]]:
    """Rounds of looks at a large group, each with another limit and so in another order."""
    for limit in _limits(page_size)[:rounds]:
        step = _odd_part(limit)
        first = -(-max(group.start, 1) // step) * step
        yield [Spot(limit, offset) for offset in range(first, group.end, limit)]


@lru_cache
def _limits(page_size: int) -> list[int]:
    # The larger the limit the more it shows, the smaller the step the closer it comes.
    return sorted(range(1, page_size + 1), key=lambda limit: _odd_part(limit) - limit)


def _odd_part(number: int) -> int:
    return number // (number & -number)


class _Look(NamedTuple):
    start: int
    rows: Sequence[Row]

    @property
    def end(self) -> int:
        return self.start + len(self.rows)


_START = attrgetter("start")
_UNCLEAR: Key = ()
"""The key of a position at which two looks do not agree: the listing moved between them."""


class Listing:
    """What is known of the rows of a listing.

    Args:
        size: How many rows it has.
    """

    def __init__(self, size: int) -> None:
        self._keys: list[Key | None] = [None] * size
        self.unknown = size
        """At how many positions no look has shown a row."""
        self._looks: list[_Look] = []
        self._longest = 0

    @property
    def size(self) -> int:
        """How many rows it has."""
        return len(self._keys)

    def grow(self, size: int) -> None:
        """Have it be this long at least."""
        more = max(size - len(self._keys), 0)
        self._keys += [None] * more
        self.unknown += more

    def add(self, start: int, rows: Sequence[Row]) -> None:
        """Take in what a look showed.

        Args:
            start: The position of its first row; below 0 it shows rows that do not matter.
            rows: In order.
        """
        rows = rows[max(-start, 0) : max(self.size - start, 0)]
        start = max(start, 0)
        for position, row in enumerate(rows, start):
            known = self._keys[position]
            if known is None:
                self._keys[position] = row.key
                self.unknown -= 1
            elif known != row.key:
                self._keys[position] = _UNCLEAR
        if rows:
            insort(self._looks, _Look(start, rows), key=_START)
            self._longest = max(self._longest, len(rows))

    def agrees(self, start: int, rows: Sequence[Row]) -> bool:
        """Whether a look contradicts nothing that is known."""
        pairs = zip(self._keys[max(start, 0) :], rows[max(-start, 0) :], strict=False)
        return all(known is None or known == row.key for known, row in pairs)

    def gaps(self) -> Iterator[tuple[int, int]]:
        """Ranges of unknown positions: start, and before which position they end."""
        return ((start, end) for start, end, key in self._runs() if key is None)

    def groups(self) -> Iterator[Group]:
        """The groups of rows of one key, in order."""
        return (Group(start, end, key) for start, end, key in self._runs() if key)

    def whole(self, group: Group) -> Sequence[Row] | None:
        """The rows of a group, if one look showed all of them."""
        for look in self._around(group):
            if look.start <= group.start and group.end <= look.end:
                return look.rows[group.start - look.start : group.end - look.start]
        return None

    def parts(self, group: Group) -> Iterator[Sequence[Row]]:
        """What each look showed of a group."""
        for look in self._around(group):
            first = max(group.start - look.start, 0)
            part = look.rows[first : max(group.end - look.start, 0)]
            if part:
                yield part

    def _around(self, group: Group) -> Iterator[_Look]:
        first = bisect_left(self._looks, group.start - self._longest, key=_START)
        last = bisect_right(self._looks, group.end, key=_START)
        return iter(self._looks[first:last])

    def _runs(self) -> Iterator[tuple[int, int, Key | None]]:
        start = 0
        for position in range(1, self.size + 1):
            if position == self.size or self._keys[position] != self._keys[start]:
                yield start, position, self._keys[start]
                start = position


class Gathered:
    """The rows of a group, gathered from parts of it.

    A row that was delivered twice counts as often as one part shows it: parts share rows, and
    only a part by itself is sure not to show one row twice.
    """

    def __init__(self, parts: Iterable[Sequence[Row]] = ()) -> None:
        self._rows: dict[Hashable, list[Row]] = {}
        self.size = 0
        for part in parts:
            self.add(part)

    def add(self, part: Sequence[Row]) -> None:
        """Take in what one look showed of the group."""
        repeated = Counter(row.id for row in part)
        for row in part:
            held = self._rows.setdefault(row.id, [])
            if len(held) < repeated[row.id]:
                held.append(row)
                self.size += 1

    def rows(self) -> list[Row]:
        """All rows, those delivered twice as often as they were."""
        return [row for rows in self._rows.values() for row in rows]
