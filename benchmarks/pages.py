"""Pages of events, pre-rendered but for what differs between them: any number in little memory.

A day is made of blocks of 1,000 rows, and every block of one of a few templates. In each row of a
template two gaps are left: a part of the id, which makes it unique, and the day and minute of
``createdAt``. Both are the same for all rows of a block, so that filling them in is one ``join``.
"""

from __future__ import annotations

from datetime import date, timedelta
from functools import lru_cache
from random import Random

import msgspec

from benchmarks.catalogue import ALWAYS, INCLUDES, make_event

BLOCK = 1000
"""Rows of a block: a page of the largest size."""

_TEMPLATES = 32
_MINUTES = 1440
"""Minutes of a day; a day has so many blocks at most, each with a minute of its own."""
_EPOCH = date(2020, 1, 1)
_SERIAL, _MINUTE = "SSSS-4SSS", "YYYY-MM-DDTHH:MM"
_PIECES = 5
"""Pieces of a row: text, serial, text, minute, text and the comma."""


class Listing:
    """The events of a project, so many on each UTC day, listed as the server lists them.

    Args:
        project: The project's id.
        first: The first day.
        sizes: Events of each day, from the first on.

    Raises:
        ValueError: A day has more events than fit.
    """

    def __init__(self, project: str, first: date, sizes: list[int]) -> None:
        if sizes and max(sizes) > BLOCK * _MINUTES:
            raise ValueError(f"a day holds at most {BLOCK * _MINUTES:,} events; take more days.")
        self.project = project
        self.first = first
        self.sizes = sizes

    @property
    def last(self) -> date:
        """The last day."""
        return self.first + timedelta(days=len(self.sizes) - 1)

    def total(self, start: date, end: date) -> int:
        """Events of a range of days, both inclusive."""
        begin = max((start - self.first).days, 0)
        return sum(self.sizes[begin : max((end - self.first).days + 1, 0)])

    def prepare(self) -> None:
        """Render what common answers are made of, so that nobody has to wait for it."""
        used = {
            _number(index, block)
            for index, size in enumerate(self.sizes)
            for block in range(min(-(-size // BLOCK), _TEMPLATES))
        }
        for number in used:
            for fields in (frozenset[str](), frozenset(INCLUDES.split(","))):
                _template(self.project, number, fields)

    def grow(self, size: int) -> None:
        """Add a day."""
        self.sizes.append(size)
        self.prepare()

    def rows(self, start: date, end: date, span: range, fields: frozenset[str]) -> bytes:
        """Rows of the listing of a range of days, newest first, as JSON with commas between.

        Args:
            start: First day.
            end: Last day, inclusive.
            span: Positions in the listing; those beyond its end are left out.
            fields: Names asked for beside the ones that are always there.
        """
        skip, wanted = span.start, len(span)
        parts: list[bytes] = []
        newest = min((end - self.first).days, len(self.sizes) - 1)
        for index in range(newest, max((start - self.first).days, 0) - 1, -1):
            size = self.sizes[index]
            while wanted and skip < size:
                block, row = divmod(skip, BLOCK)
                stop = min(row + wanted, BLOCK, size - block * BLOCK)
                parts.append(self._block(index, block, range(row, stop), fields))
                skip, wanted = skip + stop - row, wanted - (stop - row)
            skip -= size
            if not wanted:
                break
            skip = max(skip, 0)
        return parts[0] if len(parts) == 1 else b",".join(parts)

    def _block(self, index: int, block: int, rows: range, fields: frozenset[str]) -> bytes:
        day = self.first + timedelta(days=index)
        blocks = -(-self.sizes[index] // BLOCK)
        minute = _MINUTES - 1 - block * _MINUTES // blocks
        serial = (day - _EPOCH).days * _MINUTES + block
        template = _template(self.project, _number(index, block), fields)
        pieces = template[rows.start * _PIECES : rows.stop * _PIECES]
        digits = f"{serial:07x}"
        pieces[1::_PIECES] = [f"{digits[:4]}-4{digits[4:]}".encode()] * len(rows)
        time = f"{day}T{minute // 60:02}:{minute % 60:02}"
        pieces[3::_PIECES] = [time.encode()] * len(rows)
        pieces[-1] = pieces[-1][:-1]
        return b"".join(pieces)


def _number(index: int, block: int) -> int:
    """The template of a block of a day: few pages a day still make use of all."""
    return (index * 7 + block) % _TEMPLATES


@lru_cache(maxsize=8 * _TEMPLATES)
def _template(project: str, number: int, fields: frozenset[str]) -> list[bytes]:
    """The pieces of a block's rows, newest first, with gaps for serial and minute."""
    random = Random(f"{project}/{number}")
    pieces: list[bytes] = []
    for row in range(BLOCK):
        bits = f"{random.getrandbits(92):023x}"
        event_id = f"{bits[:8]}-{_SERIAL}-8{bits[8:11]}-{bits[11:]}"
        milliseconds = 59_999 - row * 60 - random.randrange(60)
        second = f"{milliseconds // 1000:02}.{milliseconds % 1000:03}"
        event = make_event(random, project, event_id, f"{_MINUTE}:{second}Z")
        groups = event["groups"] if "groups" in fields else []
        kept = {
            name: groups if name == "groups" else value
            for name, value in event.items()
            if name in ALWAYS or name in fields
        }
        head, _, rest = msgspec.json.encode(kept).partition(_SERIAL.encode())
        middle, _, tail = rest.partition(_MINUTE.encode())
        pieces += [head, b"", middle, b"", tail + b","]
    return pieces
