"""Series as the server finds them: rows put together by their labels, gaps filled with zeros."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

from openpanel_source.sandbox.answers import server_error
from openpanel_source.sandbox.charts.buckets import (
    Bucket,
    filled,
    floor,
    milliseconds,
    order,
    written,
)
from openpanel_source.sandbox.charts.fields import Field, Label, breakdown_field
from openpanel_source.sandbox.charts.numbers import Count, plain
from openpanel_source.sandbox.charts.query import ChartQuery, SeriesQuery
from openpanel_source.sandbox.charts.range import Period
from openpanel_source.sandbox.charts.sql import Counted, Scope, SeriesSql
from openpanel_source.sandbox.charts_dialect import Dialect
from openpanel_source.sandbox.events.conditions import Sql
from openpanel_source.sandbox.events.store import Store
from openpanel_source.sandbox.query import js_string


@dataclass
class Series:
    """What became of one of the series asked for, or of one value of its breakdowns.

    Attributes:
        index: Its place among the series asked for.
        names: The event's name and the breakdowns' values, without what is empty.
        counts: By date; all series of a query have the same dates.
        users: How many profiles there are in it; None where that is unknown.
    """

    index: int
    names: list[Label]
    counts: dict[str, Count] = field(default_factory=dict)
    users: int | None = None


class SeriesReader:
    """Reads the series of a chart.

    Args:
        store: Holds the rows.
        dialect: What the server can do.
        project: Whose events.
        query: What was asked for.
        zone: Of the organisation.

    Raises:
        Refusal: 500, ClickHouse would fail on a breakdown.
    """

    def __init__(
        self, store: Store, dialect: Dialect, project: str, query: ChartQuery, zone: ZoneInfo
    ) -> None:
        self._store = store
        self._dialect = dialect
        self._project = project
        self._query = query
        self._zone = zone
        found = (breakdown_field(name, dialect) for name in query.breakdowns)
        self._fields = [known for known in found if known]

    def read(self, period: Period) -> list[Series]:
        """Return all series of a period, in the order in which they were asked for.

        Raises:
            Refusal: 500, ClickHouse would fail on one of them.
        """
        self._refuse_backwards(period)
        series: list[Series] = []
        for index, asked in enumerate(self._query.series):
            series += self._read(index, asked, period, self._fields)
        return series

    def _refuse_backwards(self, period: Period) -> None:
        first, last = (floor(moment, self._query.interval) for moment in (period.start, period.end))
        if last < first and not self._dialect.backwards:
            raise server_error()

    def _read(
        self, index: int, asked: SeriesQuery, period: Period, fields: list[Field]
    ) -> list[Series]:
        interval, zone = self._query.interval, self._zone
        sql = SeriesSql(asked, self._scope(period, fields))
        rows = sql.run(self._store)
        gaps = set(filled(period, interval, zone)) - {_bucket(row) for row in rows}
        if fields and not (rows or gaps):
            # Without any row, not even one that fills a gap, the server tries without breakdowns.
            return self._read(index, asked, period, [])
        buckets = sorted({_bucket(row) for row in rows} | gaps, key=order)
        groups = _Groups(index, lambda bucket: written(bucket, interval))
        for row in rows:
            labels = [f.label(v, zone) for f, v in zip(fields, row.labels, strict=True)]
            groups.add([asked.name, *labels], _bucket(row), row.count, row.users)
        # A row that fills a gap has an empty value in each column, the event's name included.
        empty = ["", *(f.label(f.default, zone) for f in fields)]
        for bucket in sorted(gaps, key=order):
            groups.add(empty, bucket, None if sql.nullable else 0, 0)
        found = groups.complete(buckets)
        if asked.segment == "one_event_per_user":
            for series in found:
                series.users = None
        elif not self._dialect.users_of_series:
            _share_users(found, self._all_users(asked, period))
        return found

    def _all_users(self, asked: SeriesQuery, period: Period) -> int:
        rows = SeriesSql(asked, self._scope(period, [])).run(self._store)
        return rows[0].users if rows else 0

    def _scope(self, period: Period, fields: list[Field]) -> Scope:
        limits = tuple(milliseconds(moment, self._zone) for moment in (period.start, period.end))
        between = Sql("created_ms BETWEEN ? AND ?", limits)
        query = self._query
        return Scope(self._project, between, self._zone.key, query.interval, fields, self._dialect)


class _Groups:
    """Rows by their labels without the empty ones; of two with one date the first counts."""

    def __init__(self, index: int, date: Callable[[Bucket], str]) -> None:
        self._index = index
        self._date = date
        self._series: dict[str, Series] = {}

    def add(self, labels: list[Label], bucket: Bucket, count: Count, users: int) -> None:
        names = [label for label in labels if label or isinstance(label, list)]
        if not names:
            return
        key = ":::".join(map(js_string, names))
        series = self._series.setdefault(key, Series(self._index, names))
        if self._date(bucket) not in series.counts:
            series.counts[self._date(bucket)] = count if count is None else plain(count)
            series.users = series.users or users or None

    def complete(self, buckets: list[Bucket]) -> list[Series]:
        """Return the series, each with all dates."""
        dates = list(dict.fromkeys(map(self._date, buckets)))
        for series in self._series.values():
            series.counts = {date: series.counts.get(date, 0) for date in dates}
        return list(self._series.values())


def _bucket(row: Counted) -> Bucket:
    return row.local, row.offset


def _share_users(found: list[Series], users: int) -> None:
    for series in found:
        if series.users:
            series.users = users
