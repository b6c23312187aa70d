"""Write values into rows that are there, as each kind of database takes many at once."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
from dlt.destinations import duckdb, postgres, sqlalchemy

from openpanel_source.model.schema import EVENTS, PROPERTY_FAILURES

_VALUES = "openpanel_filled"
"""What the values of rows are called on their way."""


def can_be_filled(destination: Any) -> bool:
    """Whether rows of a destination can be changed from here, many at once."""
    return isinstance(destination, (duckdb, postgres, sqlalchemy))


def text_of_properties(destination: Any) -> str:
    """The column ``properties`` as text, in SQL."""
    # MySQL casts to no VARCHAR, and nothing of SQLAlchemy's is loaded as JSON.
    is_text = isinstance(destination, sqlalchemy)
    return "properties" if is_text else "CAST(properties AS VARCHAR)"


def update_events(destination: Any, client: Any, rows: pa.Table, condition: str) -> int:
    """Write values into the events of a day; how many rows hold something else than before.

    Args:
        destination: One that can be filled.
        client: dlt's, for SQL, in a transaction.
        rows: The column ``id``, and those to write.
        condition: SQL that only events of the day meet.
    """
    if isinstance(destination, sqlalchemy):
        return _update_sqlalchemy(client, rows, condition)
    table = client.make_qualified_table_name(EVENTS.name)
    names = [name for name in rows.schema.names if name != "id"]
    values = ", ".join(f"{name} = {_VALUES}.{name}" for name in names)
    differs = " OR ".join(f"{table}.{name} IS DISTINCT FROM {_VALUES}.{name}" for name in names)
    update = (
        f"UPDATE {table} SET {values} FROM {_VALUES}"  # noqa: S608 - names
        f" WHERE {table}.id = {_VALUES}.id AND ({condition}) AND ({differs})"
    )
    if isinstance(destination, postgres):
        return _update_postgres(client, table, rows, update)
    client.native_connection.register(_VALUES, rows)
    [[written]] = client.execute_sql(update)
    client.native_connection.unregister(_VALUES)
    return int(written)


def _update_postgres(client: Any, table: str, rows: pa.Table, update: str) -> int:
    """Update from a temporary table."""
    from psycopg2.extras import execute_values  # noqa: PLC0415 - not everybody has PostgreSQL

    names = ", ".join(rows.schema.names)
    with client.native_connection.cursor() as cursor:
        cursor.execute(
            f"CREATE TEMP TABLE {_VALUES} AS SELECT {names} FROM {table} LIMIT 0"  # noqa: S608
        )
        values = [tuple(row.values()) for row in rows.to_pylist()]
        execute_values(cursor, f"INSERT INTO {_VALUES} VALUES %s", values, page_size=1_000)  # noqa: S608
        cursor.execute(update)
        written: int = cursor.rowcount
        cursor.execute(f"DROP TABLE {_VALUES}")
    return written


def _update_sqlalchemy(client: Any, rows: pa.Table, condition: str) -> int:
    """Update row by row, of columns whose types are read off the database."""
    import sqlalchemy as sa  # noqa: PLC0415 - not everybody has it

    table = client.reflect_table(EVENTS.name, sa.MetaData())
    names = [name for name in rows.schema.names if name != "id"]
    values = {name: sa.bindparam(f"filled_{name}", type_=table.c[name].type) for name in names}
    update = (
        sa.update(table)
        .where(table.c.id == sa.bindparam("filled_id"), sa.text(condition))
        .where(sa.or_(*(table.c[name].is_distinct_from(values[name]) for name in names)))
        .values(values)
    )
    given = [{f"filled_{name}": value for name, value in row.items()} for row in rows.to_pylist()]
    with client.execute_query(update, given) as cursor:
        return int(cursor.native_cursor.rowcount)


def insert_failures(destination: Any, client: Any, failed: pa.Table) -> None:
    """Write down the values of a day that are none of their type.

    Args:
        destination: One that can be filled.
        client: dlt's, for SQL, in a transaction.
        failed: Rows of ``property_failures``.
    """
    if isinstance(destination, sqlalchemy):
        import sqlalchemy as sa  # noqa: PLC0415 - not everybody has it

        table = client.reflect_table(PROPERTY_FAILURES.name, sa.MetaData())
        client.execute_sql(sa.insert(table), failed.to_pylist())
        return
    name = client.make_qualified_table_name(PROPERTY_FAILURES.name)
    columns, marks = ", ".join(failed.schema.names), ", ".join(["%s"] * failed.num_columns)
    insert = f"INSERT INTO {name} ({columns}) VALUES ({marks})"  # noqa: S608 - names
    for row in failed.to_pylist():
        client.execute_sql(insert, *row.values())
