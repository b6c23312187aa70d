"""Descriptions as comments on tables and columns, where dlt writes none: DuckDB and PostgreSQL.

dlt itself writes them for BigQuery, Snowflake and Databricks.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

import dlt
from dlt.common.schema import Schema

from openpanel_source.destinations.duckdb_session import opened
from openpanel_source.destinations.waiting import met_another
from openpanel_source.destinations.warehouse import own_schema, sql_dialect
from openpanel_source.model.conditions import literal

logger = logging.getLogger(__name__)

Descriptions = dict[tuple[str, str], str]
"""By table and column; those of tables by an empty column."""

_HELD_BY_DUCKDB = """
SELECT table_name, '', comment FROM duckdb_tables()
WHERE database_name = current_database() AND schema_name = {dataset}
UNION ALL
SELECT table_name, column_name, comment FROM duckdb_columns()
WHERE database_name = current_database() AND schema_name = {dataset}
"""
_HELD_BY_POSTGRES = """
SELECT t.relname, coalesce(c.attname, ''), d.description
FROM pg_catalog.pg_class t
JOIN pg_catalog.pg_namespace n ON n.oid = t.relnamespace
JOIN (
    SELECT attrelid, attnum, attname FROM pg_catalog.pg_attribute
    WHERE attnum > 0 AND NOT attisdropped
    UNION ALL SELECT oid, 0, NULL FROM pg_catalog.pg_class
) c ON c.attrelid = t.oid
LEFT JOIN pg_catalog.pg_description d
    ON d.objoid = t.oid AND d.objsubid = c.attnum AND d.classoid = 'pg_catalog.pg_class'::regclass
WHERE n.nspname = {dataset} AND t.relkind IN ('r', 'p')
"""
_HELD = {"duckdb": _HELD_BY_DUCKDB, "postgres": _HELD_BY_POSTGRES}


def descriptions(pipeline: dlt.Pipeline) -> Descriptions:
    """What the schema that a pipeline knows says of its tables and their columns."""
    schema = own_schema(pipeline)
    return {key: text for key, text in _descriptions(schema) if text} if schema else {}


def write_comments(pipeline: dlt.Pipeline, busy_timeout: float = 0.0) -> None:
    """Write the descriptions of tables and columns that the destination does not hold yet.

    One question tells which these are. What goes wrong is logged, as it harms no data. Needed when
    the schema describes something else, or otherwise, than it did before a load.

    Args:
        pipeline: A pipeline that has loaded.
        busy_timeout: Seconds to wait for a DuckDB file that another process holds.
    """
    dialect = sql_dialect(pipeline)
    if dialect is None:
        return
    try:
        with opened(pipeline, busy_timeout) as client:
            _write(client, descriptions(pipeline), _HELD[dialect])
    except Exception as error:  # noqa: BLE001 - a sync that loaded must not fail for a comment
        if not met_another(error):
            logger.warning("descriptions could not be written as comments: %s", error)


def _write(client: Any, described: Descriptions, held: str) -> None:
    found = client.execute_sql(held.format(dataset=literal(client.dataset_name)))
    statements = [
        _statement(client, table, column, described[table, column])
        for table, column, comment in found
        if described.get((table, column), comment) != comment
    ]
    if statements:
        with client.begin_transaction():
            for statement in statements:
                client.execute_sql(statement)


def _descriptions(schema: Schema) -> Iterator[tuple[tuple[str, str], str | None]]:
    for table in schema.data_tables():
        yield (table["name"] or "", ""), table.get("description")
        for name, column in table["columns"].items():
            yield (table["name"] or "", name), column.get("description")


def _statement(client: Any, table: str, column: str, text: str) -> str:
    name = client.make_qualified_table_name(table)
    what = f"COLUMN {name}.{client.escape_column_name(column)}" if column else f"TABLE {name}"
    return f"COMMENT ON {what} IS {literal(text)}"
