"""Which keys of ``properties`` become columns of ``events``, of which name and type; pure."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Collection, Mapping
from typing import Any, get_args

from dlt.common.normalizers.naming.snake_case import NamingConvention

from openpanel_source.errors import InvalidSettingError
from openpanel_source.model.schema import EVENTS
from openpanel_source.model.setting_values import decoded
from openpanel_source.model.table import PROPERTY_HINT, Column, ColumnType

Properties = Mapping[str, ColumnType]
"""Types by key."""

TYPES: tuple[ColumnType, ...] = tuple(kind for kind in get_args(ColumnType) if kind != "json")
_OWN = {column.name for column in EVENTS.columns}
_NAMING = NamingConvention(max_length=40)
# Words that few databases take as the name of a column unless it is quoted.
_SQL = frozenset(
    """
    all alter analyse analyze and any array as asc asymmetric at authorization begin between both
    by case cast check collate column commit constraint create cross current current_date
    current_role current_time current_timestamp current_user default deferrable delete desc
    describe distinct do drop else end escape except exclude exists false fetch filter for foreign
    freeze from full function grant group grouping having if ilike in index initially inner insert
    intersect interval into is isnull join key lambda lateral leading left like limit localtime
    localtimestamp natural new not notnull null of off offset old on only or order outer over
    overlaps partition pivot pivot_longer pivot_wider placing primary qualify range references
    returning revoke right row rows sample select session_user set show similar some start
    summarize symmetric table tablesample then to top trailing trigger true union unique unnest
    unpivot update user using values variadic view when where window with within
    """.split()  # noqa: SIM905
)


def parse_properties(value: object) -> dict[str, ColumnType]:
    """Types by key as they stand in configuration, where a mapping may be JSON.

    Raises:
        InvalidSettingError: It is something else, or a type is unknown.
    """
    value = decoded(value)
    if not value:
        return {}
    if not isinstance(value, Mapping):
        raise InvalidSettingError(
            f"properties must map keys to types, as {{total: double}}, not {value!r:.100}."
        )
    for key, kind in value.items():
        if isinstance(kind, Mapping):
            raise InvalidSettingError(_unquoted(str(key), kind))
        if not isinstance(key, str) or kind not in TYPES:
            raise InvalidSettingError(
                f"properties has {kind!r:.50} for the key {key!r:.100}; the types are"
                f" {', '.join(TYPES)}."
            )
    return dict(value)


def _unquoted(key: str, inner: object) -> str:
    """What to do about a key with dots, which TOML takes for tables in tables."""
    while isinstance(inner, Mapping) and inner:
        part, inner = next(iter(inner.items()))
        key += f".{part}"
    return (
        f"properties has a table for a key with dots; put the key in quotes: {json.dumps(key)} ="
        f" {json.dumps(str(inner))}."
    )


def property_columns(properties: Properties, stored: Mapping[str, Any]) -> tuple[Column, ...]:
    """The columns of keys: those that the table has already, and new ones.

    Args:
        properties: Types by key.
        stored: The table's columns in dlt's schema.

    Raises:
        InvalidSettingError: A key has a column of another type.
    """
    names = column_names(properties, stored)
    columns = []
    for key, kind in properties.items():
        name = names[key]
        held = stored.get(name, {}).get("data_type", kind)
        if held != kind:
            raise InvalidSettingError(
                f"properties says {kind} for the key {key!r:.100}, whose column {name} of events"
                f" holds {held}; set it to {held} again, or load into another dataset."
            )
        text = f"The property {key}" + ("." if kind == "text" else "; null where it is no such.")
        columns.append(Column(kind, name, text, property_key=key))
    return tuple(columns)


def column_names(keys: Collection[str], stored: Mapping[str, Any]) -> dict[str, str]:
    """The name of each key's column; a key keeps the one that the table has for it.

    Args:
        keys: Keys of ``properties``.
        stored: The table's columns in dlt's schema.
    """
    known = {
        str(hints[PROPERTY_HINT]): name
        for name, hints in stored.items()
        if hints.get(PROPERTY_HINT) is not None and name not in _OWN
    }
    plain = {key: _plain(key) for key in keys}
    meeting = Counter(plain.values())
    taken = {*stored, *_OWN}
    names = {}
    for key, name in plain.items():
        if key in known:
            names[key] = known[key]
        elif name in taken or (meeting[name] > 1 and key != name):
            names[key] = f"{name}_{_digest(key)}"
        else:
            names[key] = name
    return names


def possible_names(properties: Properties) -> dict[str, ColumnType]:
    """Every name that the column of a key may have, whatever else the table has; with its type."""
    names: dict[str, ColumnType] = {}
    for key, kind in properties.items():
        names |= dict.fromkeys(names_of(key), kind)
    return names


def names_of(key: str) -> set[str]:
    """Every name that the column of a key may have."""
    return {_plain(key), f"{_plain(key)}_{_digest(key)}"}


def _plain(key: str) -> str:
    """The key in snake_case, such that it can be a column's name without quotes."""
    if not any(letter.isascii() and letter.isalnum() for letter in key):
        return f"property_{_digest(key)}"
    name = _NAMING.normalize_identifier(key).strip("_")
    if name in _OWN or name in _SQL or name.startswith("dlt_") or not name[0].isalpha():
        return f"property_{name}"
    return name


def _digest(key: str) -> str:
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()[:8]
