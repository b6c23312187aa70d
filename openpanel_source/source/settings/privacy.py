"""The privacy settings, as they stand in configuration, checked; pure."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from functools import cache
from itertools import filterfalse

from openpanel_source.errors import InvalidSettingError
from openpanel_source.model.schema import EVENTS, GROUPS, PROJECTS, REFERENCES, ColumnType
from openpanel_source.model.setting_values import texts
from openpanel_source.rows.privacy import OF_PROFILES, WITH_KEYS, Privacy
from openpanel_source.rows.property_columns import Properties, possible_names
from openpanel_source.source.settings.declared import Arguments

logger = logging.getLogger(__name__)

OF_LISTS = {
    f"{table.name}.{column.name}": column
    for table in (REFERENCES, PROJECTS, GROUPS)
    for column in table.columns
    if column.nullable and column.name not in ("properties", "created_at", "updated_at")
}
"""What the dashboard lists and can be hidden, by the names that it has for that."""
_TYPES: dict[str, ColumnType] = {
    **{column.name: column.type for column in EVENTS.columns},
    **{name: column.type for name, column in {**OF_PROFILES, **OF_LISTS}.items()},
}
_NEEDED = [column.name for column in EVENTS.columns if not column.nullable]
_SHORTEST_KEY = 16
_OF_VISITORS = {"profile_id", "device_id"}
"""Of an anonymous visitor, both hold the id of the device."""


def parse_privacy(given: Arguments, properties: Properties) -> Privacy | None:
    """Check the privacy settings; None if nothing is to be hidden.

    Args:
        given: Where they stand.
        properties: Types of further columns by key, which may be named as well.

    Raises:
        InvalidSettingError: A column is unknown or cannot be hidden, or the key is missing.
    """
    exclude_columns = texts("exclude_columns", given.exclude_columns or ())
    hash_columns = texts("hash_columns", given.hash_columns or ())
    drop_properties = texts("drop_properties", given.drop_properties or ())
    erased_profiles = texts("erased_profiles", given.erased_profiles or ())
    hash_key = given.hash_key
    if not (exclude_columns or hash_columns or drop_properties or erased_profiles):
        return None
    types = {**_TYPES, **possible_names(properties)}
    for name in exclude_columns:
        _check_column("exclude_columns", name, types)
    columns = [path for path in hash_columns if "." not in path or _is_of_list(path)]
    for name in columns:
        _check_hashable(name, types)
    if hash_columns and not hash_key:
        raise InvalidSettingError(
            "hash_columns needs hash_key, a secret of your own; set SOURCES__OPENPANEL__HASH_KEY in"
            " the environment, or hash_key under [sources.openpanel] in .dlt/secrets.toml."
        )
    if hash_key and len(hash_key) < _SHORTEST_KEY:
        raise InvalidSettingError(
            f"hash_key is too short; use at least {_SHORTEST_KEY} random characters, or what was"
            " hashed can be found out by trying."
        )
    privacy = Privacy(
        excluded=frozenset(exclude_columns),
        hashed=frozenset(columns),
        dropped_keys=drop_properties,
        hashed_keys={column: tuple(_keys(hash_columns, column)) for column in WITH_KEYS},
        erased=frozenset(erased_profiles),
        key=(hash_key or "").encode(),
    )
    for plain in _OF_VISITORS - privacy.hashed - privacy.excluded:
        for hashed in _OF_VISITORS & privacy.hashed:
            warn_of_one(hashed, plain)
    if given.include_profiles:
        privacy.check_profiles()
    privacy.check_promoted(properties)
    return privacy


@cache
def warn_of_one(hashed: str, plain: str) -> None:
    """Say, once, what follows where one of two columns is hashed that are compared.

    Args:
        hashed: One of ``profile_id`` and ``device_id``.
        plain: The other.
    """
    logger.warning(
        "hash_columns holds %s and not %s, which is the same of an anonymous visitor: then %s"
        " shows it unhashed, and all visitors seem to be identified; hash both, or neither",
        hashed,
        plain,
        plain,
    )


def _is_of_list(path: str) -> bool:
    return path.startswith("profiles.") or path in OF_LISTS


def _check_column(setting: str, name: str, types: Mapping[str, ColumnType]) -> None:
    if _is_of_list(name) and name not in types:
        raise InvalidSettingError(
            f"{setting} holds {name!r}; what profiles have of their own and can be left out is"
            f" {', '.join(OF_PROFILES)}; id, properties and groups are hidden as those of events."
        )
    if name in _NEEDED:
        raise InvalidSettingError(
            f"{setting} holds {name}, which the proof of completeness needs;"
            f" {', '.join(_NEEDED)} are loaded as they are."
        )
    if name not in types:
        raise InvalidSettingError(
            f"{setting} holds {name!r}, which is no column of events; a key of the properties is"
            " written properties.KEY in hash_columns, and KEY in drop_properties."
        )


def _check_hashable(name: str, types: Mapping[str, ColumnType]) -> None:
    _check_column("hash_columns", name, types)
    if types[name] != "text" and name != "groups":
        raise InvalidSettingError(
            f"hash_columns holds {name}, which is no text; name keys of a JSON column as"
            " properties.KEY or properties.*, and leave other columns out with exclude_columns."
        )


def _keys(paths: Iterable[str], column: str) -> Iterable[str]:
    """The keys of a JSON column that paths name; a path into no column means any of them."""
    for path in filterfalse(_is_of_list, paths):
        start, dot, key = path.partition(".")
        if dot and start == column:
            yield key
        elif dot and start not in WITH_KEYS:
            yield path
