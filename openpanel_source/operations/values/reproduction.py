"""What a mistake of this package can be found with, without anything that a visitor left."""

from __future__ import annotations

import json
import secrets
import sys
import unicodedata
from hashlib import sha256
from importlib.metadata import version
from itertools import groupby
from pathlib import Path
from typing import Any

from openpanel_source.model.schema import EVENTS
from openpanel_source.operations.values.report import ValueDifference, ValueReport

_MOST_PARTS = 40
"""Of a text's shape; longer ones end with how many more there are."""
_MOST_MEMBERS = 20
_DEEPEST = 5
_HIDDEN = "(hidden)"
_COLUMNS = {column.name for column in EVENTS.columns} | {"rejected"}


def write_reproduction(report: ValueReport, destination: str, path: Path) -> None:
    """Write what still differs after it was read again, its values replaced by their shapes.

    Args:
        report: What differs still.
        destination: Its kind, as ``duckdb``.
        path: Of the file, JSON; replaced if it is there.

    Raises:
        OSError: It cannot be written.
    """
    salt = secrets.token_hex(16)
    packages = ("openpanel-source", "dlt", "duckdb", "pyarrow")
    content = {
        "about": "Days that differ from the server's though they were read again. Values are"
        " replaced by their shapes, ids and keys by marks that mean nothing elsewhere.",
        "versions": {
            "python": sys.version.split()[0],
            **{name: version(name) for name in packages},
        },
        "destination": destination,
        "rows": report.rows,
        "days": report.days,
        "differences": [_difference(one, salt) for one in report.differences],
    }
    path.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


def _difference(found: ValueDifference, salt: str) -> dict[str, Any]:
    # A column that is made of a key of the properties may be called like anything.
    return {
        "kind": found.kind,
        "column": found.column if found.column in _COLUMNS else f"own {_mark(found.column, salt)}",
        "id": _mark(found.id, salt),
        "server": shape_of_text(found.server, salt),
        "held": shape_of_text(found.held, salt),
    }


def shape_of_text(text: str | None, salt: str) -> Any:
    """The shape of a value that is written as text: of JSON if it is some; pure.

    Args:
        text: The value; None for null.
        salt: Makes marks of keys that only this file has.
    """
    if text is None or text == _HIDDEN:
        return text
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return _shape_of_characters(text)
    if isinstance(value, (dict, list)):
        return _shape_of_json(value, salt)
    return f"{type(value).__name__} {_shape_of_characters(text)}"


def _shape_of_json(value: Any, salt: str, level: int = 0) -> Any:
    if level == _DEEPEST:
        return type(value).__name__
    if isinstance(value, dict):
        members = list(value.items())[:_MOST_MEMBERS]
        shapes: Any = {
            _mark(name, salt): _shape_of_json(held, salt, level + 1) for name, held in members
        }
        return shapes | ({"more": len(value) - len(members)} if len(value) > len(members) else {})
    if isinstance(value, list):
        return [_shape_of_json(held, salt, level + 1) for held in value[:_MOST_MEMBERS]]
    if isinstance(value, str):
        return f"str {_shape_of_characters(value)}".rstrip()
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return f"{type(value).__name__} {_shape_of_characters(json.dumps(value))}"
    return type(value).__name__


def _shape_of_characters(text: str) -> str:
    """How many characters of which kind follow each other, by Unicode's categories.

    What no text should hold is named: it may be what the mistake is about.
    """
    runs = [(kind, sum(1 for _ in run)) for kind, run in groupby(text, _kind)]
    parts = [f"{kind}*{count}" for kind, count in runs[:_MOST_PARTS]]
    return " ".join(
        [*parts, *([f"and {len(runs) - _MOST_PARTS} more"] if runs[_MOST_PARTS:] else [])]
    )


def _kind(character: str) -> str:
    category = unicodedata.category(character)
    is_named = category in ("Cc", "Cs", "Cf", "Zl", "Zp") or character == "\ufffd"
    return f"U+{ord(character):04X}" if is_named else category


def _mark(text: str, salt: str) -> str:
    return sha256(f"{salt}{text}".encode("utf-8", "replace")).hexdigest()[:12] if text else ""
