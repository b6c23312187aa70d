"""Filters: from JSON to the condition they put on events."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from openpanel_source.sandbox.answers import server_error
from openpanel_source.sandbox.conditions import (
    Json,
    Sql,
    id_condition,
    instant_condition,
    is_comparison,
    joined,
    number_condition,
    property_condition,
    text_condition,
    typed_condition,
)
from openpanel_source.sandbox.query import Checker, Issue, Path, js_string, js_type

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

_TEXT = frozenset(
    (
        "name",
        "sdk_name",
        "sdk_version",
        "device_id",
        "profile_id",
        "project_id",
        "session_id",
        "path",
        "origin",
        "referrer",
        "referrer_name",
        "referrer_type",
        "country",
        "city",
        "region",
        "os",
        "os_version",
        "browser",
        "browser_version",
        "device",
        "brand",
        "model",
    )
)
_NUMBERS = {
    "duration": "UBIGINT",
    "revenue": "UBIGINT",
    "longitude": "FLOAT",
    "latitude": "FLOAT",
}
_INSTANTS = {"created_at": ("created_ms", 1), "imported_at": ("imported_s", 1000)}
_ALIASES = {
    "referrerName": "referrer_name",
    "referrerType": "referrer_type",
    "sessionId": "session_id",
    "deviceId": "device_id",
    "profileId": "profile_id",
    "projectId": "project_id",
    "osVersion": "os_version",
    "browserVersion": "browser_version",
    "sdkName": "sdk_name",
    "sdkVersion": "sdk_version",
    "createdAt": "created_at",
    "importedAt": "imported_at",
}
_UTM = ("utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content")
_PROFILE = frozenset(
    (
        "id",
        "is_external",
        "first_name",
        "last_name",
        "email",
        "avatar",
        "properties",
        "project_id",
        "created_at",
        "last_seen_at",
        "groups",
    )
)
_PROFILE_PROPERTIES = (
    "coalesce((SELECT p.properties[?] FROM profiles p"
    " WHERE p.project_id = events.project_id AND p.id = events.profile_id), '')"
)
_SOME_PROPERTY = (
    "EXISTS (SELECT 1 FROM (SELECT unnest(map_keys(properties)) AS key,"
    " trim(unnest(map_values(properties))) AS x)"
    r" WHERE key LIKE ? ESCAPE '\' AND {})"
)


@dataclass(frozen=True)
class Filter:
    """A checked filter."""

    name: str
    operator: str
    values: list[Json]
    type: str | None = None
    cohorts: tuple[str, ...] = ()


@dataclass(frozen=True)
class Conditions:
    """What a list of filters comes to.

    Attributes:
        where: The condition on ``events``.
        by_group: Rows are taken once for each of their groups, which is ``group_id``.
    """

    where: Sql
    by_group: bool = False


def check_filters(
    checker: Checker,
    path: Path,
    value: Any,
    operators: tuple[str, ...] = OPERATORS,
    *,
    typed: bool = True,
) -> list[Filter]:
    """Return the filters in a JSON value, noting what is wrong with them.

    Args:
        checker: Takes the notes.
        path: Where the value is.
        value: What should be an array of filters.
        operators: Those that the server knows.
        typed: Whether it knows types and cohorts.
    """
    return [
        _check_filter(checker, item_path, item, operators, typed=typed)
        for item_path, item in checker.items(path, value)
        if checker.expect(item_path, item, "object")
    ]


def conditions(filters: list[Filter]) -> Conditions:
    """Return the condition that all filters put on events.

    Raises:
        Refusal: ClickHouse would fail on one of them.
    """
    pieces = [Sql("TRUE")]
    for given in filters:
        piece = _condition(given)
        if piece is not None:
            pieces.append(piece)
    by_group = any(given.name.startswith("group.") for given in filters)
    return Conditions(joined(pieces, "AND"), by_group)


def _check_filter(
    checker: Checker, path: Path, item: dict[str, Any], operators: tuple[str, ...], *, typed: bool
) -> Filter:
    missing = checker.MISSING
    if "id" in item:
        checker.expect((*path, "id"), item["id"], "string")
    name = item.get("name", missing)
    checker.expect((*path, "name"), name, "string")
    checker.one_of((*path, "operator"), item.get("operator", missing), operators)
    values = []
    for value_path, value in checker.items((*path, "value"), item.get("value", missing)):
        if isinstance(value, (list, dict)):
            checker.issues.append(_no_value(value_path, js_type(value)))
        values.append(value)
    if not typed:
        return Filter(name, item.get("operator", ""), values)
    if "type" in item:
        checker.one_of((*path, "type"), item["type"], TYPES)
    cohorts = []
    if "cohortId" in item and checker.expect((*path, "cohortId"), item["cohortId"], "string"):
        cohorts.append(item["cohortId"])
    if "cohortIds" in item:
        for cohort_path, cohort in checker.items((*path, "cohortIds"), item["cohortIds"]):
            checker.expect(cohort_path, cohort, "string")
            cohorts.append(cohort)
    return Filter(name, item.get("operator", ""), values, item.get("type"), tuple(cohorts))


def _no_value(path: Path, received: str) -> Issue:
    """Note that a value is none of the four types; the server asks for them pair by pair."""
    issue = Issue(path, "string", received)
    for expected in ("number", "boolean", "null"):
        issue = Issue(path, alternatives=(issue, Issue(path, expected, received)))
    return issue


def _condition(given: Filter) -> Sql | None:
    if given.operator in ("inCohort", "notInCohort"):
        # No dataset holds the members of cohorts: they have none.
        return Sql("FALSE" if given.operator == "inCohort" else "TRUE") if given.cohorts else None
    if not given.values and given.operator not in ("isNull", "isNotNull"):
        return None
    name = _ALIASES.get(given.name, given.name)
    if name in _UTM:
        name = f"properties.__query.{name}"
    if name == "has_profile":
        return Sql(f"profile_id {'<>' if 'true' in given.values else '='} device_id")
    family, dot, rest = name.partition(".")
    of_family = _FAMILIES.get(family) if dot else _column
    return of_family(rest if dot else name, given) if of_family else None


def _column(name: str, given: Filter) -> Sql | None:
    if name in _INSTANTS:
        column, unit = _INSTANTS[name]
        if _is_typed(given):
            # As text an instant is neither a number nor true.
            return _typed(Sql("''"), given, Sql(f"{column} // {1000 // unit}"))
        return instant_condition(column, unit, given.operator, _texts(given))
    if name not in _TEXT and name not in _NUMBERS and name != "id":
        return None
    if _is_typed(given):
        return _typed(Sql(f"{name}::VARCHAR"), given)
    texts = _texts(given)
    if name in _NUMBERS:
        condition = number_condition(name, _NUMBERS[name], given.operator, texts)
    elif name == "id":
        condition = id_condition(given.operator, texts)
    else:
        if given.operator == "regex":
            texts = [text.strip("/").strip() for text in texts]
        condition = text_condition(Sql(name), given.operator, texts)
    return condition


def _property(key: str, given: Filter) -> Sql:
    # The server puts the key between quotes as it is.
    if "'" in key:
        raise server_error()
    pattern = _wildcard(key) if "*" in key else key
    if "*" in key and "%" in pattern:
        inner = _any_or_typed(Sql("x"), given)
        return Sql(_SOME_PROPERTY.format(inner.text), (pattern, *inner.parameters))
    # Elsewhere a star gives an array, and a per cent sign is taken for a star.
    if "*" in key or "%" in key:
        raise server_error()
    return _text_or_typed(Sql("coalesce(properties[?], '')", (key,)), given)


def _profile(field: str, given: Filter) -> Sql | None:
    key = field.removeprefix("properties.")
    if key != field:
        if "'" in key or "*" in key or "%" in key:
            raise server_error()
        return _text_or_typed(Sql(_PROFILE_PROPERTIES, (key,)), given)
    if field not in _PROFILE:
        raise server_error()
    return None


def _group(field: str, given: Filter) -> Sql | None:
    # The dataset knows the ids of groups only: a name is taken for the id.
    left = Sql("''" if field == "type" or field.startswith("properties.") else "group_id")
    if _is_typed(given):
        return _typed(left, given)
    if given.operator in ("gt", "gte", "lt", "lte"):
        return None
    return text_condition(left, given.operator, _texts(given))


def _text_or_typed(left: Sql, given: Filter) -> Sql:
    if _is_typed(given):
        return _typed(left, given)
    return property_condition(left, given.operator, _texts(given))


def _any_or_typed(left: Sql, given: Filter) -> Sql:
    if _is_typed(given) or given.operator != "isNot":
        return _text_or_typed(left, given)
    # In the items of a list, isNot joins its values by OR.
    return joined((text_condition(left, "isNot", [text]) for text in _texts(given)), "OR")


def _texts(given: Filter) -> list[str]:
    return [js_string(value).strip() for value in given.values]


def _typed(left: Sql, given: Filter, seconds: Sql | None = None) -> Sql:
    return typed_condition(left, seconds, given.type or "", given.operator, given.values)


def _is_typed(given: Filter) -> bool:
    return given.type not in (None, "string") and is_comparison(given.operator)


def _wildcard(key: str) -> str:
    key = key.replace(".*.", ".%.", 1)
    if key.endswith("[*]"):
        key = f"{key[:-3]}.%"
    before, star, after = key.partition("[*]")
    return f"{before}.%.{after[1:]}" if star else key


_FAMILIES: dict[str, Callable[[str, Filter], Sql | None]] = {
    "properties": _property,
    "profile": _profile,
    "group": _group,
}
