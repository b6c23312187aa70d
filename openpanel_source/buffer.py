"""Rows of a day that wait for the day to be proven: in memory while few, in a file when many."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

import pyarrow as pa

_MOST_BYTES = 32 * 1024 * 1024


class TableBuffer:
    """Arrow tables of one schema, in order, in bounded memory.

    Args:
        most_bytes: Held in memory; more goes to a temporary file, which vanishes with the buffer.
    """

    def __init__(self, most_bytes: int = _MOST_BYTES) -> None:
        self._most_bytes = most_bytes
        self._tables: list[pa.Table] = []
        self._bytes = 0
        self._file: IO[bytes] | None = None
        self._writer: pa.ipc.RecordBatchStreamWriter | None = None
        self.num_rows = 0

    def append(self, table: pa.Table) -> None:
        """Add a table at the end."""
        self.num_rows += table.num_rows
        self._tables.append(table)
        self._bytes += table.nbytes
        if self._bytes > self._most_bytes:
            self._spill()

    def _spill(self) -> None:
        if self._writer is None:
            # It is open as long as the buffer lives.
            self._file = tempfile.TemporaryFile(prefix="openpanel-day-")  # noqa: SIM115
            options = pa.ipc.IpcWriteOptions(compression="lz4")
            schema = self._tables[0].schema
            self._writer = pa.ipc.new_stream(self._file, schema, options=options)
        for table in self._tables:
            self._writer.write_table(table)
        self._tables, self._bytes = [], 0

    def __iter__(self) -> Iterator[pa.Table]:
        """The tables in order; nothing can be added afterwards if some lie in a file."""
        if self._file is not None and self._writer is not None:
            self._writer.close()
            self._file.seek(0)
            for batch in pa.ipc.open_stream(self._file):
                yield pa.Table.from_batches([batch])
        yield from self._tables


@contextmanager
def lean_memory() -> Iterator[None]:
    """Have Arrow take memory from the system meanwhile: its own allocator keeps far more."""
    usual = pa.default_memory_pool()
    pa.set_memory_pool(pa.system_memory_pool())
    try:
        yield
    finally:
        pa.set_memory_pool(usual)
