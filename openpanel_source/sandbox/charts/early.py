"""Charts as servers drew them before 2025-04-16: in UTC, with the bucket of the end."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from string import ascii_uppercase
from typing import Any

from openpanel_source.sandbox.answers import no_answer, server_error
from openpanel_source.sandbox.charts.answer import joined_names, points, present
from openpanel_source.sandbox.charts.buckets import floor, following, is_exact
from openpanel_source.sandbox.charts.fields import Field, Label, breakdown_field
from openpanel_source.sandbox.charts.numbers import (
    Count,
    average,
    compared,
    metrics,
    plain,
    rounded,
    total,
)
from openpanel_source.sandbox.charts.query import ChartQuery, SeriesQuery
from openpanel_source.sandbox.charts.range import early_range
from openpanel_source.sandbox.charts.slug import slug
from openpanel_source.sandbox.charts.sql import Counted, Scope, SeriesSql
from openpanel_source.sandbox.charts_dialect import Dialect
from openpanel_source.sandbox.dates import DAY_MS, parse_js_date
from openpanel_source.sandbox.events.conditions import Sql
from openpanel_source.sandbox.events.store import Store
from openpanel_source.sandbox.query import js_string

Json = dict[str, Any]

_NOT_SET = "(not set)"
_LABELS = 4
_MOST_SERIES = 300
_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_DATE = "%Y-%m-%dT%H:%M:%S"
# The server's guess of the time zone that a date was written in.
_ZONES = {
    "+01:00": "Europe/Paris",
    "+02:00": "Europe/Stockholm",
    "+03:00": "Europe/Moscow",
    "+04:00": "Asia/Dubai",
    "+05:00": "Asia/Karachi",
    "+06:00": "Asia/Dhaka",
    "+07:00": "Asia/Bangkok",
    "+08:00": "Asia/Shanghai",
    "+09:00": "Asia/Tokyo",
    "+10:00": "Australia/Sydney",
    "+11:00": "Pacific/Noumea",
    "+12:00": "Pacific/Fiji",
    "-02:00": "America/Noronha",
    "-03:00": "America/Sao_Paulo",
    "-04:00": "America/Santiago",
    "-05:00": "America/Bogota",
    "-06:00": "America/Mexico_City",
    "-07:00": "America/Phoenix",
    "-08:00": "America/Los_Angeles",
    "-09:00": "America/Anchorage",
    "-10:00": "Pacific/Honolulu",
    "-11:00": "Pacific/Midway",
    "-12:00": "Pacific/Tarawa",
}


@dataclass(frozen=True)
class _Span:
    """From start to end, in milliseconds, and the text from which the time zone is guessed."""

    start: int
    end: int
    blueprint: str

    def before(self) -> _Span:
        shift = self.end - self.start + 1000
        # The server writes both anew, to the second and in UTC.
        start, end = ((edge - shift) // 1000 * 1000 for edge in (self.start, self.end))
        return _Span(start, end, "Z")


@dataclass
class _Series:
    asked: SeriesQuery
    names: list[str]
    counts: dict[str, Count]

    @property
    def id(self) -> str:
        parts = (slug(joined_names(self.names)), self.asked.id)
        return "-".join(part for part in parts if part)


def early_chart(
    store: Store, dialect: Dialect, project: str, query: ChartQuery, now: datetime
) -> Json:
    """Return the body of an answer.

    Raises:
        Refusal: 500, something in the query is what the server or ClickHouse fails on; or no
            answer at all, as weeks are what the server dies of.
    """
    if query.interval == "week":
        raise no_answer()
    reader = _Reader(store, dialect, project, query)
    span = _span(query, now)
    # Without a subscription, a chart ends tomorrow at the latest.
    latest = (now - _EPOCH) // timedelta(milliseconds=1) + DAY_MS
    current = reader.read(replace(span, end=min(span.end, latest)))
    previous = reader.read(span.before()) if query.previous else None
    items = [_item(query, series, len(current), previous, dialect.nothing) for series in current]
    items.sort(key=lambda item: -item["metrics"]["sum"])
    items = items[:_MOST_SERIES]
    answer: Json = {"series": items, "metrics": _of_all([i["metrics"] for i in items], dialect)}
    if previous is not None:
        before = [_values(item["metrics"]["previous"]) for item in items]
        answer["metrics"]["previous"] = _all_compared(answer["metrics"], _of_all(before, dialect))
    return answer


def _span(query: ChartQuery, now: datetime) -> _Span:
    start, end = (_instant(text) if text else None for text in (query.start, query.end))
    if start is not None and end is not None:
        return _Span(start, end, query.start or "")
    ranged = [
        (edge - _EPOCH) // timedelta(seconds=1) * 1000 for edge in early_range(query.range, now)
    ]
    return _Span(ranged[0], ranged[1] if end is None else end, "Z")


def _instant(text: str) -> int:
    instant = parse_js_date(text)
    if instant is None:
        raise server_error()
    return instant


class _Reader:
    def __init__(self, store: Store, dialect: Dialect, project: str, query: ChartQuery) -> None:
        self._store = store
        self._dialect = dialect
        self._project = project
        self._query = query
        found = (breakdown_field(name, dialect) for name in query.breakdowns)
        self._fields = [known for known in found if known]

    def read(self, span: _Span) -> list[_Series]:
        """Return all series, in the order in which they were asked for."""
        return [series for asked in self._query.series for series in self._read(asked, span)]

    def _read(self, asked: SeriesQuery, span: _Span) -> Iterator[_Series]:
        counts: dict[str, dict[datetime, float]] = {}
        for row in SeriesSql(asked, self._scope(span)).run(self._store):
            of_labels = counts.setdefault(":::".join(self._labels(asked, row)), {})
            of_labels[row.local] = of_labels.get(row.local, 0) + (row.count or 0)
        dates = list(self._dates(span))
        for key, found in counts.items():
            names = key.split(":::") if self._fields else [asked.display_name or asked.name]
            values = {written: plain(found.get(local, 0)) for local, written in dates}
            yield _Series(asked, names, values)

    def _labels(self, asked: SeriesQuery, row: Counted) -> list[str]:
        """Return the labels without what is empty after the first that is not."""
        labels = [_text(f, v) for f, v in zip(self._fields, row.labels, strict=True)]
        labels = labels[:_LABELS] or [asked.name]
        start = next((i for i, label in enumerate(labels) if label), None)
        if start is None:
            return [_NOT_SET]
        return [_NOT_SET] * start + [label for label in labels[start:] if label]

    def _dates(self, span: _Span) -> Iterator[tuple[datetime, str]]:
        interval = self._query.interval
        zone = span.blueprint[-6:] if re.search(r"[+-]\d\d:\d\d", span.blueprint) else "Z"
        start, end = (
            (_EPOCH + timedelta(milliseconds=edge)).replace(tzinfo=None)
            for edge in (span.start, span.end)
        )
        bucket = floor(start, interval)
        while bucket <= end:
            yield bucket, bucket.strftime(_DATE) + (zone if is_exact(interval) else "")
            bucket = following(bucket, interval)

    def _scope(self, span: _Span) -> Scope:
        first, last = span.start, span.end
        if not is_exact(self._query.interval):
            first, last = first // DAY_MS * DAY_MS, (last // DAY_MS + 1) * DAY_MS - 1
        between = Sql("created_ms BETWEEN ? AND ?", (first, last))
        zone = _ZONES.get(span.blueprint[-6:], "UTC")
        interval, fields = self._query.interval, self._fields
        return Scope(self._project, between, zone, interval, fields, self._dialect)


def _text(known: Field, value: Label) -> str:
    label = known.label(value, timezone.utc)
    return js_string(label) if label else ""


def _item(
    query: ChartQuery,
    series: _Series,
    number: int,
    previous: list[_Series] | None,
    nothing: Count,
) -> Json:
    asked = series.asked
    before = next((then for then in previous or [] if then.id == series.id), None)
    of_series: Json = metrics(list(series.counts.values()), nothing)
    if previous is not None:
        of_series["previous"] = _compared_to(of_series, before, nothing)
    return {
        "id": series.id,
        "names": _names(query, series, number),
        "event": present({"id": asked.id}) | {"name": asked.display_name or asked.name},
        "metrics": of_series,
        "data": points(series.counts, list(before.counts.values()) if before else []),
    }


def _names(query: ChartQuery, series: _Series, number: int) -> list[str]:
    asked = [one.name for one in query.series]
    if number < 2 or len(set(asked)) == len(asked):
        return series.names
    place = [one.id for one in query.series].index(series.asked.id)
    return [f"({ascii_uppercase[place]}) {series.names[0]}", *series.names[1:]]


def _compared_to(now: Json, before: _Series | None, nothing: Count) -> Json:
    if before is None:
        return {}
    then = metrics(list(before.counts.values()), nothing)
    # Minimum and maximum are compared with the sum, by mistake.
    against = {"average": "average"}
    return present(
        {name: compared(now[against.get(name, "sum")], value) for name, value in then.items()}
    )


def _of_all(items: list[dict[str, Count]], dialect: Dialect) -> Json:
    """Return the metrics of a chart: those of its series put together."""
    nothing = dialect.nothing
    return {
        "sum": plain(total(item["sum"] for item in items)),
        "average": plain(rounded(average(item["average"] for item in items))),
        "min": min((item["min"] for item in items if item["min"] is not None), default=nothing),
        "max": max((item["max"] for item in items if item["max"] is not None), default=nothing),
    }


def _values(previous: Json) -> dict[str, Count]:
    names = ("sum", "average", "min", "max")
    return {name: previous[name]["value"] if name in previous else 0 for name in names}


def _all_compared(now: Json, then: Json) -> Json:
    return present({name: compared(now[name], value) for name, value in then.items()})
