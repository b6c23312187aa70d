"""What the destination holds, asked before and after a package is loaded."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import dlt
import pyarrow as pa
from dlt.destinations.exceptions import DatabaseUndefinedRelation

from openpanel_source.destinations.dialect import Dialect, dialect_of
from openpanel_source.destinations.duckdb_session import (
    is_duckdb,
    open_meanwhile,
    opened,
)
from openpanel_source.destinations.warehouse import (
    NOT_THERE,
    ProjectDay,
    count_events,
    instant_of,
    select,
)
from openpanel_source.model.schema import EVENT_GROUPS, EVENTS
from openpanel_source.rows.dimensions import Dimension
from openpanel_source.source.report import RunReport


def holds_none(
    pipeline: dlt.Pipeline, busy_timeout: float, condition: str, table: str = EVENTS.name
) -> bool:
    """Whether no row of a table meets a condition; false for other destinations.

    Args:
        pipeline: A pipeline with its destination.
        busy_timeout: Seconds to wait for a file that another process holds.
        condition: SQL.
        table: Its name.
    """
    if not is_duckdb(pipeline):
        return False
    with opened(pipeline, busy_timeout) as client:
        name = client.make_qualified_table_name(table)
        try:
            # The condition is made by this package from days and checked ids.
            found = client.execute_sql(f"SELECT 1 FROM {name} WHERE {condition} LIMIT 1")  # noqa: S608
        except DatabaseUndefinedRelation:
            return True
    return not found


def differing_after(
    pipeline: dlt.Pipeline, busy_timeout: float, report: RunReport
) -> frozenset[ProjectDay]:
    """Days just appended whose rows in the file are not as many as were read.

    Somebody else may have loaded the same days between the question and the load.
    """
    if not report.appends:
        return frozenset()
    records = {(record.project_id, record.day): record.distinct_ids for record in report.records}
    read = {key: rows for key, rows in records.items() if key not in report.refused}
    days = [day for _, day in read]
    with open_meanwhile(pipeline, busy_timeout):
        held = count_events(pipeline, min(days), max(days))
    return frozenset(key for key, rows in read.items() if held.get(key, 0) != rows)


_SLACK = timedelta(minutes=15)
"""Servers keep profiles for 5 minutes, and workers have clocks of their own: what was read longer
before than that cannot be newer."""


def holds_groups(pipeline: dlt.Pipeline, busy_timeout: float) -> bool:
    """Whether the destination has the table ``event_groups``, whoever loaded it.

    Args:
        pipeline: A pipeline with its destination.
        busy_timeout: Seconds to wait for a DuckDB file that another process holds.
    """
    return _select(pipeline, busy_timeout, EVENT_GROUPS.name, "group_id", "1 = 0") is not None


def held_versions(
    pipeline: dlt.Pipeline, busy_timeout: float, dimension: Dimension, since: datetime
) -> pa.Table | None:
    """Keys and versions of the rows of a dimension that were read since an instant.

    Args:
        pipeline: A pipeline with its destination.
        busy_timeout: Seconds to wait for a DuckDB file that another process holds.
        dimension: Which.
        since: The instant, UTC; some minutes more are looked back.

    Returns:
        None if the destination has no such table, or cannot be asked in SQL.
    """
    table, names = dimension.table, [*dimension.table.primary_key, dimension.version]
    schema = pa.schema([table.arrow_schema.field(name) for name in names])
    destination = pipeline.destination
    dialect = dialect_of(destination.capabilities()) if destination else Dialect()
    condition = f"read_at >= {dialect.instant(since - _SLACK)}"
    rows = _select(pipeline, busy_timeout, table.name, ", ".join(names), condition)
    if rows is None:
        return None
    versions = [instant_of(version) for *_, version in rows]
    keys = [[row[place] for row in rows] for place in range(len(names) - 1)]
    arrays = [pa.array(values, field.type) for values, field in zip(keys, schema, strict=False)]
    return pa.Table.from_arrays([*arrays, pa.array(versions, schema[-1].type)], schema=schema)


def _select(
    pipeline: dlt.Pipeline, busy_timeout: float, table: str, columns: str, condition: str
) -> list[tuple[Any, ...]] | None:
    try:
        with open_meanwhile(pipeline, busy_timeout):
            return list(select(pipeline, table, columns, condition))
    except NOT_THERE:
        return None
