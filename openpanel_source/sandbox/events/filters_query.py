"""Filters in a query, checked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from openpanel_source.sandbox.events.conditions import Json
from openpanel_source.sandbox.query import Checker, Issue, Path, js_type

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


@dataclass(frozen=True)
class Filter:
    """A checked filter."""

    name: str
    operator: str
    values: list[Json]
    type: str | None = None
    cohorts: tuple[str, ...] = ()


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
