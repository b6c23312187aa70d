"""What a chart may name: breakdowns, properties to compute with, and filters.

On some of what it does not know the server answers 500, the rest it drops silently and draws
another chart (openpanel-api.md, section 7), so each mistake has to be caught here. The checks are
pure: they return what is wrong as half a sentence, None if nothing is.
"""

from __future__ import annotations

import re
import uuid

import pyarrow as pa

from openpanel_source.api.filters import COLUMNS, PREFIXES, Filter

UTM = ("utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content")
"""Short for ``properties.__query.utm_…``."""

NUMBERS = ("duration", "latitude", "longitude", "revenue")
INSTANTS = ("created_at", "createdAt", "imported_at", "importedAt")
BREAKDOWNS = (*COLUMNS, *UTM)
PROFILE_FIELDS = ("id", "email", "first_name", "last_name", "created_at", "last_seen_at")
GROUP_FIELDS = ("id", "name", "type")
_COMPARISONS = ("is", "isNot", "gt", "lt", "gte", "lte")
_ORDERS = _COMPARISONS[2:]
_COHORTS = ("inCohort", "notInCohort")
_NO_NUMBER = "the values must be numbers; for other comparisons give type"
_INSTANT = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d{1,3})?")
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)


def breakdown_problem(name: str) -> str | None:
    """What is wrong with a breakdown."""
    family, dot, rest = name.partition(".")
    known = (
        name in BREAKDOWNS
        or name == "cohort"
        or (name.startswith("cohort:") and name != "cohort:")
        or bool(dot and rest and _is_in_family(family, rest))
    )
    if not known:
        return (
            f"breakdown {name!r} is unknown and the server would ignore it; use 'properties.KEY',"
            " 'profile.properties.KEY', 'profile.FIELD', 'group.FIELD', 'cohort', or one of"
            f" {', '.join(BREAKDOWNS)}"
        )
    return _quoting_problem("breakdown", name)


def amount_problem(name: str) -> str | None:
    """What is wrong with the property of a segment ``property_…``."""
    is_property = name.startswith("properties.") and name != "properties."
    if name not in NUMBERS and (not is_property or "*" in name):
        return (
            f"property {name!r} is nothing the server can compute with; use 'properties.KEY',"
            f" without a star, or one of {', '.join(NUMBERS)}"
        )
    return _quoting_problem("property", name)


def is_event_property(name: str) -> bool:
    """Whether a breakdown is by a custom property of the event."""
    return name.startswith("properties.") or name in UTM


def filter_problem(given: Filter) -> str | None:
    """What is wrong with a filter that is right by itself, but not in a chart."""
    name, operator = given.property, given.operator
    if operator in _COHORTS:
        of_text = all(isinstance(value, str) and value for value in given.value)
        return None if of_text else f"{operator} takes ids of cohorts, as text"
    return _key_problem(name) or _operator_problem(given)


def _operator_problem(given: Filter) -> str | None:
    name, operator = given.property, given.operator
    if operator == "regex":
        return _pattern_problem(given)
    if name in NUMBERS:
        return _number_problem(given, whole=name in ("duration", "revenue"))
    if name in INSTANTS:
        return _instant_problem(given)
    if name == "id":
        return _id_problem(given)
    if operator in _ORDERS and name.startswith(PREFIXES) and not _is_typed(given):
        return None if all(map(_is_number, given.value)) else _NO_NUMBER
    return None


def _is_in_family(family: str, rest: str) -> bool:
    is_key = rest.startswith("properties.") and rest != "properties." and "*" not in rest
    if family == "profile":
        return is_key or rest in PROFILE_FIELDS
    if family == "group":
        return is_key or rest in GROUP_FIELDS
    return family == "properties"


def _quoting_problem(kind: str, name: str) -> str | None:
    if "'" in name or "\\" in name:
        return f"{kind} {name!r} holds a quote or backslash, on which the server fails"
    return None


def _key_problem(name: str) -> str | None:
    if "%" in name:
        return "the server fails on a key with a per cent sign"
    is_list = name.startswith("properties.") and (".*." in name or "[*]" in name)
    if "*" in name and not is_list:
        return "the server fails on this star; in 'properties.items.*.name' or '[*]' it works"
    return None


def _pattern_problem(given: Filter) -> str | None:
    if given.property in (*NUMBERS, *INSTANTS, "id"):
        return "operator 'regex' is for text only"
    for value in given.value:
        import pyarrow.compute as pc

        try:
            # Arrow's engine is the server's: RE2.
            pc.match_substring_regex(pa.array([""]), str(value))
        except (pa.ArrowInvalid, UnicodeEncodeError):
            return f"regex {value!r} is none that RE2 understands"
    return None


def _number_problem(given: Filter, *, whole: bool) -> str | None:
    if given.operator not in _COMPARISONS:
        return f"operator {given.operator!r} is not for numbers; use {', '.join(_COMPARISONS)}"
    if _is_typed(given):
        return None
    if not all(map(_is_number, given.value)):
        return _NO_NUMBER
    exact = whole and given.operator in ("is", "isNot")
    if exact and not all(str(value).isdecimal() for value in given.value):
        return "the values must be whole numbers from 0 on"
    return None


def _instant_problem(given: Filter) -> str | None:
    if given.operator not in _COMPARISONS:
        return f"operator {given.operator!r} is not for times; use {', '.join(_COMPARISONS)}"
    if not _is_typed(given) and not all(_INSTANT.fullmatch(str(value)) for value in given.value):
        return "without type, values must be UTC times as '2026-01-31 12:00:00'"
    return None


def _id_problem(given: Filter) -> str | None:
    if given.operator not in _COMPARISONS:
        return f"operator {given.operator!r} is not for ids; use {', '.join(_COMPARISONS)}"
    try:
        for value in given.value:
            uuid.UUID(str(value))
    except ValueError:
        return "the values must be UUIDs"
    return None


def _is_typed(given: Filter) -> bool:
    return given.type not in (None, "string")


def _is_number(value: object) -> bool:
    return not isinstance(value, bool) and bool(_NUMBER.fullmatch(str(value)))
