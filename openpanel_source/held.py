"""What the destination holds of the tables beside ``events``, asked before a package ends."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import dlt
import pyarrow as pa

from openpanel_source.dialects import Dialect, dialect_of
from openpanel_source.dimensions import Dimension
from openpanel_source.duckdb_load import open_meanwhile
from openpanel_source.schema import EVENT_GROUPS
from openpanel_source.warehouse import NOT_THERE, instant_of, select

_SLACK = timedelta(minutes=15)
"""Servers keep profiles for 5 minutes, and workers have clocks of their own: what was read longer
before than that cannot be newer."""


def holds_groups(pipeline: dlt.Pipeline, patience: float) -> bool:
    """Whether the destination has the table ``event_groups``, whoever loaded it.

    Args:
        pipeline: A pipeline with its destination.
        patience: Seconds to wait for a DuckDB file that another process holds.
    """
    return _select(pipeline, patience, EVENT_GROUPS.name, "group_id", "1 = 0") is not None


def held_versions(
    pipeline: dlt.Pipeline, patience: float, dimension: Dimension, since: datetime
) -> pa.Table | None:
    """Keys and versions of the rows of a dimension that were read since an instant.

    Args:
        pipeline: A pipeline with its destination.
        patience: Seconds to wait for a DuckDB file that another process holds.
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
    rows = _select(pipeline, patience, table.name, ", ".join(names), condition)
    if rows is None:
        return None
    versions = [instant_of(version) for *_, version in rows]
    keys = [[row[place] for row in rows] for place in range(len(names) - 1)]
    arrays = [pa.array(values, field.type) for values, field in zip(keys, schema, strict=False)]
    return pa.Table.from_arrays([*arrays, pa.array(versions, schema[-1].type)], schema=schema)


def _select(
    pipeline: dlt.Pipeline, patience: float, table: str, columns: str, condition: str
) -> list[tuple[Any, ...]] | None:
    try:
        with open_meanwhile(pipeline, patience):
            return list(select(pipeline, table, columns, condition))
    except NOT_THERE:
        return None
