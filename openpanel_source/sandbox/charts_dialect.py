"""What the charts of a server of a certain age can do: the differences, as data."""

from __future__ import annotations

from dataclasses import dataclass

_RANGES = (
    "30min",
    "lastHour",
    "today",
    "yesterday",
    "7d",
    "30d",
    "6m",
    "12m",
    "monthToDate",
    "lastMonth",
    "yearToDate",
    "lastYear",
    "custom",
)
_SEGMENTS = (
    "event",
    "user",
    "session",
    "user_average",
    "one_event_per_user",
    "property_sum",
    "property_average",
    "property_max",
    "property_min",
)
_WITH_GROUP = (*_SEGMENTS[:3], "group", *_SEGMENTS[3:])
_OPERATORS = (
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
)


@dataclass(frozen=True)
class Dialect:
    """The capabilities in which the charts of servers differ.

    Attributes:
        ranges: Allowed as ``range``.
        segments: Allowed as ``segment``.
        operators: Allowed in filters.
        typed_filters: Filters know ``type`` and cohorts.
        revenue: There is a column of that name.
        early: The engine before 2025-04-16: ``events`` and ``projectId`` are needed, buckets
            reach to the end of the range, the time zone is the one of ``startDate``.
        known_fields: Unknown breakdowns and filters are dropped and aliases understood; elsewhere
            ClickHouse fails on them.
        users_of_series: ``metrics.count`` is about the series, not about all its breakdowns.
        strict_numbers: Properties must be numbers, and columns of numbers none of them.
        nothing: ``min`` and ``max`` of no values.
        backwards: A range that ends before it starts is empty; elsewhere ClickHouse fails on it.
        one_named_event: ``one_event_per_user`` works for a named event.
        bound: Names and values are bound to a query, not put into its text (OpenPanel 3).
    """

    ranges: tuple[str, ...] = (*_RANGES[:2], "last24h", *_RANGES[2:6], "3m", *_RANGES[6:])
    segments: tuple[str, ...] = _WITH_GROUP
    operators: tuple[str, ...] = (*_OPERATORS, "inCohort", "notInCohort")
    typed_filters: bool = True
    revenue: bool = True
    early: bool = False
    known_fields: bool = True
    users_of_series: bool = True
    strict_numbers: bool = False
    nothing: float | None = 0
    backwards: bool = True
    one_named_event: bool = True
    bound: bool = False


CURRENT = Dialect()
REWRITTEN = Dialect(bound=True)
SPRING_2026 = Dialect(
    ranges=_RANGES,
    operators=_OPERATORS,
    typed_filters=False,
    known_fields=False,
    backwards=False,
    one_named_event=False,
)
MARCH_2026 = Dialect(
    ranges=_RANGES,
    operators=_OPERATORS,
    typed_filters=False,
    known_fields=False,
    nothing=None,
    backwards=False,
    one_named_event=False,
)
WINTER_2026 = Dialect(
    ranges=_RANGES,
    segments=_SEGMENTS,
    operators=_OPERATORS,
    typed_filters=False,
    known_fields=False,
    users_of_series=False,
    nothing=None,
    backwards=False,
)
AUTUMN_2025 = Dialect(
    ranges=_RANGES,
    segments=_SEGMENTS,
    operators=_OPERATORS[:9],
    typed_filters=False,
    revenue=False,
    known_fields=False,
    users_of_series=False,
    strict_numbers=True,
    nothing=None,
    backwards=False,
)
EARLY_2025 = Dialect(
    ranges=(*_RANGES[:3], *_RANGES[4:6], *_RANGES[8:]),
    segments=_SEGMENTS,
    operators=_OPERATORS[:7],
    typed_filters=False,
    revenue=False,
    early=True,
    known_fields=False,
    strict_numbers=True,
    nothing=None,
)
