"""Rows as JSON Lines, for destinations that take JSON no other way."""

from __future__ import annotations

import gzip
from collections.abc import Collection
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa

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
