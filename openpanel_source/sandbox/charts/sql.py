"""The query behind a series: a row for each bucket and label, and one for each label alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from openpanel_source.sandbox.answers import server_error
from openpanel_source.sandbox.charts.buckets import is_exact
from openpanel_source.sandbox.charts.fields import Amount, Field, property_amount
from openpanel_source.sandbox.charts.query import SeriesQuery
from openpanel_source.sandbox.charts_dialect import Dialect
from openpanel_source.sandbox.events.columns import INSTANTS, NUMBERS, TEXT
from openpanel_source.sandbox.events.conditions import Sql, joined
from openpanel_source.sandbox.events.filters import conditions
from openpanel_source.sandbox.events.filters_query import Filter
from openpanel_source.sandbox.events.selection import BY_GROUP
from openpanel_source.sandbox.events.store import Store

_COUNTS = {
    "user": "count(DISTINCT profile_id)",
    "session": "count(DISTINCT session_id)",
    "group": "count(DISTINCT group_id)",
    "user_average": "count(*)::DOUBLE / count(DISTINCT profile_id)",
}
_AMOUNTS = {
    "property_sum": "sum(amount)",
    "property_average": "avg(amount)",
    "property_max": "max(amount)",
    "property_min": "min(amount)",
}
_STATEMENT = (
    "WITH chosen AS (SELECT {columns}"
    " FROM (SELECT *, timezone(?, make_timestamptz(created_ms * 1000)) AS local FROM {source})"
    " AS events WHERE {where} {qualify})"
    " SELECT grouping(bucket), bucket, shift{keys}, {count}, count(DISTINCT profile_id)"
    " FROM chosen GROUP BY GROUPING SETS ((bucket, shift{keys}), ({labels}))"
    " ORDER BY bucket, shift DESC{keys}"
)
_LATEST_OF_USER = "QUALIFY row_number() OVER (PARTITION BY profile_id ORDER BY created_ms DESC) = 1"


@dataclass(frozen=True)
class Counted:
    """A row of the result; ``local`` and ``offset`` are the bucket."""

    local: datetime
    offset: int
    labels: tuple[Any, ...]
    count: float | None
    users: int


@dataclass(frozen=True)
class Scope:
    """Which events a series counts, and in which buckets.

    Attributes:
        project: Whose events.
        between: The condition on time.
        timezone: Where days begin.
        interval: The length of a bucket.
        fields: What it is broken down by.
        dialect: What the server can do.
    """

    project: str
    between: Sql
    timezone: str
    interval: str
    fields: Sequence[Field]
    dialect: Dialect


class SeriesSql:
    """The query for one of the series asked for.

    Raises:
        Refusal: 500, ClickHouse would fail on it.
    """

    def __init__(self, series: SeriesQuery, scope: Scope) -> None:
        self._series = series
        self._scope = scope
        _refuse_unknown(series, scope)
        filtered = conditions(series.filters, scope.dialect)
        self._where = [Sql("project_id = ?", (scope.project,)), scope.between, filtered.where]
        if series.name != "*":
            self._where.append(Sql("name = ?", (series.name,)))
        self._by_group = (
            filtered.by_group
            or series.segment == "group"
            or any(field.by_group for field in scope.fields)
        )
        self._amount = self._of_property()
        if self._amount:
            self._where.append(self._amount.where)

    @property
    def nullable(self) -> bool:
        """Whether a count can be null, as it then is in a gap."""
        return self._amount is not None and self._amount.nullable

    def run(self, store: Store) -> list[Counted]:
        """Return the counts, the oldest bucket first.

        Raises:
            duckdb.Error: A value is not what the segment computes with.
        """
        rows = store.query(*self._statement())
        width = len(self._scope.fields)
        # Labels can be lists, which are no keys.
        users = {repr(row[3 : 3 + width]): row[-1] for row in rows if row[0]}
        return [
            Counted(row[1], row[2], row[3 : 3 + width], row[-2], users[repr(row[3 : 3 + width])])
            for row in rows
            if not row[0]
        ]

    def _of_property(self) -> Amount | None:
        series = self._series
        if series.segment not in _AMOUNTS or not series.property:
            return None
        scope = self._scope
        filtered = any(given.name.startswith("profile.") for given in series.filters)
        with_profile = filtered or any(field.of_profile for field in scope.fields)
        return property_amount(series, scope.dialect, with_profile=with_profile)

    def _statement(self) -> tuple[str, tuple[Any, ...]]:
        fields = self._scope.fields
        amount = self._amount.sql if self._amount else Sql("NULL")
        where = joined(self._where, "AND")
        labels = [f"label_{index}" for index in range(len(fields))]
        values = [f"{f.sql.text} AS {label}" for f, label in zip(fields, labels, strict=True)]
        columns = [self._bucket(), *values, "profile_id, session_id", f"{amount.text} AS amount"]
        if self._by_group:
            columns.append("group_id")
        sql = _STATEMENT.format(
            columns=", ".join(columns),
            source=BY_GROUP if self._by_group else "events",
            where=where.text,
            qualify=_LATEST_OF_USER if self._series.segment == "one_event_per_user" else "",
            keys="".join(f", {label}" for label in labels),
            labels=", ".join(labels),
            count=self._count(),
        )
        of_labels = (p for field in fields for p in field.sql.parameters)
        parameters = (*of_labels, *amount.parameters, self._scope.timezone, *where.parameters)
        return sql, parameters

    def _bucket(self) -> str:
        interval = self._scope.interval
        shift = "epoch_ms(local) - created_ms" if is_exact(interval) else "0"
        return f"date_trunc('{interval}', local)::TIMESTAMP AS bucket, {shift} AS shift"

    def _count(self) -> str:
        if self._amount:
            return _AMOUNTS[self._series.segment]
        return _COUNTS.get(self._series.segment, "count(*)")


def _refuse_unknown(series: SeriesQuery, scope: Scope) -> None:
    """Refuse what the server puts into its query although ClickHouse does not know it there."""
    dialect = scope.dialect
    if not (dialect.known_fields or all(_is_plain(one, dialect) for one in series.filters)):
        raise server_error()
    if series.segment != "one_event_per_user" or dialect.early:
        return
    # The outer of its two queries refers to the alias of the events, which only the inner one has.
    by_property = dialect.known_fields and any(field.is_property for field in scope.fields)
    if (by_property and not dialect.bound) or (series.name != "*" and not dialect.one_named_event):
        raise server_error()


def _is_plain(given: Filter, dialect: Dialect) -> bool:
    name = given.name
    if name.startswith("profile."):
        return not dialect.early
    if name.startswith("group."):
        return "group" in dialect.segments
    if name == "revenue":
        return dialect.revenue
    return (
        name in TEXT
        or name in NUMBERS
        or name in INSTANTS
        or name in ("id", "has_profile")
        or name.startswith("properties.")
    )
