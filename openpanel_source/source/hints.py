"""What dlt is given: tables, columns, what a load replaces, and which warnings are meant."""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping
from typing import Any

import dlt
import pyarrow as pa
from dlt.common.schema import Schema
from dlt.extract import DltResource

from openpanel_source.destinations.dialect import Dialect
from openpanel_source.model.schema import EVENTS, Table
from openpanel_source.rows.new_fields import NewFields, fields_in


def silence_expected() -> None:
    """Keep warnings that are meant to be so out of dlt's log; calling it again changes nothing."""
    logging.getLogger("dlt").addFilter(_expected)


class _Expected(logging.Filter):
    """Drops the warnings that follow from how JSON columns are loaded.

    They are declared as JSON, but yielded as text: dlt says that the two differ. Where they are
    loaded as JSON Lines, dlt says that it writes Arrow tables slowly; the only ones it gets are
    empty, and tell which rows make way.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        message = record.getMessage()
        if message.startswith(_OURS):
            return "when merging arrow schema" not in message
        return not message.startswith(_SLOW)


_OURS = (f"In resource: {EVENTS.name}, ", "In resource: chart_", "In resource: lists, ")
_SLOW = f"For data items in `{EVENTS.name}` yielded as arrow and job file format jsonl"
_expected = _Expected()


def replacing(condition: str) -> Any:
    """The write disposition that has a load replace exactly the rows of a condition."""
    # Rows are deduplicated before they are yielded, so the load need not do it again.
    return {
        "disposition": "merge",
        "strategy": "delete-insert",
        "deduplicated": True,
        "destination_scope": condition,
    }


def rows_of(table: Table, rows: pa.Table, dialect: Dialect) -> Any:
    """What to yield to have rows loaded into a declared table that is not the resource's own."""
    extra = dialect.hints(table)
    if not extra:
        return dlt.mark.with_table_name(rows, table.name)
    hints = dlt.mark.make_hints(table_name=table.name, **extra)
    return dlt.mark.with_hints(rows, hints, create_table_variant=True)


def materialize(table: Table, condition: str, dialect: Dialect, *, variant: bool) -> Any:
    """What to yield to have the load replace these rows of a table, also where no row came.

    Args:
        table: The table.
        condition: SQL that names the rows.
        dialect: What the destination wants otherwise.
        variant: Whether it is another table than the resource's own.
    """
    disposition = replacing(condition)
    hints = dlt.mark.make_hints(
        table_name=table.name, write_disposition=disposition, **dialect.hints(table)
    )
    # An empty Arrow table, because dlt would give a table of empty rows its own columns.
    return dlt.mark.with_hints(
        table.arrow_schema.empty_table(), hints, create_table_variant=variant
    )


def by_key(table: Table, dialect: Dialect) -> Any:
    """What to yield to have rows of another table make way for those of their key alone.

    A condition that an earlier load was given stays in dlt's schema, and would be used again.

    Args:
        table: The table.
        dialect: What the destination wants otherwise.
    """
    extra = dialect.hints(table)
    further = {"x-merge-destination-scope": None, "x-stage-data-deduplicated": False}
    extra["additional_table_hints"] = {**(extra.get("additional_table_hints") or {}), **further}
    hints = dlt.mark.make_hints(table_name=table.name, **extra)
    return dlt.mark.with_hints(table.arrow_schema.empty_table(), hints, create_table_variant=True)


def appended(table: Table, *, variant: bool = False) -> Any:
    """What to yield to have the load add the rows of a table, replacing none.

    Args:
        table: The table.
        variant: Whether it is another table than the resource's own.
    """
    hints = dlt.mark.make_hints(table_name=table.name, write_disposition="append")
    return dlt.mark.with_hints(
        table.arrow_schema.empty_table(), hints, create_table_variant=variant
    )


def with_columns(schema: pa.Schema, hints: Any) -> Any:
    """What to yield to have the resource's own table get further columns.

    Args:
        schema: Of the table's rows.
        hints: By name of a column.
    """
    return dlt.mark.with_hints(schema.empty_table(), dlt.mark.make_hints(columns=hints))


def columns_of(schema: Schema, table: Table) -> Mapping[str, Any]:
    """The columns that a table has in dlt's schema, in its order; none if it is not there yet."""
    columns: Mapping[str, Any] = schema.tables.get(table.name, {}).get("columns", {})
    return columns


def new_fields(schema: Schema, names: Collection[str] = ()) -> NewFields:
    """The fields of events that have columns though this version does not know them.

    Where the user's schema contract permits no new columns there are none.

    Args:
        schema: As dlt has it.
        names: Columns that are taken beside those that the schema has.
    """
    columns = columns_of(schema, EVENTS)
    known = fields_in(columns)
    reserved = (
        {column.name for column in EVENTS.columns} | (columns.keys() - known.values()) | {*names}
    )
    contract = schema.resolve_contract_settings_for_table(EVENTS.name)
    return NewFields(known, reserved, may_grow=contract["columns"] == "evolve")


def declare(resource: DltResource, table: Table, table_format: str | None) -> None:
    """Declare a further table of a resource, merged by its key.

    Args:
        resource: The resource.
        table: The table.
        table_format: In files; None for plain ones.
    """
    # A variant starts as a copy of the resource's own hints: empty it first.
    resource.apply_hints(
        table_name=table.name, columns={}, primary_key=(), create_table_variant=True
    )
    resource.apply_hints(
        table_name=table.name,
        columns=table.dlt_columns(),
        primary_key=table.primary_key,
        write_disposition={"disposition": "merge", "strategy": "delete-insert"},
        create_table_variant=True,
        **_about(table, table_format),
    )


def describe(resource: DltResource, table: Table, table_format: str | None) -> None:
    """The same for the resource's own table; after its further tables are declared."""
    # Those start as copies of what the resource is told, and would have its references.
    resource.apply_hints(**_about(table, table_format))


def _about(table: Table, table_format: str | None) -> Any:
    return {
        "additional_table_hints": {"description": table.description},
        "references": [reference.hint for reference in table.references],
        **({"table_format": table_format} if table_format else {}),
    }
