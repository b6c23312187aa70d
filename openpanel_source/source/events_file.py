"""The events of a load package as a file, mostly Parquet, ready for dlt to import."""

from __future__ import annotations

import gzip
import os
import tempfile
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Literal

import dlt
import msgspec
import pyarrow as pa

from openpanel_source.model.schema import EVENTS
from openpanel_source.rows.new_fields import NewFields

_ROWS = 1_000
"""Rows that are Python objects at once."""
_EXACT = 2**53 - 1


class JsonLinesWriter:
    """A file of one JSON object a row, gzipped; null values are left out.

    Text of the JSON columns becomes part of the object. Of a key that is there twice the last one
    counts, as not every destination takes both. What holds a number beyond all limits stays text.

    Args:
        path: The file.
        json_columns: Names of the columns that hold JSON as text.
    """

    def __init__(self, path: Path, json_columns: Collection[str]) -> None:
        self._file = gzip.open(path, "wb", compresslevel=1)  # noqa: SIM115 - closed by its owner
        self._json = frozenset(json_columns)
        self._encoder = msgspec.json.Encoder()

    def write_table(self, table: pa.Table, row_group_size: int = _ROWS) -> None:
        """Add rows; takes what a ParquetWriter takes."""
        for batch in table.to_batches(max_chunksize=min(row_group_size, _ROWS)):
            self._file.write(self._encoder.encode_lines(list(map(self._row, batch.to_pylist()))))

    def _row(self, row: dict[str, Any]) -> dict[str, Any]:
        return {
            name: _value(value) if name in self._json else _exact(value)
            for name, value in row.items()
            if value is not None
        }

    def close(self) -> None:
        """End the file; again does nothing."""
        self._file.close()


def _exact(value: Any) -> Any:
    """A value that readers take for what it is: some hold every number in 64 bits of a float."""
    return str(value) if type(value) is int and abs(value) > _EXACT else value


def _value(text: str) -> Any:
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError):
        return text


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
