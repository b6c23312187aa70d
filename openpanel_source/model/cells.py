"""What a query gives back, value by value, as text and as JSON; pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from math import isfinite
from typing import Any


def distinct_names(names: list[str]) -> list[str]:
    """Names of which none is there twice, as keys of an object must be."""
    distinct: list[str] = []
    for name in names:
        number, own = 1, name
        while own in distinct:
            number += 1
            own = f"{name}_{number}"
        distinct.append(own)
    return distinct


def as_json(value: Any) -> Any:
    """A value as JSON has it; what it lacks is text."""
    if isinstance(value, Mapping):
        return {str(key): as_json(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [as_json(item) for item in value]
    if isinstance(value, (float, Decimal)) and isfinite(value):
        return int(value) if isinstance(value, Decimal) and value == int(value) else float(value)
    return value if value is None or isinstance(value, (int, str)) else as_text(value)


def as_text(value: Any, null: str = "") -> str:
    """A value as people and CSV read it."""
    if value is None:
        return null
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return value.isoformat(sep=" ")
    if isinstance(value, (bytes, memoryview)):
        return "\\x" + bytes(value).hex()
    if isinstance(value, (Mapping, list, tuple)):
        return json.dumps(as_json(value), ensure_ascii=False)
    return str(value)
