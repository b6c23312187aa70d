"""Conditions on events, checked before the server sees them.

The server silently drops a filter on a name it does not know and answers unfiltered, and answers
500 to some malformed ones (openpanel-api.md, section 4), so a mistake has to be caught here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Any, NoReturn

from openpanel_source.errors import InvalidSettingError
from openpanel_source.model.schema import EVENTS

COHORT_OPERATORS = ("inCohort", "notInCohort")
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
    *COHORT_OPERATORS,
)
TYPES = ("string", "number", "date", "datetime", "boolean")
HAS_PROFILE = "has_profile"
COLUMNS = tuple(
    sorted(
        {column.name for column in EVENTS.columns if column.field and column.type != "json"}
        | {"createdAt", HAS_PROFILE, "importedAt"},
        key=str.lower,
    )
)
PREFIXES = ("properties.", "profile.properties.")
_KEYS = {"name", "property", "operator", "value", "type"}


@dataclass(frozen=True)
class Filter:
    """A condition on one property of an event.

    Args:
        property: A column of the event in snake_case, ``properties.KEY`` or
            ``profile.properties.KEY``.
        operator: One of ``OPERATORS``.
        value: The values to compare with, of cohorts their ids; a single one may be given bare.
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
        if self.property == HAS_PROFILE:
            # The server knows the text alone: it takes true for false.
            values = ["true" if one is True else "false" if one is False else one for one in values]
        object.__setattr__(self, "value", tuple(values))
        for is_broken, problem in _RULES:
            if is_broken(self):
                self._fail(problem.format(operator=self.operator, type=self.type))
        for value in self.value:
            for is_wrong, problem in _VALUE_RULES:
                if is_wrong(value):
                    self._fail(problem.format(value=value))

    def _fail(self, problem: str) -> NoReturn:
        raise InvalidSettingError(f"filter on {self.property!r}: {problem}.")

    def definition(self) -> dict[str, Any]:
        """The filter as a mapping that ``parse_filter`` reads."""
        kind = {} if self.type is None else {"type": self.type}
        return {
            "name": self.property,
            "operator": self.operator,
            "value": list(self.value),
        } | kind

    def to_api(self) -> dict[str, Any]:
        """The filter as the API takes it."""
        if self.operator not in COHORT_OPERATORS:
            return self.definition()
        # Without this member, the server ignores the filter.
        return self.definition() | {"cohortIds": list(self.value)}


_RULES: tuple[tuple[Callable[[Filter], bool], str], ...] = (
    (
        lambda it: (
            it.property not in COLUMNS
            and (not it.property.startswith(PREFIXES) or it.property in PREFIXES)
        ),
        "the server would ignore this name; use 'properties.KEY', 'profile.properties.KEY' or one"
        f" of {', '.join(COLUMNS)}",
    ),
    (
        lambda it: "'" in it.property or "\\" in it.property,
        "the server cannot filter on a key that holds a quote or backslash; filter in the warehouse"
        " instead",
    ),
    (
        lambda it: it.operator not in OPERATORS,
        f"operator {{operator!r}} is unknown; use one of {', '.join(OPERATORS)}",
    ),
    (
        lambda it: it.type not in (None, *TYPES),
        f"type {{type!r}} is unknown; use one of {', '.join(TYPES)}",
    ),
    (
        lambda it: not it.value and it.operator not in ("isNull", "isNotNull"),
        "operator {operator!r} needs at least one value; the server would ignore the filter"
        " without",
    ),
    (
        lambda it: it.operator == "doesNotContain" and len(it.value) > 1,
        "doesNotContain with several values matches every event on the server; give one filter for"
        " each value",
    ),
    (
        lambda it: (
            it.operator in COHORT_OPERATORS
            and not all(isinstance(value, str) and value for value in it.value)
        ),
        "{operator} takes ids of cohorts, as text",
    ),
    (
        lambda it: (
            it.property == HAS_PROFILE
            and it.operator not in COHORT_OPERATORS
            and (
                it.operator != "is"
                or it.type is not None
                or it.value not in (("true",), ("false",))
            )
        ),
        "the server knows operator is and one value, true or false, without type",
    ),
)
"""What breaks a filter, and how that is told."""

_VALUE_RULES: tuple[tuple[Callable[[Any], bool], str], ...] = (
    (
        lambda value: value is not None and not isinstance(value, (str, int, float, bool)),
        "value {value!r} must be text, a number, true, false or null",
    ),
    (
        lambda value: isinstance(value, float) and not isfinite(value),
        "value {value!r} is no number that JSON can hold",
    ),
)


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
