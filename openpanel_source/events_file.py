"""The events of a load package as a file, mostly Parquet, ready for dlt to import.

dlt would write the same tables through a Python file, taking the interpreter from the threads that
read pages for each of thousands of small writes. Arrow writes to a path without it, on the other
core. One file, because a database takes many rows at once much faster than a few at a time; but
DuckDB holds long texts of a file in memory until all of it is written, so these come in several.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Literal

import dlt
import pyarrow as pa

from openpanel_source.schema import EVENTS

_ROWS_A_GROUP = 20_000
_BYTES_A_GROUP = 12 * 1024 * 1024
"""Rows of a row group lie in memory at once, here and where the file is loaded."""
_ORDINARY = 4 * 1024
"""Bytes of a row beyond which it is heavy: DuckDB puts longer texts apart."""
_HEAVY_A_GROUP = 4 * 1024 * 1024
_HEAVY_A_FILE = 64 * 1024 * 1024
_DIVERSE = {"id", "created_at", "device_id", "profile_id", "session_id", "properties", "extras"}
_REPEATING = [column.name for column in EVENTS.columns if column.name not in _DIVERSE]
"""Columns of which a dictionary pays."""
_JSON = [column.name for column in EVENTS.columns if column.type == "json"]


class EventsFile:
    """Rows of ``events`` in a file, or some; remove them by leaving the context.

    Args:
        folder: Where; on the file system of the pipeline's folder, importing it is a link.
        file_format: Of the files.

    Attributes:
        rows: In all files.
        heavy_bytes: In all files, beyond what is ordinary.
    """

    def __init__(
        self, folder: str | None, file_format: Literal["parquet", "jsonl"] = "parquet"
    ) -> None:
        self._folder = folder
        self._format = file_format
        self._schema = EVENTS.arrow_schema
        self._files: list[_Part] = []
        self._waiting: list[pa.Table] = []
        self._waiting_rows = self._waiting_bytes = self._waiting_heavy = 0
        self.rows = self.heavy_bytes = 0

    def __enter__(self) -> EventsFile:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for part in self._files:
            part.writer.close()
            part.path.unlink(missing_ok=True)

    def add(self, table: pa.Table) -> None:
        """Add rows at the end."""
        self.rows += table.num_rows
        for piece in _pieces(table):
            heavy = max(0, piece.nbytes - _ORDINARY * piece.num_rows)
            self.heavy_bytes += heavy
            self._waiting.append(piece)
            self._waiting_rows += piece.num_rows
            self._waiting_bytes += piece.nbytes
            self._waiting_heavy += heavy
            if (
                self._waiting_rows >= _ROWS_A_GROUP
                or self._waiting_bytes >= _BYTES_A_GROUP
                or self._waiting_heavy >= _HEAVY_A_GROUP
            ):
                self._write()

    def _write(self) -> None:
        if not self._waiting_rows:
            return
        if not self._files or self._files[-1].heavy >= _HEAVY_A_FILE:
            self._files.append(self._part())
        part = self._files[-1]
        part.rows += self._waiting_rows
        part.heavy += self._waiting_heavy
        part.writer.write_table(pa.concat_tables(self._waiting), row_group_size=_ROWS_A_GROUP)
        self._waiting = []
        self._waiting_rows = self._waiting_bytes = self._waiting_heavy = 0

    def _part(self) -> _Part:
        handle, name = tempfile.mkstemp("." + self._format, "events-", self._folder)
        os.close(handle)
        return _Part(Path(name), self._writer(Path(name)))

    def _writer(self, path: Path) -> Any:
        if self._format == "jsonl":
            from openpanel_source.json_lines import JsonLinesWriter

            return JsonLinesWriter(path, _JSON)
        from pyarrow.parquet import ParquetWriter

        return ParquetWriter(path, self._schema, use_dictionary=_REPEATING)

    @property
    def paths(self) -> list[Path]:
        """The files, in order."""
        return [part.path for part in self._files]

    def finish(self) -> list[Any]:
        """End the files; returns what to yield to have dlt import them."""
        self._write()
        for part in self._files:
            part.writer.close()
        empty = self._schema.empty_table()
        return [
            dlt.mark.with_file_import(str(part.path), self._format, part.rows, empty)
            for part in self._files
        ]


@dataclass
class _Part:
    path: Path
    writer: Any
    rows: int = 0
    heavy: int = 0


def _pieces(table: pa.Table) -> Iterator[pa.Table]:
    """The rows, few at a time where they are heavy."""
    rows = table.num_rows
    is_heavy = table.nbytes - _ORDINARY * rows >= _HEAVY_A_GROUP
    step = max(1, rows * _HEAVY_A_GROUP // table.nbytes) if is_heavy else max(1, rows)
    for start in range(0, rows, step):
        yield table.slice(start, step)
