"""Have a pipeline know the tables of this source that its destination holds, whoever made them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from contextlib import suppress
from typing import Any

import dlt
from dlt.common import json
from dlt.common.destination.client import JobClientBase, WithStateSync
from dlt.common.destination.exceptions import DestinationUndefinedEntity
from dlt.common.schema import Schema
from dlt.common.schema.utils import new_table

from openpanel_source.destinations.warehouse import SOURCE_NAME, own_schema, sql_dialect
from openpanel_source.errors import DestinationError
from openpanel_source.model.schema import (
    EVENTS,
    LIST_TABLES,
    SYNC_DAYS,
    SYNC_LISTS,
    TABLES,
    Table,
)


def know_tables(pipeline: dlt.Pipeline) -> None:
    """Complete what a pipeline knows of this source by what the destination says.

    Other pipelines may have made the tables; or the destination lost what dlt wrote of them, as
    when somebody dropped ``_dlt_version``.

    Args:
        pipeline: A pipeline, synced with its destination.
    """
    schema = own_schema(pipeline)
    if schema is not None and {EVENTS.name, SYNC_DAYS.name} <= schema.tables.keys():
        return
    with client_of(pipeline, schema) as client:
        found = _stored(client) or schema or Schema(SOURCE_NAME)
        for name, columns in _held(client, found).items():
            table = next(one for one in TABLES if one.name == name)
            found.update_table(_table(table, columns) | _format(client, name))
    if not found.data_table_names():
        return
    pipeline.schemas.save_schema(found)
    if pipeline.default_schema_name is None:
        pipeline.default_schema_name = found.name  # type: ignore[assignment]


def check_tables(
    pipeline: dlt.Pipeline, client: Any, schema: Schema | None, lists: Collection[str] = ()
) -> None:
    """Refuse tables of somebody else that have the names of this source's.

    Args:
        pipeline: A pipeline; nothing is checked if its destination is neither DuckDB nor
            PostgreSQL, where tables are made all at once or not at all.
        client: Of the destination, open.
        schema: What the pipeline knows of this source, if it does.
        lists: Names of the lists that are asked for: other tables may have those of the others.

    Raises:
        DestinationError: There is one.
    """
    if sql_dialect(pipeline) is None:
        return
    tables = list(TABLES)
    if lists:
        tables += [one for one in LIST_TABLES if one.name in lists or one is SYNC_LISTS]
    held = dict(client.get_storage_tables([table.name for table in tables]))
    known = schema.tables.get(SYNC_DAYS.name, {}).get("columns", {}) if schema else {}
    has_ledger = "verdict" in {*held[SYNC_DAYS.name], *known}
    for table in tables:
        # Older versions made fewer columns; but the ledger with the events.
        wanted = {table.primary_key[0]}
        if table is EVENTS and not has_ledger:
            wanted = {column.name for column in EVENTS.columns}
        if table in LIST_TABLES:
            wanted = {*table.primary_key, "read_at"}
        if held[table.name] and not wanted <= held[table.name].keys():
            raise DestinationError(
                f"the dataset {pipeline.dataset_name} has a table {table.name} that this connector"
                " has not made; load into another dataset (--dataset, dataset_name), or give that"
                " table another name. Nothing was read or changed."
            )


def client_of(pipeline: dlt.Pipeline, schema: Schema | None) -> JobClientBase:
    """Dlt's client of a destination for a schema, or for none."""
    return pipeline.destination_client(schema.name) if schema else pipeline.destination_client()


def _stored(client: JobClientBase) -> Schema | None:
    """The schema of this source as some pipeline left it in the destination."""
    stored = None
    if isinstance(client, WithStateSync):
        with suppress(DestinationUndefinedEntity):
            stored = client.get_stored_schema(SOURCE_NAME)
    return None if stored is None else Schema.from_stored_schema(json.loads(stored.schema))


def _held(client: Any, schema: Schema) -> Mapping[str, Mapping[str, Any]]:
    """Columns of the tables that the destination has and a schema has not."""
    names = [table.name for table in TABLES if table.name not in schema.tables]
    with suppress(DestinationUndefinedEntity):
        if hasattr(client, "get_storage_tables"):
            return {name: columns for name, columns in client.get_storage_tables(names) if columns}
    return {}


def _table(table: Table, columns: Mapping[str, Any]) -> Any:
    """A table for dlt, declared as far as it is known here."""
    declared = table.dlt_columns()
    further = {name: column for name, column in columns.items() if column.get("data_type")}
    named = [
        *declared.values(),
        *(column for name, column in further.items() if name.lower() not in declared),
    ]
    # dlt makes nothing of tables in files that never had a row.
    seen = {"x-normalizer": {"seen-data": True}}
    return new_table(table.name, write_disposition="merge", columns=named) | seen


def _format(client: Any, name: str) -> Any:
    """The format of a table in files, by what lies beside them; nothing of other tables."""
    if hasattr(client, "fs_client"):
        for folder, table_format in (("_delta_log", "delta"), ("metadata", "iceberg")):
            if client.fs_client.isdir(client.pathlib.join(client.get_table_dir(name), folder)):
                return {"table_format": table_format}
    return {}
