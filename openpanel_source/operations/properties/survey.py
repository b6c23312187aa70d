"""Which keys the properties of loaded events have, how often, and of which type they look."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import dlt

from openpanel_source.destinations.warehouse import own_schema
from openpanel_source.model.table import ColumnType
from openpanel_source.operations.preamble import looking
from openpanel_source.rows.property_values import read_value

_KINDS: tuple[ColumnType, ...] = ("bigint", "double", "date", "timestamp", "bool")
"""The first of those that all values are of is the one; numbers before what 0 and 1 may also be."""
_CODE = re.compile(r"\+|-?0\d", re.ASCII)
"""What codes begin with, as of places and telephones: a number would not hold it."""
_EXAMPLES = 3
_MOST_KEYS = 10_000
"""Keys that are counted: anybody can invent more."""
_CHUNK = 5_000


@dataclass
class Key:
    """A key of the properties.

    Attributes:
        name: The key.
        rows: Events that have it.
        examples: Some values, each once.
    """

    name: str
    rows: int = 0
    examples: list[str] = field(default_factory=list)
    _kinds: tuple[ColumnType, ...] = _KINDS
    _values: int = 0

    @property
    def type(self) -> ColumnType:
        """The type of which all values are that are not empty."""
        return self._kinds[0] if self._kinds and self._values else "text"

    def add(self, value: Any) -> None:
        """Count a value; null and empty text say nothing of the type."""
        self.rows += 1
        text = value if isinstance(value, str) else json.dumps(value)
        if not text or value is None:
            return
        self._values += 1
        self._kinds = tuple(kind for kind in self._kinds if _is_of(text, kind))
        if len(self.examples) < _EXAMPLES and text not in self.examples:
            self.examples.append(text)


def _is_of(text: str, kind: ColumnType) -> bool:
    if kind in ("bigint", "double") and _CODE.match(text):
        return False
    return read_value(text, kind) is not None


@dataclass
class Survey:
    """What was found.

    Attributes:
        rows: Events that were looked at.
        keys: Those that were counted, the most frequent first.
        more_keys: Whether there were too many to count.
    """

    rows: int
    keys: list[Key]
    more_keys: bool


def survey(pipeline: dlt.Pipeline, limit: int) -> Survey:
    """Look at the properties of the newest events that were loaded.

    Args:
        pipeline: A pipeline with its destination.
        limit: Events to look at.

    Raises:
        DestinationError: There are no events.
    """
    with looking(pipeline) as there:
        chunks = there.dataset(own_schema(there))(
            f"SELECT properties FROM events ORDER BY created_at DESC LIMIT {int(limit)}"  # noqa: S608
        ).iter_fetch(_CHUNK)
        return count_keys(row[0] for chunk in chunks for row in chunk)


def count_keys(properties: Iterable[Any]) -> Survey:
    """Count the keys of maps.

    Args:
        properties: As a destination gives them back: JSON, maps or None.
    """
    rows, more = 0, False
    keys: dict[str, Key] = {}
    for value in properties:
        rows += 1
        found = json.loads(value) if isinstance(value, str) else value
        for name, text in found.items() if isinstance(found, dict) else ():
            if name not in keys and len(keys) >= _MOST_KEYS:
                more = True
                continue
            keys.setdefault(name, Key(name)).add(text)
    return Survey(rows, sorted(keys.values(), key=lambda key: (-key.rows, key.name)), more)


def toml_key(name: str) -> str:
    """A key as TOML writes it, with nothing in it that a terminal would obey."""
    letters = (
        f"\\U{ord(letter):08x}"
        if unicodedata.category(letter)[0] in "CZ" and letter != " "
        else f"\\{letter}"
        if letter in '\\"'
        else letter
        for letter in name
    )
    return f'"{"".join(letters)}"'
