"""The answer of ``/export/charts``: series with their names, metrics and points."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import zip_longest
from string import ascii_uppercase
from typing import Any

from openpanel_source.sandbox.charts.numbers import Count, compared, metrics
from openpanel_source.sandbox.charts.query import ChartQuery
from openpanel_source.sandbox.charts.series import Series
from openpanel_source.sandbox.charts.slug import slug
from openpanel_source.sandbox.query import js_string

Json = dict[str, Any]


def chart_answer(
    query: ChartQuery, current: list[Series], previous: list[Series] | None, nothing: Count
) -> Json:
    """Return the body of an answer.

    Args:
        query: What was asked for.
        current: Its series.
        previous: Those of the period before, if they were asked for.
        nothing: Minimum and maximum of no values.
    """
    items = [
        _item(query, series, _counterpart(series, previous or []), nothing) for series in current
    ]
    items.sort(key=lambda item: -(item["metrics"]["sum"] or 0))
    every = [count for series in current for count in series.counts.values()]
    return {"series": items, "metrics": metrics(every, nothing)}


def points(counts: dict[str, Count], before: list[Count]) -> list[Json]:
    """Return the points of a series, each compared with the one at its place before."""
    # What lies past the end of this series is cut off, as zip_longest cannot.
    pairs = zip_longest(counts.items(), before[: len(counts)])
    return [
        {"date": date, "count": count} | present({"previous": compared(count, then)})
        for (date, count), then in pairs
    ]


def present(members: Json) -> Json:
    """Return the members that have a value."""
    return {name: value for name, value in members.items() if value is not None}


def joined_names(names: Iterable[Any]) -> str:
    """Return names in one text, as ids are made of."""
    return "-".join(map(js_string, names))


def _item(query: ChartQuery, series: Series, before: Series | None, nothing: Count) -> Json:
    asked = query.series[series.index]
    letter = _letter(series.index)
    names = list(series.names)
    if len(query.series) > 1 and letter:
        names[0] = f"({letter}) {js_string(names[0])}"
    event_id = letter or f"series-{series.index}"
    event = {"id": event_id, "name": asked.name}
    return {
        "id": slug(f"{slug(asked.name)}-{event_id}-{joined_names(series.names)}"),
        "names": names,
        "event": event | present({"breakdowns": _breakdowns(query, series)}),
        "metrics": _metrics(series, before, nothing),
        "data": points(series.counts, list(before.counts.values()) if before else []),
    }


def _letter(index: int) -> str | None:
    return ascii_uppercase[index] if index < len(ascii_uppercase) else None


def _breakdowns(query: ChartQuery, series: Series) -> Json | None:
    # By place: without the empty values, the later ones go to the wrong breakdowns.
    values = series.names[1:]
    return dict(zip(query.breakdowns, values, strict=False)) if values else None


def _metrics(series: Series, before: Series | None, nothing: Count) -> Json:
    now: Json = metrics(list(series.counts.values()), nothing) | present({"count": series.users})
    if before is None:
        return now
    then: Json = metrics(list(before.counts.values()), nothing) | {"count": before.users}
    previous = {name: compared(now.get(name), value) for name, value in then.items()}
    return now | {"previous": present(previous)}


def _counterpart(series: Series, previous: list[Series]) -> Series | None:
    return next((then for then in previous if _key(then) == _key(series)), None)


def _key(series: Series) -> tuple[int, str]:
    return series.index, ":::".join(map(js_string, series.names[1:]))
