"""What the privacy settings leave of a value, as docs/privacy.md has it; pure."""

from __future__ import annotations

import hmac
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from openpanel_source.verify.answers import text_of

_DEEPEST = 50
"""Levels of JSON that are looked through for keys; what lies deeper is left out."""
HASH = re.compile(r"[0-9a-f]{64}")
GONE = object()
"""In place of what is left out."""


@dataclass(frozen=True)
class Hidden:
    """The privacy settings as they were written.

    Args:
        excluded: ``exclude_columns``.
        hashed: ``hash_columns``.
        dropped: ``drop_properties``.
        erased: ``erased_profiles``.
        key: ``hash_key``.
    """

    excluded: tuple[str, ...] = ()
    hashed: tuple[str, ...] = ()
    dropped: tuple[str, ...] = ()
    erased: tuple[str, ...] = field(default=(), repr=False)
    key: str = field(default="", repr=False)

    def digest(self, text: str) -> str:
        """The hash that stands for a text; null and empty text stay what they are."""
        if not text:
            return text
        return hmac.new(self.key.encode(), text.encode("utf-8", "replace"), "sha256").hexdigest()

    def erases(self, row: Mapping[str, Any]) -> bool:
        """Whether a row is of an erased profile."""
        ids = [
            text_of(row[name]) for name in ("profileId", "deviceId") if row.get(name) is not None
        ]
        found = {*ids, *(map(self.digest, ids) if self.key else ())}
        return not found.isdisjoint(self.erased)

    def action(self, column: str, key: str) -> str:
        """What becomes of a key of ``properties`` or ``extras``: drop, hash or nothing."""
        dropped, hashed = self._patterns[column]
        return "drop" if dropped.fullmatch(key) else "hash" if hashed.fullmatch(key) else ""

    def has_keys(self, column: str) -> bool:
        """Whether keys of a JSON column are hidden at all."""
        return any(self._keys[column])

    def left_of(self, column: str, value: Any, path: str = "", level: int = 0) -> Any:
        """What is left of a JSON value of a column, or of the value of a key in it."""
        if not self.has_keys(column):
            return value
        if not isinstance(value, (dict, list)) or level >= _DEEPEST:
            return None
        is_list = isinstance(value, list)
        members: Iterable[tuple[Any, Any]] = (
            enumerate(value) if isinstance(value, list) else value.items()
        )
        kept = {}
        for name, held in members:
            left = self.left_of_key(column, f"{path}{name}", held, level)
            if left is not GONE:
                kept[name] = left
        return list(kept.values()) if is_list else kept

    def left_of_key(self, column: str, key: str, held: Any, level: int = 0) -> Any:
        """What is left of the value of a key; ``GONE`` for nothing."""
        action = self.action(column, key)
        if action == "drop":
            return GONE
        if action == "hash":
            return held if held in (None, "") else self.digest(text_of(held))
        if isinstance(held, (dict, list)):
            return self.left_of(column, held, f"{key}.", level + 1)
        return held

    @cached_property
    def _keys(self) -> dict[str, tuple[tuple[str, ...], tuple[str, ...]]]:
        """Keys to drop and keys to hash, by column."""
        paths = [path for path in self.hashed if "." in path and not path.startswith("profiles.")]
        every: dict[str, tuple[tuple[str, ...], tuple[str, ...]]]
        every = {"groups": ((), ("*",) if "groups" in self.hashed else ())}
        for column, other in (("properties", "extras."), ("extras", "properties.")):
            own = (path for path in paths if not path.startswith(other))
            every[column] = self.dropped, tuple(path.removeprefix(f"{column}.") for path in own)
        return every

    @cached_property
    def _patterns(self) -> dict[str, tuple[re.Pattern[str], re.Pattern[str]]]:
        return {column: (_pattern(one), _pattern(two)) for column, (one, two) in self._keys.items()}


def _pattern(keys: Iterable[str]) -> re.Pattern[str]:
    parts = [".*".join(map(re.escape, key.split("*"))) for key in keys]
    return re.compile("|".join(parts) if parts else r"(?!)", re.DOTALL)
