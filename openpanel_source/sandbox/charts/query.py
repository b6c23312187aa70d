"""The parameters of ``/export/charts``, checked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from openpanel_source.sandbox.answers import invalid
from openpanel_source.sandbox.charts_dialect import Dialect
from openpanel_source.sandbox.events.filters_query import Filter, check_filters
from openpanel_source.sandbox.generation import Generation
from openpanel_source.sandbox.query import Checker, Params, Path, decode_values

INTERVALS = ("minute", "day", "hour", "week", "month")


@dataclass(frozen=True)
class SeriesQuery:
    """One of the series asked for, before breakdowns multiply it."""

    name: str
    segment: str
    property: str | None
    filters: list[Filter]
    id: str | None = None
    display_name: str | None = None


@dataclass(frozen=True)
class ChartQuery:
    """A checked query."""

    project: str | None
    series: tuple[SeriesQuery, ...]
    breakdowns: tuple[str, ...]
    interval: str
    range: str
    start: str | None
    end: str | None
    previous: bool


def check_chart(params: Params, generation: Generation) -> ChartQuery:
    """Check the parameters of a request, as they were sent; decoded where it is OpenPanel 3's.

    Raises:
        Refusal: 400, naming all that is wrong.
    """
    values = params if generation.rewritten else decode_values(params)
    checker = _ChartChecker(values, generation.charts)
    found = checker.values()
    if checker.issues:
        raise invalid(generation, checker.issues)
    # Before 2026-04-09 the check decodes a project id, but the look-up does not.
    decoded = generation.decodes_values or generation.charts.early
    ids = found if decoded else params
    series = found.get("series")
    return ChartQuery(
        project=ids.get("projectId") or ids.get("project_id"),
        series=(found["events"] or ()) if series is None else series,
        breakdowns=found["breakdowns"],
        interval=found["interval"],
        range=found["range"],
        start=found["startDate"] or None,
        end=found["endDate"] or None,
        previous=found["previous"],
    )


class _ChartChecker(Checker):
    """Checks each parameter, in the order in which the server reports what is wrong."""

    def __init__(self, params: Params, dialect: Dialect) -> None:
        super().__init__(params)
        self._dialect = dialect

    def values(self) -> dict[str, Any]:
        """Return the checked parameters by name."""
        checks: dict[str, Callable[[str], Any]] = {
            "breakdowns": self._breakdowns,
            "interval": lambda name: self._choice(name, INTERVALS, "day"),
            "range": lambda name: self._choice(name, self._dialect.ranges, "30d"),
            "previous": self._previous,
            "startDate": self.string,
            "endDate": self.string,
            "project_id": self.string,
            "projectId": self.string,
            "series": self._series,
            "events": self._series,
        }
        order = list(checks)
        if self._dialect.early:
            checks |= {"events": self._events, "projectId": self._needed_string}
            order = ["events", "breakdowns", "projectId", *order[1:6]]
        return {name: checks[name](name) for name in order}

    def _choice(self, name: str, options: tuple[str, ...], default: str) -> str:
        value = self._params.get(name, default)
        self.one_of((name,), value, options)
        return str(value)

    def _previous(self, name: str) -> bool:
        value = self._params.get(name, False)
        self.expect((name,), value, "boolean")
        return bool(value)

    def _needed_string(self, name: str) -> str | None:
        self.expect((name,), self._params.get(name, self.MISSING), "string")
        return self.raw(name) if isinstance(self.raw(name), str) else None

    def _breakdowns(self, name: str) -> tuple[str, ...]:
        names = []
        for path, item in self.items((name,), self._params.get(name, [])):
            if self.expect(path, item, "object"):
                self._optional(path, item, "id")
                names.append(self._name(path, item))
        return tuple(names)

    def _series(self, name: str) -> tuple[SeriesQuery, ...] | None:
        return self._events(name) if name in self._params else None

    def _events(self, name: str) -> tuple[SeriesQuery, ...]:
        value = self._params.get(name, self.MISSING)
        check = self._early_event if self._dialect.early else self._event
        return tuple(
            check(path, item)
            for path, item in self.items((name,), value)
            if self.expect(path, item, "object")
        )

    def _event(self, path: Path, item: dict[str, Any]) -> SeriesQuery:
        name = self._name(path, item)
        filters = self._filters(path, item)
        segment = self._segment(path, item)
        return SeriesQuery(name, segment, self._optional(path, item, "property"), filters)

    def _early_event(self, path: Path, item: dict[str, Any]) -> SeriesQuery:
        event_id = self._optional(path, item, "id")
        name = self._name(path, item)
        display_name = self._optional(path, item, "displayName")
        property_name = self._optional(path, item, "property")
        segment = self._segment(path, item)
        filters = self._filters(path, item)
        return SeriesQuery(name, segment, property_name, filters, event_id, display_name)

    def _name(self, path: Path, item: dict[str, Any]) -> str:
        name = item.get("name", self.MISSING)
        self.expect((*path, "name"), name, "string")
        return str(name)

    def _optional(self, path: Path, item: dict[str, Any], key: str) -> str | None:
        if key in item:
            self.expect((*path, key), item[key], "string")
        return item.get(key)

    def _segment(self, path: Path, item: dict[str, Any]) -> str:
        segment = item.get("segment", "event")
        self.one_of((*path, "segment"), segment, self._dialect.segments)
        return str(segment)

    def _filters(self, path: Path, item: dict[str, Any]) -> list[Filter]:
        dialect = self._dialect
        return check_filters(
            self,
            (*path, "filters"),
            item.get("filters", []),
            dialect.operators,
            typed=dialect.typed_filters,
        )
