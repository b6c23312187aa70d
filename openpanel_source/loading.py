"""What dlt is told about tables: their columns, and which rows a load replaces."""

from __future__ import annotations

from typing import Any

import dlt
from dlt.common.configuration.container import Container
from dlt.common.pipeline import PipelineContext
from dlt.destinations import filesystem
from dlt.extract import DltResource

from openpanel_source.errors import DestinationError, InvalidSettingError
from openpanel_source.schema import Table

_FORMATS = ("delta", "iceberg")


def replacing(condition: str) -> Any:
    """The write disposition that has a load replace exactly the rows of a condition."""
    # Rows are deduplicated before they are yielded, so the load need not do it again.
    return {
        "disposition": "merge",
        "strategy": "delete-insert",
        "deduplicated": True,
        "destination_scope": condition,
    }


def materialize(table: Table, condition: str, *, variant: bool) -> Any:
    """What to yield to have the load replace these rows of a table, also where no row came.

    Args:
        table: The table.
        condition: SQL that names the rows.
        variant: Whether it is another table than the resource's own.
    """
    hints = dlt.mark.make_hints(table_name=table.name, write_disposition=replacing(condition))
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


def parse_table_format(value: object) -> str | None:
    """The format of tables in files: ``delta``, ``iceberg``, or None for plain ones.

    Raises:
        InvalidSettingError: It is another.
    """
    if not value:
        return None
    if value not in _FORMATS:
        raise InvalidSettingError(f"table_format must be delta or iceberg, not {value!r}.")
    return str(value)


def stored_as(resource: DltResource, table_format: str | None) -> DltResource:
    """The resource, with all of its tables in a format."""
    if table_format is not None:
        hints: dict[str, Any] = {"table_format": table_format}
        for name in list(resource._hints_variants):
            resource.apply_hints(table_name=name, create_table_variant=True, **hints)
        resource.apply_hints(**hints)
    return resource


def check_replaces() -> None:
    """Refuse to go on where the pipeline that runs would add rows and replace none.

    Raises:
        DestinationError: It is ``pipeline.run()`` into dlt's ``filesystem``.
    """
    context = Container()[PipelineContext]
    if context.is_active() and type(context.pipeline().destination) is filesystem:
        raise DestinationError(
            "dlt replaces no rows in files, so each run would double some; load with"
            " openpanel_source.sync(pipeline), which does, instead of pipeline.run()."
        )
