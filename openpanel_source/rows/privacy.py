"""What must not be loaded: columns left out or hashed, properties dropped, profiles erased; pure.

Everything here happens to rows in memory, before any of them is written anywhere.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

import pyarrow as pa

from openpanel_source.errors import InvalidSettingError
from openpanel_source.model.schema import EVENTS, PROFILES
from openpanel_source.rows.decode import Rejected
from openpanel_source.rows.event import Fields
from openpanel_source.rows.key_rules import Action, KeyRules

SHARED_WITH_EVENTS = {"id": "profile_id", "properties": "properties", "groups": "groups"}
"""What profiles share with their events, and by which column of these it is hidden."""
OF_PROFILES = {
    f"profiles.{column.name}": column
    for column in PROFILES.columns
    if column.nullable and column.name not in SHARED_WITH_EVENTS and column.name != "last_seen_at"
}
_FIELDS_OF_PROFILES = {
    name: (path,)
    for path, column in OF_PROFILES.items()
    for name in (column.field, f"profile.{column.name}")
} | {"profile.id": ("profile_id",)}
"""Names that charts have for what profiles have, and what hides it."""
_BY_FIELD = {column.field: column.name for column in EVENTS.columns if column.field}
WITH_KEYS = ("properties", "extras")
HASH_DIGITS = 64
"""Length of a hash."""


class HiddenRows(NamedTuple):
    """Rows of ``events`` after the privacy settings.

    Attributes:
        table: As many rows as before, of the same columns.
        keep: Which of them are of no erased profile; None for all.
    """

    table: pa.Table
    keep: pa.Array | None


@dataclass(frozen=True)
class Privacy:
    """Checked privacy settings; ``parse_privacy`` makes them.

    Args:
        excluded: Columns of ``events`` that stay null.
        hashed: Columns of ``events`` whose texts are replaced by their hash.
        dropped_keys: Patterns of keys of ``properties`` and ``extras`` that are left out.
        hashed_keys: By one of these columns, patterns of keys whose values are hashed.
        erased: Ids of profiles and devices, or their hashes, whose rows are left out.
        key: The secret of the hash.
    """

    excluded: frozenset[str] = frozenset()
    hashed: frozenset[str] = frozenset()
    dropped_keys: tuple[str, ...] = ()
    hashed_keys: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    erased: frozenset[str] = field(default_factory=frozenset, repr=False)
    key: bytes = field(default=b"", repr=False)

    @cached_property
    def _rules(self) -> dict[str, KeyRules]:
        rules = {
            column: KeyRules(self.dropped_keys, self.hashed_keys.get(column, ()), self.hash)
            for column in WITH_KEYS
        }
        if "groups" in self.hashed:
            rules["groups"] = KeyRules((), ("*",), self.hash)
        return rules

    def hash(self, text: str) -> str:
        """HMAC-SHA256 of a text in 64 hex digits; the same wherever the text stands."""
        return hmac.digest(self.key, text.encode("utf-8", "surrogatepass"), "sha256").hex()

    @property
    def unwanted(self) -> frozenset[str]:
        """Fields of the API that no column needs."""
        return frozenset(name for name, column in _BY_FIELD.items() if column in self.excluded)

    def erases(self, profile_id: str) -> bool:
        """Whether an id, or its hash, is among the erased profiles."""
        if profile_id in self.erased:
            return True
        return bool(self.key and self.erased) and self.hash(profile_id) in self.erased

    def hides(self, name: str) -> bool:
        """Whether the values of a field, as charts name it, may not be loaded as they are."""
        hidden = self.excluded | self.hashed
        if not hidden.isdisjoint((name, *_FIELDS_OF_PROFILES.get(name, ()))):
            return True
        if name.startswith("profile.properties.") and self.hides(name.removeprefix("profile.")):
            return True
        if not name.startswith("properties."):
            return self._rules["properties"].action(name) is not Action.KEEP
        key = name.removeprefix("properties.")
        return (
            "properties" in self.excluded
            or self._rules["properties"].action(key) is not Action.KEEP
        )

    def hide(self, table: pa.Table, fields: Fields = ()) -> HiddenRows:
        """Apply the settings to rows of ``events``, and tell which are of erased profiles.

        Args:
            table: The rows.
            fields: Those that have columns though this version does not know them: what is said
                about ``extras`` holds for them.
        """
        keep = self.kept(table) if self.erased else None
        changes = {column: self._change_of_field(name) for name, column in fields}
        for place, name in enumerate(table.schema.names):
            change = changes[name] if name in changes else self.change(name)
            if change is not None:
                column = change(table.column(place).combine_chunks())
                table = table.set_column(place, table.schema.field(place), column)
        return HiddenRows(table, keep)

    def hide_promoted(self, names: Collection[str], key: str, values: pa.Array) -> pa.Array:
        """Apply the settings to a column made of the ``properties`` that ``hide`` left.

        Args:
            names: Of the column, and what else it may be called.
            key: Of ``properties``.
            values: Text.
        """
        if not self.excluded.isdisjoint(names):
            return pa.nulls(len(values), values.type)
        is_hash = self._rules["properties"].action(key) is Action.HASH
        if is_hash or self.hashed.isdisjoint(names):
            return values
        return self.hashed_texts(values)

    def check_profiles(self, wanted: str = "include_profiles") -> None:
        """Refuse to load profiles whose ids may not be loaded.

        Args:
            wanted: The setting that has them loaded.

        Raises:
            InvalidSettingError: The ids of profiles are excluded.
        """
        if "profile_id" in self.excluded:
            raise InvalidSettingError(
                f"{wanted} needs the ids of profiles, which exclude_columns leaves out;"
                " hash profile_id instead, or do not include profiles."
            )

    def check_promoted(self, types: Mapping[str, str]) -> None:
        """Refuse columns whose every value would be a hash, and of another type.

        Args:
            types: Of columns, by the key of ``properties`` that they are made of.

        Raises:
            InvalidSettingError: There is such a column.
        """
        for key, kind in types.items():
            if kind != "text" and self._rules["properties"].action(key) is Action.HASH:
                raise InvalidSettingError(
                    f"properties says {kind} for the key {key!r:.100}, which hash_columns hashes;"
                    " set it to text, as a hash is, or hash it no longer."
                )

    def redacted(self, rejected: Rejected) -> Rejected | None:
        """A rejected row with the settings applied to its bytes.

        Returns:
            The row, without its bytes where these cannot be read; None if it is of an erased
            profile.
        """
        # What follows a colon may quote a value.
        reason = rejected.reason.partition(":")[0]
        row = _object(rejected.raw)
        if row is None:
            return Rejected("", reason)
        if any(map(self.erases, _ids(row))):
            return None
        try:
            return Rejected(json.dumps(self._redacted_object(row)), reason)
        except RecursionError:
            return Rejected("", reason)

    def _redacted_object(self, row: dict[str, Any]) -> dict[str, Any]:
        # Whatever hides something of events hides what was told beside them.
        row.pop("profile", None)
        known = {name: row.pop(name) for name in list(row) if name in _BY_FIELD}
        left = {
            name: self._redacted_value(_BY_FIELD[name], value)
            for name, value in known.items()
            if _BY_FIELD[name] not in self.excluded
        }
        if "extras" in self.excluded:
            return left
        return left | (self._redacted_value("extras", row) or {})

    def _redacted_value(self, column: str, value: Any) -> Any:
        rules = self._rules.get(column)
        if rules and value is not None:
            return json.loads(rules.apply(json.dumps(value)) or "null")
        if column in self.hashed and value not in (None, ""):
            return self.hash(_text(value))
        return value

    def kept(
        self, table: pa.Table, columns: Sequence[str] = ("profile_id", "device_id")
    ) -> pa.Array | None:
        """Which rows have no id of an erased profile in these columns; None for all."""
        import pyarrow.compute as pc

        erased = None
        for name in columns:
            column = table.column(name).combine_chunks()
            found = [text for text in column.unique().to_pylist() if text and self.erases(text)]
            if found:
                here = pc.is_in(column, pa.array(found, pa.string()))
                erased = here if erased is None else pc.or_(erased, here)
        return None if erased is None else pc.invert(erased)

    def action(self, field_: str) -> Action:
        """What becomes of a field that this version of the package does not know."""
        return self._rules["extras"].action(field_)

    def change(self, name: str) -> Callable[[pa.Array], pa.Array] | None:
        """What hides a column; None if it is loaded as it is."""
        if name in self.excluded:
            return nulls
        rules = self._rules.get(name)
        if rules:
            apply = rules.apply
            return lambda column: pa.array(
                [text if text is None else apply(text) for text in column.to_pylist()], pa.string()
            )
        return self.hashed_texts if name in self.hashed else None

    def _change_of_field(self, field: str) -> Callable[[pa.Array], pa.Array] | None:
        rules = self._rules["extras"]
        if "extras" in self.excluded or not rules:
            return self.change("extras")
        return lambda column: pa.array(
            [text and rules.apply_to_value(field, text) for text in column.to_pylist()], pa.string()
        )

    def hashed_texts(self, column: pa.Array) -> pa.Array:
        """The hash of each text."""
        # Pages repeat a few values: each is hashed once. An empty text still says: no value.
        encoded = column.dictionary_encode()
        hashes = [text and self.hash(text) for text in encoded.dictionary.to_pylist()]
        return pa.array(hashes, pa.string()).take(encoded.indices)


def nulls(column: pa.Array) -> pa.Array:
    """As many nulls as values."""
    return pa.nulls(len(column), column.type)


def ids_in(raw: str | None) -> set[str]:
    """The ids of profile and device in the bytes of a rejected row, as text."""
    row = _object(raw)
    return set() if row is None else _ids(row)


def _ids(row: Mapping[str, Any]) -> set[str]:
    ids = (row.get("profileId"), row.get("deviceId"))
    return {_text(one) for one in ids if one is not None}


def _text(value: object) -> str:
    """What shaping makes of a value that is no text."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _object(raw: str | None) -> dict[str, Any] | None:
    try:
        row = json.loads(raw or "")
    except (ValueError, RecursionError):
        return None
    return row if isinstance(row, dict) else None
