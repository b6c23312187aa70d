"""Rows that wait for their day to be proven: in memory while few, in a file when many."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Iterator
from datetime import datetime

import pyarrow as pa

from openpanel_source.model.schema import EVENT_GROUPS

_MOST_BYTES = 26 * 1024 * 1024
"""Some thirty-five thousand events; through a file, reading takes a tenth more of the processor."""
_MOST_AFTERWARDS = 4 * 1024 * 1024
"""What waits to be written of rows that are too many for the memory anyway."""
_BATCH_BYTES = 16 * 1024 * 1024


class SpilledTables:
    """Arrow tables, in order, in bounded memory; they may come with further columns at any time.

    Args:
        most_bytes: Held in memory; more goes to a temporary file, which vanishes with the buffer.
    """

    def __init__(self, most_bytes: int = _MOST_BYTES) -> None:
        self._most_bytes = most_bytes
        self._tables: list[pa.Table] = []
        self._bytes = 0
        self._segments: list[_Segment] = []
        self.num_rows = 0

    def append(self, table: pa.Table) -> None:
        """Add a table at the end."""
        self.num_rows += table.num_rows
        self._tables.append(table)
        self._bytes += table.nbytes
        if self._bytes > self._most_bytes:
            self._spill()
            self._most_bytes = min(self._most_bytes, _MOST_AFTERWARDS)

    def _spill(self) -> None:
        for table in self._tables:
            if not self._segments or not self._segments[-1].schema.equals(table.schema):
                self._segments.append(_Segment(table.schema))
            self._segments[-1].writer.write_table(table)
        self._tables, self._bytes = [], 0

    def __iter__(self) -> Iterator[pa.Table]:
        """The tables in order; as often as wanted; none can be added then if some are in a file."""
        for segment in self._segments:
            yield from segment.tables()
        yield from self._tables


class _Segment:
    """Tables of one schema in a temporary file.

    It is there as long as it is open, and gone if the process is killed.
    """

    def __init__(self, schema: pa.Schema) -> None:
        self.schema = schema
        handle, path = tempfile.mkstemp(prefix="openpanel-day-")
        os.close(handle)
        # Through a Python file, each small write of Arrow would wait for the interpreter.
        self._sink, self._file = pa.OSFile(path, "wb"), pa.OSFile(path, "rb")
        os.unlink(path)
        # Arrow's threads would take longer to be told of each small piece than one to write it.
        options = pa.ipc.IpcWriteOptions(compression="lz4", use_threads=False)
        self.writer = pa.ipc.new_stream(self._sink, schema, options=options)

    def tables(self) -> Iterator[pa.Table]:
        if not self._sink.closed:
            self.writer.close()
            self._sink.close()
        self._file.seek(0)
        options = pa.ipc.IpcReadOptions(use_threads=False)
        for batch in pa.ipc.open_stream(self._file, options=options):
            yield pa.Table.from_batches([batch])


def batched_tables(tables: Iterable[pa.Table], rows: int) -> Iterator[pa.Table]:
    """Small tables put together, as dlt writes a large one as fast as a small one.

    Args:
        tables: Of one schema.
        rows: So many make a table; fewer do if they take much memory.
    """
    waiting: list[pa.Table] = []
    for table in tables:
        waiting.append(table)
        count = sum(one.num_rows for one in waiting)
        if count >= rows or sum(one.nbytes for one in waiting) >= _BATCH_BYTES:
            yield pa.concat_tables(waiting)
            waiting = []
    if waiting:
        yield pa.concat_tables(waiting)


_MOST_SIDE_BYTES = 4 * 1024 * 1024


class SideRows:
    """Rows by the name of their table, in bounded memory."""

    def __init__(self) -> None:
        self._buffers: dict[str, SpilledTables] = {}

    def __getitem__(self, name: str) -> SpilledTables:
        """The rows for a table; perhaps none."""
        return self._buffers.get(name, SpilledTables())

    @property
    def group_rows(self) -> int:
        """Rows for ``event_groups``."""
        return self[EVENT_GROUPS.name].num_rows

    def add(self, name: str, rows: pa.Table) -> None:
        """Add rows for a table."""
        if rows.num_rows:
            self._buffers.setdefault(name, SpilledTables(_MOST_SIDE_BYTES)).append(rows)

    def update(self, other: SideRows) -> None:
        """Add all rows of another."""
        for name, tables in other._buffers.items():
            for rows in tables:
                self.add(name, rows)

    def after(self, instant: datetime) -> SideRows:
        """The groups of events after an instant; of other tables all rows."""
        import pyarrow.compute as pc

        found = SideRows()
        for name, tables in self._buffers.items():
            for rows in tables:
                is_newer = name != EVENT_GROUPS.name or pc.greater(rows["created_at"], instant)
                found.add(name, rows if is_newer is True else rows.filter(is_newer))
        return found
