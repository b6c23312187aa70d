"""The rejected rows of a day, in bounded memory; what came before is not compared again."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import date
from hashlib import blake2b

import pyarrow as pa

from openpanel_source.rows.decode import Rejected
from openpanel_source.rows.shape import shape_rejected
from openpanel_source.rows.spill import SpilledTables

_MOST_BYTES = 4 * 1024 * 1024
_SCHEMA = pa.schema(
    [
        ("raw", pa.string()),
        ("reason", pa.string()),
        ("misplaced", pa.timestamp("us", "UTC")),
    ]
)


class RejectedRows:
    """Rejected rows, in order; none can be added any more once they were looked at.

    Args:
        rows: The first of them.
    """

    def __init__(self, rows: Iterable[Rejected] = ()) -> None:
        self._tables = SpilledTables(_MOST_BYTES)
        self._seen: set[bytes] = set()
        self._append(list(rows))

    def __len__(self) -> int:
        return self._tables.num_rows

    def add(self, page: Iterable[Rejected]) -> int:
        """Take in those of a page that no page before had; returns how many they are."""
        marks = [(blake2b(row.raw.encode(), digest_size=16).digest(), row) for row in page]
        fresh = [row for mark, row in marks if mark not in self._seen]
        self._seen.update(mark for mark, _ in marks)
        self._append(fresh)
        return len(fresh)

    @property
    def mark(self) -> int:
        """The same for the same rows, in any order."""
        return sum(map(hash, self._seen))

    def __iter__(self) -> Iterator[Rejected]:
        for rows in self._pages():
            yield from rows

    def changed(self, change: Callable[[Rejected], Rejected | None]) -> RejectedRows:
        """The rows as a function makes them, without those of which it makes None."""
        others = RejectedRows()
        for rows in self._pages():
            others._append([row for row in map(change, rows) if row is not None])
        return others

    def shaped(self, project_id: str, day: date) -> Iterator[pa.Table]:
        """Rows of the table ``rejected_events``, some at a time."""
        position = 0
        for rows in self._pages():
            yield shape_rejected(rows, project_id, day, position)
            position += len(rows)

    def _append(self, rows: list[Rejected]) -> None:
        if rows:
            self._tables.append(pa.Table.from_pylist(list(map(vars, rows)), schema=_SCHEMA))

    def _pages(self) -> Iterator[list[Rejected]]:
        for table in self._tables:
            yield [Rejected(**row) for row in table.to_pylist()]
