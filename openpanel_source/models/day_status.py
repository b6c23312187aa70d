"""The view ``day_status``, the latest reading of each day, beside the tables of a dataset.

In DuckDB and PostgreSQL; what goes wrong is logged, as it harms no data.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

import dlt

from openpanel_source.destinations.duckdb_session import opened
from openpanel_source.destinations.waiting import met_another
from openpanel_source.destinations.warehouse import has_table, sql_dialect
from openpanel_source.model.conditions import literal
from openpanel_source.model.schema import SYNC_DAYS

logger = logging.getLogger(__name__)

VIEW = "day_status"
DESCRIPTION = "The latest reading of each UTC day of a project: that row of sync_days."
COLUMNS = tuple(column for column in SYNC_DAYS.columns if not column.nullable)
"""Those that every version of this package has written."""
_POSTGRES_TYPES = {
    "text": "varchar",
    "bigint": "bigint",
    "date": "date",
    "timestamp": "timestamptz",
}


def make_day_status(pipeline: dlt.Pipeline, busy_timeout: float = 0.0) -> None:
    """Make the view, unless something of its name is there.

    Args:
        pipeline: A pipeline that has loaded; nothing happens if its destination is another.
        busy_timeout: Seconds to wait for a DuckDB file that another process holds.
    """
    dialect = sql_dialect(pipeline)
    if dialect is None:
        return
    try:
        with opened(pipeline, busy_timeout) as client:
            if has_table(pipeline, VIEW):
                return
            with client.begin_transaction():
                for statement in _statements(client, dialect):
                    client.execute_sql(statement)
    except Exception as error:  # noqa: BLE001 - a sync that loaded must not fail for a view
        if not met_another(error):
            logger.warning("the view %s could not be made: %s", VIEW, error)


def latest_readings(table: str) -> str:
    """The query behind the view, as most databases understand it.

    Args:
        table: ``sync_days``, as it is named there.
    """
    names = ", ".join(column.name for column in COLUMNS)
    latest = "PARTITION BY project_id, day ORDER BY read_at DESC, load_id DESC"
    return (
        f"SELECT {names} FROM (SELECT {names}, row_number() OVER ({latest}) AS reading"
        f" FROM {table}) AS readings WHERE reading = 1"
    )


def _statements(client: Any, dialect: str) -> Iterator[str]:
    view, query = (
        client.make_qualified_table_name(VIEW),
        latest_readings(client.make_qualified_table_name(SYNC_DAYS.name)),
    )
    if dialect == "postgres":
        # A view of the table itself would forbid to drop the table, or a column of it.
        types = ", ".join(f"{one.name} {_POSTGRES_TYPES[one.type]}" for one in COLUMNS)
        yield (
            f"CREATE OR REPLACE FUNCTION {view}() RETURNS TABLE ({types})"
            f" LANGUAGE sql STABLE AS $${query}$$"
        )
        query = f"SELECT * FROM {view}()"
    yield f"CREATE VIEW {view} AS {query}"
    yield f"COMMENT ON VIEW {view} IS {literal(DESCRIPTION)}"
    for column in COLUMNS:
        yield f"COMMENT ON COLUMN {view}.{column.name} IS {literal(column.description)}"
