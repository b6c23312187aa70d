"""Tell a rejected row from others, as the server sent it and as it is held; pure."""

from __future__ import annotations

from typing import Any

from openpanel_source.verify.answers import parse, text_of
from openpanel_source.verify.event import FIELDS, JSON, cleaned, column_of, field
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
        value = parse(raw)
        data.decode()
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        # Bytes that are no text, and NUL, are escaped; what may hold something hidden is not kept.
        return data.decode("utf-8", "backslashreplace").replace("\0", "\\x00") if is_open else ""
    for name in rules.dimensions if is_open else (*rules.dimensions, "profile"):
        value.pop(name, None)
    left = value if is_held or is_open else _redacted(value, hidden)
    try:
        return text_of(dict(sorted(left.items())))
    except RecursionError:
        return ""


def _redacted(row: dict[str, Any], hidden: Hidden) -> dict[str, Any]:
    left: dict[str, Any] = {}
    for given, value in row.items():
        name = cleaned(given) if given not in FIELDS and hidden.has_keys("extras") else given
        if (column_of(name) if name in FIELDS else "extras") not in hidden.excluded:
            left[name] = _left_of(hidden, name, value)
    return {name: value for name, value in left.items() if value is not GONE}


def _left_of(hidden: Hidden, name: str, value: Any) -> Any:
    """What is left of a value; where something of it may be hidden, as it would be loaded."""
    place = name if name in JSON else "extras"
    if name not in FIELDS or name in JSON:
        held = cleaned(value) if hidden.has_keys(place) else value
        is_whole = name in JSON
        return hidden.left_of(name, held) if is_whole else hidden.left_of_key(place, name, held)
    text = field(name, value) if column_of(name) in hidden.hashed else None
    return value if text is None else hidden.digest(text_of(text))
