"""What a chart counts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

from openpanel_source.api.filters import Filter, parse_filter
from openpanel_source.charts.names import amount_problem, filter_problem, is_event_property
from openpanel_source.errors import InvalidSettingError

SEGMENTS = (
    "event",
    "user",
    "session",
    "group",
    "user_average",
    "one_event_per_user",
    "property_sum",
    "property_average",
    "property_min",
    "property_max",
)


@dataclass(frozen=True)
class Series:
    """What a chart counts; checked by the chart it is part of.

    Args:
        event: An event's name, or ``*`` for all events.
        segment: How to count: one of ``SEGMENTS``.
        property: What the segments ``property_…`` compute with: ``properties.KEY`` or a column of
            numbers, as ``revenue``.
        filters: Conditions that all must hold: ``Filter`` objects or mappings.
    """

    event: str
    segment: str = "event"
    property: str | None = None
    filters: Sequence[Filter | Mapping[str, Any]] = ()


def parse_series(item: object, *, breakdowns: Sequence[str] = ()) -> Series:
    """A series from itself, from an event's name, or from a mapping; checked.

    Args:
        item: What was given.
        breakdowns: Those of the chart.

    Returns:
        The series, its filters parsed.

    Raises:
        InvalidSettingError: The server would refuse it, or silently count something else.
    """
    if isinstance(item, str):
        item = Series(item)
    if isinstance(item, Mapping):
        allowed = [field.name for field in fields(Series)]
        if "event" not in item or set(item) - set(allowed):
            raise InvalidSettingError(
                f"series {dict(item)!r} must have event, and may have"
                f" {', '.join(allowed[1:])}, nothing else"
            )
        item = Series(**item)
    if not isinstance(item, Series):
        raise InvalidSettingError(f"series holds {item!r}; give an event's name or a Series")
    if not isinstance(item.event, str) or not item.event:
        raise InvalidSettingError("series: event must be the name of an event, or * for all")
    problem = _segment_problem(item, breakdowns)
    if problem:
        raise InvalidSettingError(f"series {item.event!r}: {problem}")
    return Series(item.event, item.segment, item.property, _parsed_filters(item))


def _parsed_filters(series: Series) -> tuple[Filter, ...]:
    filters = series.filters
    if isinstance(filters, (str, Mapping)) or not isinstance(filters, Sequence):
        raise InvalidSettingError(f"series {series.event!r}: filters must be a list")
    try:
        parsed = tuple(map(parse_filter, filters))
    except InvalidSettingError as error:
        raise InvalidSettingError(f"series {series.event!r}: {error.message}") from None
    for given in parsed:
        if problem := filter_problem(given):
            raise InvalidSettingError(
                f"series {series.event!r}: filter on {given.property!r}: {problem}"
            )
    return parsed


def _segment_problem(series: Series, breakdowns: Sequence[str]) -> str | None:
    segment, name = series.segment, series.property
    if segment not in SEGMENTS:
        return f"segment {segment!r} is not allowed; use one of {', '.join(SEGMENTS)}"
    if segment == "one_event_per_user" and any(map(is_event_property, breakdowns)):
        return (
            "segment 'one_event_per_user' cannot have breakdowns by properties, the server fails;"
            " use columns or profile.…"
        )
    if not segment.startswith("property_"):
        only = f"property is for segments property_… only, not for {segment!r}"
        return None if name is None else only
    if not isinstance(name, str) or not name:
        return (
            f"segment {segment!r} needs property (the server would count events without); use"
            " 'properties.KEY' or revenue"
        )
    return amount_problem(name)
