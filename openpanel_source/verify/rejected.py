"""Tell a rejected row from others, as the server sent it and as it is held; pure."""

from __future__ import annotations

import json
from typing import Any

from openpanel_source.verify.answers import parse, text_of
from openpanel_source.verify.event import FIELDS, JSON, column_of
from openpanel_source.verify.hidden import GONE, Hidden
from openpanel_source.verify.rules import Rules


def rejected_key(raw: str, rules: Rules, *, is_held: bool = False) -> str:
    """What tells a rejected row from others, whatever white space its JSON has.

    Args:
        raw: The row.
        rules: What is loaded how.
        is_held: Whether it is as the destination holds it, and not as the server sent it.
    """
    hidden, is_open = rules.hidden, rules.hidden == Hidden()
    data = raw.encode("utf-8", "surrogateescape")
    try:
        value = parse(raw) if is_open else json.loads(raw)
        data.decode()
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        # Bytes that are no text, and NUL, are escaped; what may hold something hidden is not kept.
        return data.decode("utf-8", "backslashreplace").replace("\0", "\\x00") if is_open else ""
    for name in rules.told if is_open else (*rules.told, "profile"):
        value.pop(name, None)
    left = value if is_held or is_open else _redacted(value, hidden)
    try:
        return text_of(dict(sorted(left.items())))
    except RecursionError:
        return ""


def _redacted(row: dict[str, Any], hidden: Hidden) -> dict[str, Any]:
    left = {
        name: _left_of(hidden, name, value)
        for name, value in row.items()
        if (column_of(name) if name in FIELDS else "extras") not in hidden.excluded
    }
    return {name: value for name, value in left.items() if value is not GONE}


def _left_of(hidden: Hidden, name: str, value: Any) -> Any:
    if name not in FIELDS:
        return hidden.left_of_key("extras", name, value)
    if name in JSON:
        return hidden.left_of(name, value)
    is_hashed = column_of(name) in hidden.hashed and value is not None
    return hidden.digest(text_of(value)) if is_hashed else value
