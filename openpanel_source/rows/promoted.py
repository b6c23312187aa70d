"""Columns of ``events`` made of keys of ``properties``, a page at a time.

What the privacy settings leave of ``properties`` is decoded once a page, into objects that know the
promoted keys alone. A row that is not as documented, a map of text to text, has its page taken row
by row; no row is lost for it.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from typing import Any

import msgspec
import pyarrow as pa
from msgspec.structs import astuple

from openpanel_source.model.json_text import UNREADABLE, members
from openpanel_source.model.schema import EVENTS, PROPERTY_FAILURES, Column
from openpanel_source.model.text import printable
from openpanel_source.rows.privacy import Privacy
from openpanel_source.rows.property_columns import names_of
from openpanel_source.rows.property_values import read_values

WEB_COLUMNS = tuple(column for column in EVENTS.columns if column.property_key is not None)
"""The columns that are promoted unless they are turned off."""

_NULL = b"null"
LONGEST_EXAMPLE = 100
"""Characters of a value that ``property_failures`` shows."""
_FAILED = pa.field("failed properties", pa.string())
"""On their way, rows have with them which of their values could not be read, as a map in JSON."""


@dataclass(frozen=True)
class Promotion:
    """Fills columns with the values of keys.

    Args:
        columns: Columns that have a ``property_key``.
        privacy: What must not be loaded.
    """

    columns: tuple[Column, ...] = WEB_COLUMNS
    privacy: Privacy | None = None

    @cached_property
    def _keys(self) -> list[str]:
        return [str(column.property_key) for column in self.columns]

    @cached_property
    def _decoder(self) -> msgspec.json.Decoder[list[msgspec.Struct]] | None:
        """Reads the promoted keys of many maps; None if some key is none that msgspec takes."""
        fields = [
            (f"value_{place}", str | None, msgspec.field(name=key, default=None))
            for place, key in enumerate(self._keys)
        ]
        try:
            struct = msgspec.defstruct("Promoted", fields, gc=False)
        except ValueError:
            return None
        return msgspec.json.Decoder(list[struct])  # type: ignore[valid-type]

    @property
    def further(self) -> dict[str, Any]:
        """The columns that not every table ``events`` has, as dlt hints."""
        columns = tuple(column for column in self.columns if column not in WEB_COLUMNS)
        return replace(EVENTS, columns=columns).dlt_columns()

    def fill(self, table: pa.Table) -> pa.Table:
        """Rows of ``events`` with the promoted columns filled, or added.

        Args:
            table: Rows to which the privacy settings were applied, of at least one page.

        Returns:
            The rows, to be passed through ``Failures`` before they are loaded.
        """
        arrays = dict(zip(table.schema.names, table.columns, strict=True))
        failed: dict[int, dict[str, str]] = {}
        texts = self._texts(table.column("properties")) or ()
        for column, values in zip(self.columns, texts, strict=bool(texts)):
            allowed = self._hidden(column, pa.array(values, pa.string()))
            arrays[column.name], rows = read_values(allowed, column.type)
            for row in rows:
                example = printable(allowed[row].as_py(), LONGEST_EXAMPLE)
                failed.setdefault(row, {})[str(column.property_key)] = example
        if failed:
            maps = [json.dumps(failed[row]) if row in failed else None for row in range(len(table))]
            arrays[_FAILED.name] = pa.array(maps, _FAILED.type)
        # Pages of one day have the same columns, whatever they hold.
        schema = self._schema(table.schema)
        further = [field for field in schema if field.name not in arrays]
        arrays |= {field.name: pa.nulls(len(table), field.type) for field in further}
        return pa.table(arrays, schema=schema)

    def _schema(self, schema: pa.Schema) -> pa.Schema:
        further = list(replace(EVENTS, columns=self.columns).arrow_schema)
        if any(column.type != "text" for column in self.columns):
            further.append(_FAILED)
        return pa.schema([*schema, *(field for field in further if field.name not in schema.names)])

    def _texts(self, properties: pa.ChunkedArray) -> list[Sequence[str | None]] | None:
        """The values of each promoted key; None if there are none."""
        if not self.columns or not len(properties):
            return None
        maps = _joined(properties)
        if self._lacks_all(maps):
            return None
        rows: list[tuple[Any, ...]]
        try:
            if self._decoder is None:
                raise msgspec.ValidationError
            rows = list(map(astuple, self._decoder.decode(maps)))
        except UNREADABLE:
            rows = [self._row(text) for text in properties.to_pylist()]
        return list(zip(*rows, strict=True))

    def _lacks_all(self, maps: bytes) -> bool:
        """Whether no key is there that begins as all promoted ones do, those of OpenPanel."""
        # A key may be written with escapes.
        return self._are_own and b'"__' not in maps and b"\\u" not in maps

    @cached_property
    def _are_own(self) -> bool:
        return all(key.startswith("__") for key in self._keys)

    def _row(self, text: str | None) -> tuple[str | None, ...]:
        """The values of the keys of one row, whatever it holds."""
        raw = (text or "").strip().encode()
        found = (members(raw) if raw[:1] == b"{" else None) or {}
        return tuple(_text(bytes(found.get(key, _NULL))) for key in self._keys)

    def _hidden(self, column: Column, values: pa.Array) -> pa.Array:
        """The values as the privacy settings allow them."""
        if self.privacy is None:
            return values
        names = {column.name}
        if column not in WEB_COLUMNS:
            names |= names_of(str(column.property_key))
        return self.privacy.hide_promoted(names, str(column.property_key), values)


NOTHING = Promotion(())
"""Fills no column."""


def _joined(properties: pa.ChunkedArray) -> bytes:
    """JSON texts as one JSON list; an empty map where there is none."""
    import pyarrow.compute as pc

    texts = properties.combine_chunks()
    if texts.null_count:
        texts = pc.fill_null(texts, "{}")
    lists = pa.ListArray.from_arrays(pa.array([0, len(texts)], pa.int32()), texts)
    return b"[%b]" % pc.binary_join(lists, ",")[0].as_buffer()


def _text(raw: bytes) -> str | None:
    """A value as text: the JSON of one that is none, as in other columns of text."""
    raw = raw.strip()
    if raw == _NULL:
        return None
    return json.loads(raw) if raw[:1] == b'"' else raw.decode()


class Failures:
    """Values that could not be read, by project, day and key, of one load package.

    Args:
        load_id: Of the package.
    """

    def __init__(self, load_id: str) -> None:
        self._load_id = load_id
        self._found: dict[tuple[str, date, str], tuple[int, str]] = {}

    def counted(self, table: pa.Table, project_id: str, day: date) -> pa.Table:
        """Rows of a day as they are loaded; what could not be read of them is counted."""
        if _FAILED.name not in table.schema.names:
            return table
        for text in table[_FAILED.name].drop_null().to_pylist():
            for key, example in json.loads(text).items():
                place = project_id, day, key
                rows, first = self._found.get(place, (0, example))
                self._found[place] = rows + 1, first
        return table.drop_columns([_FAILED.name])

    @property
    def table(self) -> pa.Table | None:
        """As rows of ``property_failures``; None if there are none."""
        if not self._found:
            return None
        rows = [
            {
                "project_id": project_id,
                "event_date": day,
                "load_id": self._load_id,
                "property_key": key,
                "failed_rows": rows,
                "example": example,
            }
            for (project_id, day, key), (rows, example) in self._found.items()
        ]
        return PROPERTY_FAILURES.arrow_table(rows)
