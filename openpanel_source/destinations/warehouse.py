"""What the destination holds of the events, day by day, and how that compares with the ledger."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import date, datetime, timezone
from typing import Any, Literal

import dlt
from dlt.common.destination.exceptions import SqlClientNotAvailable
from dlt.common.schema import Schema
from dlt.destinations import duckdb, postgres
from dlt.destinations.exceptions import DatabaseUndefinedRelation

from openpanel_source.errors import DestinationError
from openpanel_source.model.conditions import range_condition
from openpanel_source.model.schema import EVENTS, SYNC_DAYS

ProjectDay = tuple[str, date]
"""A project and a UTC day."""
SOURCE_NAME = "openpanel"
"""Of the dlt source, and of the schema of its tables."""
NOT_THERE = (DatabaseUndefinedRelation, SqlClientNotAvailable)
"""What is raised when a destination is asked for a table that it lacks, or takes no SQL."""
_ROWS_AT_A_TIME = 10_000
_kept: ContextVar[dict[tuple[Any, ...], list[Any]] | None] = ContextVar(
    "clients kept", default=None
)
"""Clients by pipeline, dataset and schema, while some are kept; none in other threads."""


def count_events(
    pipeline: dlt.Pipeline,
    first: date = date.min,
    last: date = date.max,
    table: str = EVENTS.name,
) -> dict[ProjectDay, int]:
    """Rows of the table ``events`` by project and day, counted by the destination.

    Args:
        pipeline: A pipeline with its destination, synced with it.
        first: First UTC day.
        last: Last UTC day, inclusive.
        table: Another table of theirs.

    Returns:
        Counts; days without rows are missing.
    """
    grouped = f"{range_condition('event_date', first, last)} GROUP BY project_id, event_date"
    try:
        rows = list(select(pipeline, table, "project_id, event_date, count(*)", grouped))
    except NOT_THERE:
        return {}
    return {(project, day_of(day)): count for project, day, count in rows}


@contextmanager
def selecting(
    pipeline: dlt.Pipeline,
    table: str,
    columns: str | Sequence[str],
    condition: str = "1 = 1",
    *values: str,
) -> Iterator[Any]:
    """A cursor over rows of a table, whether the pipeline knows the table or not.

    Args:
        pipeline: A pipeline with its destination.
        table: Its name.
        columns: SQL; or names, of which some may be words of some destination's SQL.
        condition: SQL, made by this package; more clauses may follow it.
        values: What stands for each ``%s`` in it.
    """
    # Not through dlt's datasets: a pipeline that has never run does not know the tables.
    with sql_client(pipeline) as client:
        name = client.make_qualified_table_name(table)
        if not isinstance(columns, str):
            columns = ", ".join(client.escape_column_name(column) for column in columns)
        query = f"SELECT {columns} FROM {name} WHERE {condition}"  # noqa: S608 - no values
        with client.execute_query(query, *values) as cursor:
            yield cursor


def select(
    pipeline: dlt.Pipeline,
    table: str,
    columns: str | Sequence[str],
    condition: str = "1 = 1",
    *values: str,
) -> Iterator[tuple[Any, ...]]:
    """Rows of a table, some at a time; takes what ``selecting`` takes."""
    with selecting(pipeline, table, columns, condition, *values) as cursor:
        while rows := cursor.fetchmany(_ROWS_AT_A_TIME):
            yield from rows


def own_schema(pipeline: dlt.Pipeline) -> Schema | None:
    """The schema with the tables of this source, if the pipeline knows it.

    It need not be the pipeline's default: other sources may have run in it before. Nor need it be
    called like this source, which can be given another name.
    """
    names = sorted(pipeline.schemas, key=lambda name: (name != SOURCE_NAME, name))
    unloaded = None
    for name in names:
        schema = pipeline.schemas[name]
        if "verdict" in schema.tables.get(SYNC_DAYS.name, {}).get("columns", {}):
            return schema
        unloaded = schema if name == SOURCE_NAME else unloaded
    return unloaded


def keep_dataset(pipeline: dlt.Pipeline, name: str) -> None:
    """Have a pipeline that was made anew use a dataset that is named already.

    dlt would name it by the configured layout, or the time of day, once more.
    """
    if pipeline.dataset_name != name:
        pipeline.dataset_name = name
        with pipeline.managed_state():
            """Written down as the state is left."""


@contextmanager
def clients_kept() -> Iterator[None]:
    """Have this thread ask a DuckDB file by the same clients of dlt meanwhile.

    To make one, dlt resolves its configuration, which takes longer than most questions. Those of
    servers are made anew for each question: who asks them may have been given new credentials.
    """
    token = _kept.set({})
    try:
        yield
    finally:
        _kept.reset(token)


def sql_client(pipeline: dlt.Pipeline) -> Any:
    """Dlt's client for SQL, of the dataset that holds the tables of this source; not yet open.

    Raises:
        SqlClientNotAvailable: The destination takes no SQL.
    """
    # To read a schema takes dlt as long as some questions take a database.
    schema = own_schema(pipeline) if len(pipeline.schemas) > 1 else None
    named = (schema.name,) if schema else ()
    kept = _kept.get()
    if kept is None or not isinstance(pipeline.destination, duckdb):
        return pipeline.sql_client(*named)
    clients = kept.setdefault((pipeline, pipeline.dataset_name, *named), [])
    for client in clients:
        # One that is open is in use further out, maybe in a transaction.
        if client.native_connection is None:
            return client
    clients.append(pipeline.sql_client(*named))
    return clients[-1]


def bare_client(pipeline: dlt.Pipeline) -> Any:
    """Dlt's client of the destination, for what needs no schema.

    It is to be had also where a killed process has left the pipeline none.
    """
    client, _ = pipeline._get_destination_clients(Schema(SOURCE_NAME))
    return client


def sql_dialect(pipeline: dlt.Pipeline) -> Literal["duckdb", "postgres"] | None:
    """The dialect of a destination that more than portable SQL is written for; None of others."""
    if isinstance(pipeline.destination, duckdb):
        return "duckdb"
    return "postgres" if isinstance(pipeline.destination, postgres) else None


def takes_sql(pipeline: dlt.Pipeline) -> bool:
    """Whether the destination can be asked in SQL."""
    try:
        return sql_client(pipeline) is not None
    except SqlClientNotAvailable:
        return False


def has_table(pipeline: dlt.Pipeline, name: str) -> bool:
    """Whether the destination has a table of this source, whatever the pipeline knows of it."""
    try:
        return not list(select(pipeline, name, "1", "1 = 0"))
    except DatabaseUndefinedRelation:
        return False
    except SqlClientNotAvailable:
        schema = own_schema(pipeline)
        return schema is not None and name in schema.tables


def nothing_loaded(dataset: str) -> DestinationError:
    """What to raise where a dataset lacks the tables of this source."""
    return DestinationError(
        f"nothing was loaded into dataset {dataset} yet; run openpanel-source sync first."
    )


def instant_of(value: Any) -> datetime | None:
    """An instant as a destination gives it back: some say text, or UTC without saying so."""
    if isinstance(value, str):
        value = datetime.fromisoformat(value)
    if isinstance(value, datetime) and value.tzinfo is None:
        value = value.replace(tzinfo=timezone.utc)
    return value if isinstance(value, datetime) else None


def day_of(value: Any) -> date:
    """A day as a destination gives it back: some say text or midnight."""
    if isinstance(value, str):
        return date.fromisoformat(value[:10])
    return value.date() if isinstance(value, datetime) else value
