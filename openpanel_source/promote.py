"""Columns of ``events`` made of keys of ``properties``, a page at a time.

What the privacy settings leave of ``properties`` is decoded once a page, into objects that know the
promoted keys alone. A row that is not as documented, a map of text to text, has its page taken row
by row; no row is lost for it.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import msgspec
import pyarrow as pa
from msgspec.structs import astuple

from openpanel_source.hidden_keys import members
from openpanel_source.privacy import Privacy
from openpanel_source.schema import EVENTS, Column

WEB_COLUMNS = tuple(column for column in EVENTS.columns if column.property_key is not None)
"""The columns that are promoted unless they are turned off."""

_UNREADABLE = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
_NULL = b"null"


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

    def fill(self, table: pa.Table) -> pa.Table:
        """Rows of ``events`` with the promoted columns filled.

        Args:
            table: Rows to which the privacy settings were applied, of at least one page.
        """
        texts = self._texts(table.column("properties"))
        if texts is None:
            return table
        arrays = table.columns
        for column, values in zip(self.columns, texts, strict=True):
            place = table.schema.get_field_index(column.name)
            arrays[place] = self._hidden(column, pa.array(values, pa.string()))
        return pa.Table.from_arrays(arrays, schema=table.schema)

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
        except _UNREADABLE:
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
        return self.privacy.hide_promoted(column, values)


def _joined(properties: pa.ChunkedArray) -> bytes:
    """JSON texts as one JSON list; an empty map where there is none."""
    import pyarrow.compute as pc

    texts = pc.fill_null(properties.combine_chunks(), "{}")
    lists = pa.ListArray.from_arrays(pa.array([0, len(texts)], pa.int32()), texts)
    return b"[%b]" % pc.binary_join(lists, ",")[0].as_buffer()


def _text(raw: bytes) -> str | None:
    """A value as text: the JSON of one that is none, as in other columns of text."""
    raw = raw.strip()
    if raw == _NULL:
        return None
    return json.loads(raw) if raw[:1] == b'"' else raw.decode()
