"""Which value each column has for a row of the server, as the docs promise it; pure.

Written from docs/schema.md, docs/properties.md and docs/completeness.md, and from nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import sha256
from typing import Any

from openpanel_source.verify.answers import text_of
from openpanel_source.verify.event import (
    BIGINTS,
    DOUBLES,
    FIELDS,
    JSON,
    TEXTS,
    TIMES,
    column_of,
    parsed,
)
from openpanel_source.verify.hidden import GONE, HASH, Hidden
from openpanel_source.verify.typed import instant, is_same, read_text

_UTM = ("source", "medium", "campaign", "term", "content")
WEB = {
    **{f"utm_{name}": f"__query.utm_{name}" for name in _UTM},
    "page_title": "__title",
    "hash": "__hash",
}
"""Keys of properties by the column that is always made of them."""

Check = Callable[[dict[str, Any], Any], str]
"""Takes a row of the server and what is held in a column; says what is wrong, or nothing."""
OTHER, HIDE, FILL = "value", "not hidden", "not filled"
"""Another value; one that the privacy settings hide; null where the column came later."""


_BY_COLUMN = {column_of(name): name for name in FIELDS}


@dataclass(frozen=True)
class Rules:
    """What is loaded how.

    Args:
        hidden: The privacy settings.
        web_columns: Whether these are filled.
        promoted: By column: the key of properties and the type.
        configured: Keys that are set to be promoted; columns of others may be null.
        new_fields: Fields that this version does not know, by their column.
        dimensions: What may be told beside events and is no field of theirs.
    """

    hidden: Hidden = field(default_factory=Hidden)
    web_columns: bool = True
    promoted: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    configured: frozenset[str] = frozenset()
    new_fields: Mapping[str, str] = field(default_factory=dict)
    dimensions: frozenset[str] = frozenset()

    @cached_property
    def checks(self) -> dict[str, Check]:
        """What to check, by column."""
        found = {column_of(name): self._text(name) for name in TEXTS}
        found |= {name: self._plain(name, "double", _double) for name in DOUBLES}
        found |= {name: self._plain(name, "bigint", int) for name in BIGINTS}
        found |= {column_of(name): self._plain(name, "timestamp", instant) for name in TIMES}
        found |= {name: self._json(name) for name in JSON}
        found |= {name: self._promoted(name, key, "text") for name, key in WEB.items()}
        for name, (key, kind) in self.promoted.items():
            found[name] = self._promoted(name, key, kind)
        found |= {name: self._new_field(one) for name, one in self.new_fields.items()}
        return {**found, "extras": self._extras}

    @property
    def later(self) -> frozenset[str]:
        """Columns that may have come after the rows of a day."""
        return frozenset((*WEB, *self.promoted, *self.new_fields))

    def is_private(self, column: str) -> bool:
        """Whether some setting hides something of a column, so that no value of it is shown."""
        hidden = self.hidden
        key = WEB.get(column) or self.promoted.get(column, (None,))[0]
        names = {column, *self._names(column, key)}
        if not names.isdisjoint((*hidden.excluded, *hidden.hashed)):
            return True
        if key is not None:
            return "properties" in hidden.excluded or bool(hidden.action("properties", key))
        place = "extras" if column in self.new_fields else column
        return place in hidden.excluded or (
            place in ("properties", "extras", "groups") and hidden.has_keys(place)
        )

    def told_of(self, column: str, row: Mapping[str, Any]) -> str | None:
        """What the server says where a column has its values from, as text."""
        key = WEB.get(column) or self.promoted.get(column, (None,))[0]
        value: Any = row.get(self.new_fields.get(column) or _BY_COLUMN.get(column, ""))
        if key is not None:
            properties = row.get("properties")
            value = properties.get(key) if isinstance(properties, dict) else None
        if column == "extras":
            known = FIELDS | {*self.new_fields.values()}
            value = {name: held for name, held in row.items() if name not in known}
        return None if value is None else text_of(value)

    @property
    def includes(self) -> tuple[str, ...]:
        """The fields to ask for."""
        wanted = FIELDS - {name for name in FIELDS if column_of(name) in self.hidden.excluded}
        return tuple(sorted(wanted))

    def _text(self, name: str) -> Check:
        column, hidden = column_of(name), self.hidden
        if column in hidden.excluded:
            return _nothing
        is_hashed = column in hidden.hashed

        def check(row: dict[str, Any], held: Any) -> str:
            value = row.get(name)
            if not isinstance(value, str):
                return _of_json(value, held, hidden.digest if is_hashed else None)
            if is_hashed:
                return _hash_problem(held, value, hidden.digest(value))
            return "" if held == value else OTHER

        return check

    def _plain(self, name: str, kind: str, read: Callable[[Any], Any]) -> Check:
        if column_of(name) in self.hidden.excluded:
            return _nothing

        def check(row: dict[str, Any], held: Any) -> str:
            value = row.get(name)
            wanted = None if value is None else read(value)
            return "" if is_same(held, wanted, kind) else OTHER

        return check

    def _json(self, name: str) -> Check:
        if name in self.hidden.excluded:
            return _nothing

        def check(row: dict[str, Any], held: Any) -> str:
            value, found = row.get(name), parsed(held)
            left = self.hidden.left_of(name, value)
            if found == left:
                return ""
            return HIDE if found == value and found is not None else OTHER

        return check

    def _promoted(self, column: str, key: str, kind: str) -> Check:
        hidden = self.hidden
        names = self._names(column, key)
        if not names.isdisjoint(hidden.excluded):
            return _nothing
        is_hashed = (
            not names.isdisjoint(hidden.hashed) and hidden.action("properties", key) != "hash"
        )
        is_filled = self.web_columns if column in WEB else key in self.configured

        def check(row: dict[str, Any], held: Any) -> str:
            if not is_filled and held is None:
                return ""
            value = self._value(row, key)
            if not isinstance(value, str) and value is not None:
                if kind == "text":
                    return _of_json(value, held, hidden.digest if is_hashed else None)
                value = text_of(value)
            wanted = None if value is None else read_text(value, kind)
            if is_hashed and wanted is not None:
                return _hash_problem(held, wanted, hidden.digest(wanted))
            if is_same(held, wanted, kind):
                return ""
            plain = row.get("properties")
            if wanted is None and isinstance(plain, dict) and held == plain.get(key):
                return HIDE
            return FILL if held is None else OTHER

        return check

    def _value(self, row: dict[str, Any], key: str) -> Any:
        properties = row.get("properties")
        if "properties" in self.hidden.excluded or not isinstance(properties, dict):
            return None
        if key not in properties:
            return None
        left = self.hidden.left_of_key("properties", key, properties[key])
        return None if left is GONE else left

    def _names(self, column: str, key: str | None) -> set[str]:
        if key is None or column in WEB:
            return {column}
        digest = sha256(key.encode("utf-8", "replace")).hexdigest()[:8]
        return {column, column.removesuffix(f"_{digest}"), f"{column}_{digest}"}

    def _left(self, row: dict[str, Any], name: str) -> Any:
        """What is to be held of a field that this version does not know."""
        if name not in row or "extras" in self.hidden.excluded:
            return None
        left = self.hidden.left_of_key("extras", name, row[name])
        return None if left is GONE else left

    def _new_field(self, name: str) -> Check:
        def check(row: dict[str, Any], held: Any) -> str:
            wanted, found = self._left(row, name), parsed(held)
            if found == wanted:
                return ""
            if found is not None and wanted is None and found == row.get(name):
                return HIDE
            return FILL if found is None else OTHER

        return check

    def _extras(self, row: dict[str, Any], held: Any) -> str:
        names = set(row) - FIELDS - {*self.new_fields.values()}
        wanted = {name: self._left(row, name) for name in names}
        found = parsed(held) or {}
        if not isinstance(found, dict):
            return OTHER
        # A field that got its column later is in one of them.
        found = {name: value for name, value in found.items() if value is not None}
        further = found.keys() & {*self.new_fields.values()}
        wanted |= {name: self._left(row, name) for name in further}
        wanted = {name: value for name, value in wanted.items() if value is not None}
        if found == wanted:
            return ""
        shown = any(found.get(name) == row.get(name) for name in found.keys() - wanted.keys())
        return HIDE if shown else OTHER


def _nothing(_: dict[str, Any], held: Any) -> str:
    return "" if held is None else HIDE


def _hash_problem(held: Any, value: str, wanted: str) -> str:
    if held == wanted:
        return ""
    return HIDE if held == value else OTHER


def _of_json(value: Any, held: Any, digest: Callable[[str], str] | None) -> str:
    """What is wrong with a text that holds null, or the JSON of what is no text."""
    if value is None or held is None:
        return "" if value is held else OTHER
    if digest is None:
        return "" if parsed(held) == value else OTHER
    # Whether white space stood in it is not known here.
    is_hash = held == digest(text_of(value)) or HASH.fullmatch(held) is not None
    return "" if is_hash else HIDE


def _double(value: Any) -> float:
    return float(value)
