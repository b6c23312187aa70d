"""Results as JSON values; pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import is_dataclass
from datetime import date
from enum import Enum
from typing import Any


class AsDict:
    """A result that is JSON values by the names of its fields."""

    def as_dict(self) -> dict[str, Any]:
        """The fields as JSON values; days and times as ISO text, UTC."""
        return dict(plain(vars(self)))


def plain(value: Any) -> Any:
    """A result as JSON values: its fields by name, days and times as ISO text."""
    if hasattr(value, "as_dict"):
        return value.as_dict()
    if is_dataclass(value):
        value = vars(value)
    if isinstance(value, Mapping):
        return {name: plain(held) for name, held in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, Enum):
        return value.value
    return value.isoformat() if isinstance(value, date) else value
