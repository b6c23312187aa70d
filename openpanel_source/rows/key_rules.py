"""Keys of JSON that must not be loaded: left out, or with a hash for a value; pure."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import Enum
from functools import cached_property

import msgspec

from openpanel_source.model.json_text import members

_DEEPEST = 50
"""Levels of JSON that are looked through; what lies deeper is left out."""
_NULL = b"null"


class Action(Enum):
    """What becomes of a key."""

    KEEP = 0
    HASH = 1
    DROP = 2


@dataclass(frozen=True)
class KeyRules:
    """Which keys of a JSON value to leave out, and of which to hash the values.

    A key within a key is named with a dot between the two, as OpenPanel flattens them.

    Args:
        dropped: Patterns of keys to leave out; ``*`` stands for any text.
        hashed: Patterns of keys whose values are replaced by their hash.
        hash: Makes it.
    """

    dropped: tuple[str, ...]
    hashed: tuple[str, ...]
    hash: Callable[[str], str]

    def __bool__(self) -> bool:
        return bool(self.dropped or self.hashed)

    @cached_property
    def _patterns(self) -> tuple[re.Pattern[str], re.Pattern[str]]:
        return _pattern(self.dropped), _pattern(self.hashed)

    def action(self, key: str) -> Action:
        """What becomes of a key."""
        dropped, hashed = self._patterns
        if dropped.fullmatch(key):
            return Action.DROP
        return Action.HASH if hashed.fullmatch(key) else Action.KEEP

    def apply(self, text: str) -> str | None:
        """The JSON that is left; None if it is neither a map nor a list, and so has no keys."""
        hidden = self._apply(text.encode("utf-8", "replace"), "", 0)
        return None if hidden == _NULL else hidden.decode()

    def apply_to_value(self, key: str, text: str) -> str | None:
        """The JSON that is left of the value of a key; None if the key is left out."""
        whole = msgspec.json.encode({key: msgspec.Raw(text.encode("utf-8", "replace"))})
        kept = members(self._apply(whole, "", 0)) or {}
        return bytes(kept[key]).decode() if key in kept else None

    def _apply(self, raw: bytes, path: str, depth: int) -> bytes:
        found = members(raw) if depth < _DEEPEST else None
        if found is None:
            return _NULL
        kept: dict[str, msgspec.Raw] = {}
        for name, value in found.items():
            key = path + name
            action = self.action(key)
            if action is Action.DROP:
                continue
            held = bytes(value).strip()
            if action is Action.HASH:
                held = self._hashed(held)
            elif held[:1] in (b"{", b"["):
                held = self._apply(held, f"{key}.", depth + 1)
            kept[name] = msgspec.Raw(held)
        is_list = raw.lstrip()[:1] == b"["
        return msgspec.json.encode(list(kept.values()) if is_list else kept)

    def _hashed(self, raw: bytes) -> bytes:
        if raw in (_NULL, b'""'):
            return raw
        text = json.loads(raw) if raw[:1] == b'"' else raw.decode()
        return msgspec.json.encode(self.hash(text))


def _pattern(keys: Iterable[str]) -> re.Pattern[str]:
    parts = (".*".join(map(re.escape, key.split("*"))) for key in keys)
    return re.compile("|".join(parts) or r"(?!)", re.DOTALL)
