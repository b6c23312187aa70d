"""What dlt is given: tables, their columns, and which rows a load replaces."""

from __future__ import annotations

from typing import Any

import dlt
import pyarrow as pa
from dlt.extract import DltResource

from openpanel_source.dialects import Dialect
from openpanel_source.schema import Table


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


def appended(table: Table) -> Any:
    """What to yield to have the load add the rows of the resource's own table, replacing none."""
    hints = dlt.mark.make_hints(table_name=table.name, write_disposition="append")
    return dlt.mark.with_hints(table.arrow_schema.empty_table(), hints)


def declare(resource: DltResource, table: Table) -> None:
    """Declare a further table of a resource, merged by its key."""
    # A variant starts as a copy of the resource's own hints: empty it first.
    resource.apply_hints(
        table_name=table.name, columns={}, primary_key=(), create_table_variant=True
    )
    resource.apply_hints(
        table_name=table.name,
        columns=table.dlt_columns(),
        primary_key=table.primary_key,
        write_disposition={"disposition": "merge", "strategy": "delete-insert"},
        additional_table_hints={"description": table.description},
        create_table_variant=True,
    )
