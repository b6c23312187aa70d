"""Filters on profiles, with the server's meaning."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

from openpanel_source.sandbox.answers import server_error
from openpanel_source.sandbox.dataset import Row
from openpanel_source.sandbox.dates import parse_js_date
from openpanel_source.sandbox.events.filters_query import Filter
from openpanel_source.sandbox.instants import best_effort
from openpanel_source.sandbox.query import js_string

_TEXTS = {
    "id": "id",
    "email": "email",
    "first_name": "firstName",
    "last_name": "lastName",
    "avatar": "avatar",
}
_INSTANTS = {"created_at": "createdAt", "last_seen_at": "lastSeenAt"}
_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "is": lambda left, right: left == right,
    "isNot": lambda left, right: left != right,
    "gt": lambda left, right: left > right,
    "gte": lambda left, right: left >= right,
    "lt": lambda left, right: left < right,
    "lte": lambda left, right: left <= right,
}
_PATTERN = {"contains": ".*{}.*", "startsWith": "{}.*", "endsWith": ".*{}"}


def meets(profile: Row, filters: list[Filter], groups: Sequence[Row]) -> bool:
    """Whether a profile meets all filters; those whose name has no prefix are ignored.

    Args:
        profile: The profile.
        filters: What is asked of it, or of one of its groups.
        groups: All of the project.

    Raises:
        Refusal: ClickHouse would fail on one of them.
    """
    return all(_meets(profile, given, groups) for given in filters)


def _meets(profile: Row, given: Filter, groups: Sequence[Row]) -> bool:
    if given.operator in ("inCohort", "notInCohort"):
        # No dataset holds the members of cohorts: they have none.
        return not given.cohorts or given.operator == "notInCohort"
    family, dot, name = given.name.partition(".")
    is_known = dot and family in ("profile", "group")
    if not is_known or not (given.values or given.operator in ("isNull", "isNotNull")):
        return True
    if family == "group":
        own = [group for group in groups if group["id"] in profile["groups"]]
        return any(_text_meets(_of_group(group, name), given) for group in own)
    if name in _INSTANTS:
        return _instant_meets(profile[_INSTANTS[name]], given)
    if name in _TEXTS:
        return _text_meets(profile.get(_TEXTS[name]) or "", given)
    if name.startswith("properties."):
        return _text_meets(_property(profile, name), given)
    raise server_error()


def _of_group(group: Row, name: str) -> str:
    if name.startswith("properties."):
        return _property(group, name)
    return str(group[name if name in ("name", "type") else "id"])


def _property(row: Row, name: str) -> str:
    return js_string(row["properties"].get(name.removeprefix("properties."), ""))


def _instant_meets(instant: str, given: Filter) -> bool:
    # As text it is compared with a time of another form, which ClickHouse refuses.
    if given.type not in ("date", "datetime") or given.operator not in _COMPARE:
        raise server_error()
    unit = 86_400 if given.type == "date" else 1
    left = (parse_js_date(instant) or 0) // 1000 // unit
    found = [best_effort(js_string(value).strip()) for value in given.values]
    together = all if given.operator == "isNot" else any
    return together(
        right is not None and _COMPARE[given.operator](left, right // unit) for right in found
    )


def _text_meets(text: str, given: Filter) -> bool:
    operator = given.operator
    if operator in ("isNull", "isNotNull"):
        return (text == "") == (operator == "isNull")
    values = [js_string(value).strip() for value in given.values]
    together = all if operator in ("isNot", "doesNotContain") else any
    return together(_is_met(text, operator, value) for value in values)


def _is_met(text: str, operator: str, value: str) -> bool:
    if operator == "doesNotContain":
        return not _like(text, value, "contains")
    if operator in _PATTERN:
        return _like(text, value, operator)
    if operator == "regex":
        return re.search(_as_python(value.strip("/").strip()), text, re.S) is not None
    return operator not in _COMPARE or _COMPARE[operator](text, value)


def _like(text: str, value: str, operator: str) -> bool:
    """``ILIKE``, whose wildcards nobody escapes for the client."""
    pattern = ""
    parts = re.finditer(r"\\([%_\\])|(.)", value, re.S)
    for part in parts:
        sign = part[1] or part[2]
        wild = {"%": ".*", "_": "."}.get(sign) if part[2] else None
        pattern += wild or re.escape(sign)
    return re.fullmatch(_PATTERN[operator].format(pattern), text, re.S | re.I) is not None


def _as_python(pattern: str) -> str:
    r"""A pattern of RE2, in which ``\x{1f600}`` is a character and ``\z`` the end."""
    pattern = pattern.replace(r"\z", r"\Z")
    return re.sub(r"\\x\{([0-9a-f]+)\}", lambda found: f"\\U{int(found[1], 16):08x}", pattern)
