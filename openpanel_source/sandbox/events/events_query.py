"""The parameters of ``/export/events``, checked."""

from __future__ import annotations

from dataclasses import dataclass

from openpanel_source.sandbox.answers import invalid
from openpanel_source.sandbox.events.filters_query import Filter, check_filters
from openpanel_source.sandbox.generation import Generation
from openpanel_source.sandbox.query import Checker, Issue, Params, js_string, parse_json


@dataclass(frozen=True)
class EventsQuery:
    """A checked query."""

    project: str | None
    profile: str | None
    events: tuple[str, ...]
    start: str | None
    end: str | None
    page: float
    limit: float
    filters: list[Filter]
    includes: frozenset[str]


def check_events(params: Params, generation: Generation) -> EventsQuery:
    """Check the parameters of a request.

    Raises:
        Refusal: 400, naming all that is wrong.
    """
    checker = Checker(params)
    project_id, project = checker.string("project_id"), checker.string("projectId")
    profile = checker.string("profileId") if generation.profile_filter else None
    query = EventsQuery(
        project=project or project_id,
        profile=profile,
        events=_names(checker),
        start=_date(checker, "start"),
        end=_date(checker, "end"),
        page=checker.number("page", 1, finite=generation.decodes_values),
        limit=checker.number("limit", 50, finite=generation.decodes_values),
        filters=_filters(checker) if generation.filters else [],
        includes=_includes(checker, generation),
    )
    if checker.issues:
        raise invalid(generation, checker.issues)
    return query


def _names(checker: Checker) -> tuple[str, ...]:
    value = checker.raw("event")
    names = [value] if isinstance(value, str) else value
    if names is None:
        return ()
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        checker.issues.append(Issue(("event",)))
        return ()
    return tuple(names)


def _date(checker: Checker, name: str) -> str | None:
    value = checker.raw(name)
    return None if value is None else js_string(value) or None


def _filters(checker: Checker) -> list[Filter]:
    value = checker.raw("filters")
    if value is None:
        return []
    if isinstance(value, str):
        try:
            value = parse_json(value)
        except ValueError:
            value = Checker.MISSING
    return check_filters(checker, ("filters",), value)


def _includes(checker: Checker, generation: Generation) -> frozenset[str]:
    value = checker.raw("includes")
    if value is None:
        return frozenset()
    if isinstance(value, str):
        parts = value.split(",") if generation.comma_includes else [value]
        value = [part.strip() for part in parts if part.strip()]
    names = list(checker.items(("includes",), value))
    for path, name in names:
        checker.expect(path, name, "string")
    return frozenset(name for _, name in names if isinstance(name, str))
