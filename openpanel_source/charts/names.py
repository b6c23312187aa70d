"""What a chart may name: breakdowns, properties to compute with, and filters.

On some of what it does not know the server answers 500, the rest it drops silently and draws
another chart (openpanel-api.md, section 7), so each mistake has to be caught here. The checks are
pure: they return what is wrong as half a sentence, None if nothing is.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from typing import NamedTuple

import pyarrow as pa

from openpanel_source.api.filters import COHORT_OPERATORS, COLUMNS, PREFIXES, Filter

UTM = ("utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content")
"""Short for ``properties.__query.utm_…``."""

_BREAKDOWNS = (*COLUMNS, *UTM)
_BREAKDOWN = re.compile(
    r"cohort(:.+)?|properties\..+|(profile|group)\.properties\.[^*]+|group\.(id|name|type)"
    r"|profile\.(id|email|first_name|last_name|created_at|last_seen_at)",
    re.DOTALL,
)
_NUMBERS = ("duration", "latitude", "longitude", "revenue")
_AMOUNT = re.compile(rf"properties\.[^*]+|{'|'.join(_NUMBERS)}", re.DOTALL)
_INSTANT = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d{1,3})?")
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)


def breakdown_problem(name: str) -> str | None:
    """What is wrong with a breakdown."""
    if name not in _BREAKDOWNS and not _BREAKDOWN.fullmatch(name):
        return (
            f"breakdown {name!r} is unknown and the server would ignore it; use 'properties.KEY',"
            " 'profile.properties.KEY', 'profile.FIELD', 'group.FIELD', 'cohort', or one of"
            f" {', '.join(_BREAKDOWNS)}"
        )
    return _quoting_problem("breakdown", name)


def amount_problem(name: str) -> str | None:
    """What is wrong with the property of a segment ``property_…``."""
    if not _AMOUNT.fullmatch(name):
        return (
            f"property {name!r} is nothing the server can compute with; use 'properties.KEY',"
            f" without a star, or one of {', '.join(_NUMBERS)}"
        )
    return _quoting_problem("property", name)


def _quoting_problem(kind: str, name: str) -> str | None:
    if "'" in name or "\\" in name:
        return f"{kind} {name!r} holds a quote or backslash, on which the server fails"
    return None


def is_event_property(name: str) -> bool:
    """Whether a breakdown is by a custom property of the event."""
    return name.startswith("properties.") or name in UTM


def filter_problem(given: Filter) -> str | None:
    """What is wrong with a filter that is right by itself, but not in a chart."""
    name, operator = given.property, given.operator
    if operator in COHORT_OPERATORS:
        return None
    if problem := _key_problem(name):
        return problem
    if name not in _KINDS:
        return _values_problem(given, _OF_KEYS if name.startswith(PREFIXES) else _OF_TEXT)
    kind, rules = _KINDS[name]
    if operator == "regex":
        return "operator 'regex' is for text only"
    if operator not in _COMPARISONS:
        return f"operator {operator!r} is not for {kind}; use {', '.join(_COMPARISONS)}"
    return _values_problem(given, rules)


def _key_problem(name: str) -> str | None:
    if "%" in name:
        return "the server fails on a key with a per cent sign"
    is_list = name.startswith("properties.") and (".*." in name or "[*]" in name)
    if "*" in name and not is_list:
        return "the server fails on this star; in 'properties.items.*.name' or '[*]' it works"
    return None


class _Rule(NamedTuple):
    """What the values of a filter must be.

    Attributes:
        operators: Those that it is for.
        accepts: Whether a value is right.
        problem: What is wrong otherwise.
        of_types: Whether it is for filters with a type as well, not for comparisons as text alone.
    """

    operators: tuple[str, ...]
    accepts: Callable[[object], bool]
    problem: str
    of_types: bool = False


def _values_problem(given: Filter, rules: tuple[_Rule, ...]) -> str | None:
    for rule in rules:
        if given.operator in rule.operators and (rule.of_types or given.type in (None, "string")):
            for value in given.value:
                if not rule.accepts(value):
                    return rule.problem.format(operator=given.operator, value=value)
    return None


def _is_number(value: object) -> bool:
    return not isinstance(value, bool) and bool(_NUMBER.fullmatch(str(value)))


def _is_pattern(value: object) -> bool:
    import pyarrow.compute as pc

    try:
        # Arrow's engine is the server's: RE2.
        pc.match_substring_regex(pa.array([""]), str(value))
    except (pa.ArrowInvalid, UnicodeEncodeError):
        return False
    return True


def _is_uuid(value: object) -> bool:
    try:
        uuid.UUID(str(value))
    except ValueError:
        return False
    return True


_COMPARISONS = ("is", "isNot", "gt", "lt", "gte", "lte")
_NO_NUMBER = "the values must be numbers; for other comparisons give type"
_NUMERIC = (_Rule(_COMPARISONS, _is_number, _NO_NUMBER),)
_WHOLE = _Rule(
    ("is", "isNot"),
    lambda value: str(value).isdecimal(),
    "the values must be whole numbers from 0 on",
)
_TIMES = _Rule(
    _COMPARISONS,
    lambda value: bool(_INSTANT.fullmatch(str(value))),
    "without type, values must be UTC times as '2026-01-31 12:00:00'",
)
_OF_TEXT = (
    _Rule(("regex",), _is_pattern, "regex {value!r} is none that RE2 understands", of_types=True),
)
_OF_KEYS = (*_OF_TEXT, _Rule(("gt", "lt", "gte", "lte"), _is_number, _NO_NUMBER))
_KINDS: dict[str, tuple[str, tuple[_Rule, ...]]] = {
    "latitude": ("numbers", _NUMERIC),
    "longitude": ("numbers", _NUMERIC),
    "duration": ("numbers", (*_NUMERIC, _WHOLE)),
    "revenue": ("numbers", (*_NUMERIC, _WHOLE)),
    "created_at": ("times", (_TIMES,)),
    "createdAt": ("times", (_TIMES,)),
    "imported_at": ("times", (_TIMES,)),
    "importedAt": ("times", (_TIMES,)),
    "id": ("ids", (_Rule(_COMPARISONS, _is_uuid, "the values must be UUIDs", of_types=True),)),
}
"""Columns that are no text: what they hold, and what may be compared with it."""
