"""The events of a load package as a file, mostly Parquet, ready for dlt to import.

dlt would write the same tables through a Python file, taking the interpreter from the threads that
read pages for each of thousands of small writes. Arrow writes to a path without it, on the other
core. One file, because a database takes many rows at once much faster than a few at a time; but
DuckDB holds long texts of a file in memory until all of it is written, so these come in several.
Rows with further columns begin a new file as well.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Literal

import dlt
import pyarrow as pa

from openpanel_source.new_fields import NewFields
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
        names: Columns that the table has, in its order. dlt writes files anew whose columns are
            in another; those not named follow as they come.
        fields: Those that have columns beyond the table's own, as JSON.
        file_format: Of the files.

    Attributes:
        schema: Of the rows so far; those added before a column came lack it.
        rows: In all files.
        heavy_bytes: In all files, beyond what is ordinary.
    """

    def __init__(
        self,
        folder: str | None,
        names: Iterable[str] = (),
        fields: NewFields | None = None,
        file_format: Literal["parquet", "jsonl"] = "parquet",
    ) -> None:
        self._folder = folder
        self._fields = fields or NewFields()
        self._format = file_format
        self._places = {name: place for place, name in enumerate(names)}
        self.schema = self._in_order(EVENTS.arrow_schema)
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
        if not table.schema.equals(self.schema):
            table = self._aligned(table)
        for piece, size in _pieces(table):
            heavy = max(0, size - _ORDINARY * piece.num_rows)
            self.heavy_bytes += heavy
            self._waiting.append(piece)
            self._waiting_rows += piece.num_rows
            self._waiting_bytes += size
            self._waiting_heavy += heavy
            if (
                self._waiting_rows >= _ROWS_A_GROUP
                or self._waiting_bytes >= _BYTES_A_GROUP
                or self._waiting_heavy >= _HEAVY_A_GROUP
            ):
                self._write()

    def _aligned(self, table: pa.Table) -> pa.Table:
        """Rows with the columns of this file, which get those that the rows have beside them."""
        further = [field for field in table.schema if field.name not in self.schema.names]
        if further:
            self._write()
            self.schema = self._in_order(pa.schema([*self.schema, *further]))
        for field in self.schema:
            if field.name not in table.schema.names:
                table = table.append_column(field, pa.nulls(table.num_rows, field.type))
        return table.select(self.schema.names)

    def _in_order(self, schema: pa.Schema) -> pa.Schema:
        last = len(self._places)
        return pa.schema(sorted(schema, key=lambda field: self._places.get(field.name, last)))

    def _write(self) -> None:
        if not self._waiting_rows:
            return
        part = self._files[-1] if self._files else None
        if not part or part.heavy >= _HEAVY_A_FILE or part.schema is not self.schema:
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
        return _Part(Path(name), self._writer(Path(name)), self.schema)

    def _writer(self, path: Path) -> Any:
        if self._format == "jsonl":
            from openpanel_source.json_lines import JsonLinesWriter

            return JsonLinesWriter(path, {*_JSON, *dict(self._fields.known).values()})
        from pyarrow.parquet import ParquetWriter

        return ParquetWriter(path, self.schema, use_dictionary=_REPEATING)

    @property
    def paths(self) -> list[Path]:
        """The files, in order."""
        return [part.path for part in self._files]

    def finish(self) -> list[Any]:
        """End the files; returns what to yield to have dlt import them."""
        self._write()
        for part in self._files:
            part.writer.close()
        empty = self.schema.empty_table()
        return [
            dlt.mark.with_file_import(str(part.path), self._format, part.rows, empty)
            for part in self._files
        ]


@dataclass
class _Part:
    path: Path
    writer: Any
    schema: pa.Schema
    rows: int = 0
    heavy: int = 0


def _pieces(table: pa.Table) -> Iterator[tuple[pa.Table, int]]:
    """The rows, few at a time where they are heavy, and how many bytes they take."""
    rows, size = table.num_rows, table.nbytes
    if size - _ORDINARY * rows < _HEAVY_A_GROUP:
        if rows:
            yield table, size
        return
    step = max(1, rows * _HEAVY_A_GROUP // size)
    for start in range(0, rows, step):
        piece = table.slice(start, step)
        yield piece, piece.nbytes
