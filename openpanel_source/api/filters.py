"""Conditions on events, checked before the server sees them.

The server silently drops a filter on a name it does not know and answers unfiltered, and answers
500 to some malformed ones (openpanel-api.md, section 4), so a mistake has to be caught here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Any

from openpanel_source.errors import InvalidSettingError
from openpanel_source.model.schema import EVENTS

OPERATORS = (
    "is",
    "isNot",
    "contains",
    "doesNotContain",
    "startsWith",
    "endsWith",
    "regex",
    "isNull",
    "isNotNull",
    "gt",
    "lt",
    "gte",
    "lte",
    "inCohort",
    "notInCohort",
)
TYPES = ("string", "number", "date", "datetime", "boolean")
COLUMNS = tuple(
    sorted(
        {column.name for column in EVENTS.columns if column.field and column.type != "json"}
        | {"createdAt", "has_profile", "importedAt"},
        key=str.lower,
    )
)
PREFIXES = ("properties.", "profile.properties.")
_WITHOUT_VALUE = ("isNull", "isNotNull")
_KEYS = {"name", "property", "operator", "value", "type"}


@dataclass(frozen=True)
class Filter:
    """A condition on one property of an event.

    Args:
        property: A column of the event in snake_case, ``properties.KEY`` or
            ``profile.properties.KEY``.
        operator: One of ``OPERATORS``.
        value: The values to compare with; a single one may be given bare.
        type: How to compare: one of ``TYPES``; text when left out.

    Raises:
        InvalidSettingError: The server would refuse the filter or silently ignore it.
    """

    property: str
    operator: str = "is"
    value: Any = ()
    type: str | None = None

    def __post_init__(self) -> None:
        values = self.value
        if isinstance(values, (str, bytes)) or not isinstance(values, Sequence):
            values = (values,)
        object.__setattr__(self, "value", tuple(values))
        self._check_names()
        self._check_values()

    def _wrong(self, what: str) -> InvalidSettingError:
        return InvalidSettingError(f"filter on {self.property!r}: {what}")

    def _check_names(self) -> None:
        known = self.property in COLUMNS or (
            self.property.startswith(PREFIXES) and self.property not in PREFIXES
        )
        if not known:
            raise self._wrong(
                "the server would ignore this name; use 'properties.KEY',"
                f" 'profile.properties.KEY' or one of {', '.join(COLUMNS)}."
            )
        if "'" in self.property or "\\" in self.property:
            raise self._wrong(
                "the server cannot filter on a key that holds a quote or backslash; filter in the"
                " warehouse instead."
            )
        if self.operator not in OPERATORS:
            raise self._wrong(
                f"operator {self.operator!r} is unknown; use one of {', '.join(OPERATORS)}."
            )
        if self.type is not None and self.type not in TYPES:
            raise self._wrong(f"type {self.type!r} is unknown; use one of {', '.join(TYPES)}.")

    def _check_values(self) -> None:
        if not self.value and self.operator not in _WITHOUT_VALUE:
            raise self._wrong(
                f"operator {self.operator!r} needs at least one value; the server would ignore the"
                " filter without."
            )
        for value in self.value:
            if value is not None and not isinstance(value, (str, int, float, bool)):
                raise self._wrong(f"value {value!r} must be text, a number, true, false or null.")
            if isinstance(value, float) and not isfinite(value):
                raise self._wrong(f"value {value!r} is no number that JSON can hold.")
        if self.operator == "doesNotContain" and len(self.value) > 1:
            raise self._wrong(
                "doesNotContain with several values matches every event on the server; give one"
                " filter for each value."
            )

    def to_api(self) -> dict[str, Any]:
        """The filter as the API takes it."""
        api = {"name": self.property, "operator": self.operator, "value": list(self.value)}
        return api if self.type is None else {**api, "type": self.type}


def parse_filter(value: Filter | Mapping[str, Any]) -> Filter:
    """A filter from itself or from a mapping as it stands in configuration.

    Args:
        value: A Filter, or a mapping with ``property`` (or the API's ``name``), ``operator``,
            ``value`` and ``type``.

    Raises:
        InvalidSettingError: Something is missing, unknown or not allowed.
    """
    if isinstance(value, Filter):
        return value
    if not isinstance(value, Mapping) or set(value) - _KEYS:
        raise InvalidSettingError(
            f"filter {value!r}: a filter has property, operator, value and, if needed, type."
        )
    name = value.get("property", value.get("name"))
    if not isinstance(name, str):
        raise InvalidSettingError(f"filter {value!r}: property is missing or no text.")
    return Filter(name, value.get("operator", "is"), value.get("value", ()), value.get("type"))
