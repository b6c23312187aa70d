"""Which keys the properties of loaded events have, how often, and of which type they look."""

from __future__ import annotations

import json
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import dlt
from sqlglot import expressions

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
_MOST_NAMES = 1_000
"""The same of events."""
_CHUNK = 5_000
_SHARE = 0.01
"""Of events that have a key worth a column."""
_ENOUGH = 20
"""Events of a name that tell something, unless there are less than a hundred times as many."""


@dataclass
class Key:
    """A key of the properties.

    Attributes:
        name: The key.
        rows: Events that have it.
        examples: Some values, each once.
        events: Events that have it, by their name.
    """

    name: str
    rows: int = 0
    examples: list[str] = field(default_factory=list)
    events: Counter[str] = field(default_factory=Counter)
    _kinds: tuple[ColumnType, ...] = _KINDS
    _values: int = 0

    @property
    def type(self) -> ColumnType:
        """The type of which all values are that are not empty."""
        return self._kinds[0] if self._kinds and self._values else "text"

    def add(self, value: Any, event: str) -> None:
        """Count a value of an event of a name; null and empty text say nothing of the type."""
        self.rows += 1
        self.events[event] += 1
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
        events: Events that were looked at, by their name.
    """

    rows: int
    keys: list[Key]
    more_keys: bool
    events: Counter[str]

    def home_of(self, key: Key) -> tuple[str, float]:
        """The event of which most have a key, and which share of them does.

        Names of few events are left aside: one event with a name of its own would have all.
        """
        enough = min(_ENOUGH, self.rows * _SHARE)
        shares = [
            (count / self.events[name], name)
            for name, count in key.events.items()
            if self.events[name] >= enough
        ]
        share, name = max(shares, default=(0.0, ""))
        return name, share

    def is_frequent(self, key: Key) -> bool:
        """Whether so many events have a key, or events of one name, that it is worth a column."""
        return key.rows >= _SHARE * self.rows or self.home_of(key)[1] >= _SHARE


def survey(pipeline: dlt.Pipeline, limit: int, events: Sequence[str] = ()) -> Survey:
    """Look at the properties of the newest events that were loaded.

    Args:
        pipeline: A pipeline with its destination.
        limit: Events to look at.
        events: Names of those to look at; all when left out.

    Raises:
        DestinationError: There are no events.
    """
    with looking(pipeline) as there:
        where = f"WHERE {_is_one_of(there, events)}" if events else ""
        chunks = there.dataset(own_schema(there))(
            f"SELECT name, properties FROM events {where}"  # noqa: S608
            f" ORDER BY created_at DESC LIMIT {int(limit)}"
        ).iter_fetch(_CHUNK)
        return count_keys(row for chunk in chunks for row in chunk)


def _is_one_of(pipeline: dlt.Pipeline, names: Sequence[str]) -> str:
    """SQL of the destination for events of these names, whatever they hold."""
    destination: Any = pipeline.destination
    dialect = destination.capabilities().sqlglot_dialect
    return str(expressions.column("name").isin(*names).sql(dialect=dialect))


def count_keys(events: Iterable[tuple[str | None, Any]]) -> Survey:
    """Count the keys of maps.

    Args:
        events: Names of events, and their properties as a destination gives them back: JSON, maps
            or None.
    """
    rows, more = 0, False
    keys: dict[str, Key] = {}
    counts: Counter[str] = Counter()
    for event, value in events:
        rows += 1
        name = event or ""
        if name not in counts and len(counts) >= _MOST_NAMES:
            name = ""
        counts[name] += 1
        found = json.loads(value) if isinstance(value, str) else value
        for key, text in found.items() if isinstance(found, dict) else ():
            if key not in keys and len(keys) >= _MOST_KEYS:
                more = True
                continue
            keys.setdefault(key, Key(key)).add(text, name)
    frequent_first = sorted(keys.values(), key=lambda key: (-key.rows, key.name))
    return Survey(rows, frequent_first, more, counts)


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
