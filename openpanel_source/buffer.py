"""Rows of a day that wait for the day to be proven: in memory while few, in a file when many."""

from __future__ import annotations

import ctypes
import os
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pyarrow as pa

_MOST_BYTES = 16 * 1024 * 1024


class TableBuffer:
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
        options = pa.ipc.IpcWriteOptions(compression="lz4")
        self.writer = pa.ipc.new_stream(self._sink, schema, options=options)

    def tables(self) -> Iterator[pa.Table]:
        if not self._sink.closed:
            self.writer.close()
            self._sink.close()
        self._file.seek(0)
        for batch in pa.ipc.open_stream(self._file):
            yield pa.Table.from_batches([batch])


_lean_lock = threading.Lock()
_lean = 0
"""How many syncs keep memory lean at present: threads may run several."""
_usual = pa.default_memory_pool()


@contextmanager
def lean_memory() -> Iterator[None]:
    """Keep freed memory from piling up meanwhile.

    Arrow's own allocator keeps most of what it had, so the system's is used. And glibc gives each
    thread a heap that stays as large as it ever was: one for all is enough, as the threads mostly
    wait for the network.
    """
    global _lean, _usual  # noqa: PLW0603 - what is set is the process's own
    with _lean_lock:
        if not _lean:
            _usual = pa.default_memory_pool()
            pa.set_memory_pool(pa.system_memory_pool())
            _limit_heaps(1)
        _lean += 1
    try:
        yield
    finally:
        with _lean_lock:
            _lean -= 1
            if not _lean:
                _limit_heaps(0)
                pa.set_memory_pool(_usual)


_M_ARENA_MAX = -8
"""From glibc's malloc.h."""


def _limit_heaps(most: int) -> None:
    """Set how many heaps glibc makes for threads, 0 for as many as it likes; elsewhere nothing."""
    with suppress(OSError, AttributeError, TypeError):
        ctypes.CDLL(None).mallopt(_M_ARENA_MAX, most)


def give_back_memory() -> None:
    """Give freed memory back to the system: what comes next takes its own."""
    pa.default_memory_pool().release_unused()
