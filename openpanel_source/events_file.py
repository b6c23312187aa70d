"""The events of a load package as one Parquet file, ready for dlt to import.

dlt would write the same tables through a Python file, taking the interpreter from the threads that
read pages for each of thousands of small writes. Arrow writes to a path without it, on the other
core. One file, because a database takes many rows at once much faster than a few at a time.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Any

import dlt
import pyarrow as pa

from openpanel_source.schema import EVENTS

_ROWS_A_GROUP = 20_000
_BYTES_A_GROUP = 12 * 1024 * 1024
"""Rows of a row group lie in memory at once, here and where the file is loaded."""
_DIVERSE = {"id", "created_at", "device_id", "profile_id", "session_id", "properties", "extras"}
_REPEATING = [column.name for column in EVENTS.columns if column.name not in _DIVERSE]
"""Columns of which a dictionary pays."""


class EventsFile:
    """A Parquet file of rows of ``events``; remove it by leaving the context.

    Args:
        folder: Where; on the file system of the pipeline's folder, importing it is a link.
    """

    def __init__(self, folder: str | None) -> None:
        from pyarrow.parquet import ParquetWriter

        handle, name = tempfile.mkstemp(prefix="events-", suffix=".parquet", dir=folder)
        os.close(handle)
        self.path = Path(name)
        self.rows = 0
        self._schema = EVENTS.arrow_schema
        self._writer = ParquetWriter(name, self._schema, use_dictionary=_REPEATING)
        self._waiting: list[pa.Table] = []
        self._waiting_rows = self._waiting_bytes = 0

    def __enter__(self) -> EventsFile:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._writer.close()
        self.path.unlink(missing_ok=True)

    def add(self, table: pa.Table) -> None:
        """Add rows at the end."""
        self.rows += table.num_rows
        self._waiting.append(table)
        self._waiting_rows += table.num_rows
        self._waiting_bytes += table.nbytes
        if self._waiting_rows >= _ROWS_A_GROUP or self._waiting_bytes >= _BYTES_A_GROUP:
            self._write()

    def _write(self) -> None:
        if self._waiting_rows:
            self._writer.write_table(pa.concat_tables(self._waiting), row_group_size=_ROWS_A_GROUP)
        self._waiting = []
        self._waiting_rows = self._waiting_bytes = 0

    def finish(self) -> Any:
        """End the file; returns what to yield to have dlt import it."""
        self._write()
        self._writer.close()
        return dlt.mark.with_file_import(
            str(self.path), "parquet", self.rows, self._schema.empty_table()
        )
