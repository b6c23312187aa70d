"""What a destination holds, asked while a package is made and after it is loaded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import dlt
import pyarrow as pa
from dlt.destinations.exceptions import DatabaseUndefinedRelation

from openpanel_source.destinations.dialect import Dialect, dialect_of
from openpanel_source.destinations.duckdb_session import is_duckdb, open_meanwhile, opened
from openpanel_source.destinations.warehouse import (
    NOT_THERE,
    ProjectDay,
    count_events,
    instant_of,
    select,
)
from openpanel_source.model.schema import EVENT_GROUPS, EVENTS
from openpanel_source.rows.dimensions import Dimension

_SLACK = timedelta(minutes=15)
"""Servers keep profiles for 5 minutes, and workers have clocks of their own: what was read longer
before than that cannot be newer."""


@dataclass(frozen=True)
class Holdings:
    """Answers questions about the destination of a pipeline; without one it knows of nothing.

    Args:
        pipeline: A pipeline with its destination.
        busy_timeout: Seconds to wait for a DuckDB file that another process holds.
    """

    pipeline: dlt.Pipeline | None = None
    busy_timeout: float = 0.0

    def holds_none(self, condition: str, table: str = EVENTS.name) -> bool:
        """Whether surely no row of a table meets a condition; then rows need no merge.

        Args:
            condition: SQL.
            table: Its name.

        Returns:
            False of other destinations than DuckDB files, where a merge costs less than asking.
        """
        if self.pipeline is None or not is_duckdb(self.pipeline):
            return False
        with opened(self.pipeline, self.busy_timeout) as client:
            name = client.make_qualified_table_name(table)
            # The condition is made by this package from days and checked ids.
            sql = f"SELECT 1 FROM {name} WHERE {condition} LIMIT 1"  # noqa: S608
            try:
                return not client.execute_sql(sql)
            except DatabaseUndefinedRelation:
                return True

    def holds_groups(self) -> bool:
        """Whether there is the table ``event_groups``, whoever loaded it."""
        return self._select(EVENT_GROUPS.name, "group_id", "1 = 0") is not None

    def versions(self, dimension: Dimension, since: datetime) -> pa.Table | None:
        """Keys and versions of the rows of a dimension that were read since an instant.

        Args:
            dimension: Which.
            since: The instant, UTC; some minutes more are looked back.

        Returns:
            None if there is no such table, or the destination cannot be asked in SQL.
        """
        table, names = dimension.table, [*dimension.table.primary_key, dimension.version]
        destination = self.pipeline.destination if self.pipeline else None
        dialect = dialect_of(destination.capabilities()) if destination else Dialect()
        condition = f"read_at >= {dialect.instant(since - _SLACK)}"
        rows = self._select(table.name, ", ".join(names), condition)
        if rows is None:
            return None
        schema = pa.schema([table.arrow_schema.field(name) for name in names])
        versions = [instant_of(version) for *_, version in rows]
        keys = [[row[place] for row in rows] for place in range(len(names) - 1)]
        arrays = [pa.array(values, field.type) for values, field in zip(keys, schema, strict=False)]
        arrays.append(pa.array(versions, schema[-1].type))
        return pa.Table.from_arrays(arrays, schema=schema)

    def texts(self, table: str, column: str) -> dict[str, set[str]]:
        """The texts in a column of a table by project; none if it cannot be asked.

        Args:
            table: Its name.
            column: Of the texts.
        """
        found: dict[str, set[str]] = {}
        for project, text in self._select(table, f"DISTINCT project_id, {column}", "1 = 1") or ():
            found.setdefault(project, set()).add(text)
        return found

    def lacks(self, table: str, project_id: str) -> bool:
        """Whether a table surely has no row of a project.

        Args:
            table: Its name.
            project_id: The project.
        """
        if self.pipeline is None:
            return False
        counts = self._select(table, "project_id, count(*)", "1 = 1 GROUP BY project_id")
        return project_id not in dict(counts or ())

    def differing(self, loaded: Mapping[ProjectDay, int]) -> frozenset[ProjectDay]:
        """Days of which it does not hold as many events as were just loaded.

        Args:
            loaded: The rows of each day.
        """
        if self.pipeline is None or not loaded:
            return frozenset()
        days = [day for _, day in loaded]
        with open_meanwhile(self.pipeline, self.busy_timeout):
            held = count_events(self.pipeline, min(days), max(days))
        return frozenset(key for key, rows in loaded.items() if held.get(key, 0) != rows)

    def _select(self, table: str, columns: str, condition: str) -> list[tuple[Any, ...]] | None:
        if self.pipeline is None:
            return None
        try:
            with open_meanwhile(self.pipeline, self.busy_timeout):
                return list(select(self.pipeline, table, columns, condition))
        except NOT_THERE:
            return None
