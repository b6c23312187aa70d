"""What a sync does differently where the destination is a DuckDB file.

A merge writes each row twice, into a staging table and into its own, and DuckDB takes as much of
the machine as it finds. Neither is needed: days that the file holds nothing of are appended, and
counted afterwards; and a load gets along with little memory.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import dlt
from dlt.destinations import duckdb
from dlt.destinations.exceptions import DatabaseUndefinedRelation

from openpanel_source.run import RunReport
from openpanel_source.schema import EVENTS
from openpanel_source.warehouse import ProjectDay, count_events

_SETTINGS = {"memory_limit": "128MB", "threads": "2", "preserve_insertion_order": "false"}
"""More memory makes a load no faster, and each thread needs some; what does not fit goes to files
beside the database. Keeping the order of insertion would cost a third of the speed."""
_HEAVY = 8 * 1024 * 1024
"""Bytes of long texts for which that is too little."""


def is_duckdb(pipeline: dlt.Pipeline) -> bool:
    """Whether the destination is a DuckDB file."""
    return isinstance(pipeline.destination, duckdb)


def holds_none(pipeline: dlt.Pipeline, condition: str) -> bool:
    """Whether no row of ``events`` meets a condition; false for other destinations.

    Args:
        pipeline: A pipeline with its destination.
        condition: SQL.
    """
    if not is_duckdb(pipeline):
        return False
    with pipeline.sql_client() as client:
        table = client.make_qualified_table_name(EVENTS.name)
        try:
            # The condition is made by this package from days and checked ids.
            found = client.execute_sql(f"SELECT 1 FROM {table} WHERE {condition} LIMIT 1")  # noqa: S608
        except DatabaseUndefinedRelation:
            return True
    return not found


def differing_after(pipeline: dlt.Pipeline, report: RunReport) -> frozenset[ProjectDay]:
    """Days just appended whose rows in the file are not as many as were read.

    Somebody else may have loaded the same days between the question and the load.
    """
    if not report.appends:
        return frozenset()
    read = {(record.project_id, record.day): record.distinct_ids for record in report.records}
    days = [day for _, day in read]
    held = count_events(pipeline, min(days), max(days))
    return frozenset(key for key, rows in read.items() if held.get(key, 0) != rows)


@contextmanager
def open_meanwhile(pipeline: dlt.Pipeline) -> Iterator[None]:
    """Have a DuckDB file opened once for several steps, not by each."""
    if not is_duckdb(pipeline):
        yield
        return
    with pipeline.sql_client():
        yield


@contextmanager
def modest(pipeline: dlt.Pipeline, report: RunReport) -> Iterator[None]:
    """Have DuckDB load with little memory meanwhile, where nothing else is configured."""
    if not is_duckdb(pipeline):
        yield
        return
    statements = {name: f"SET GLOBAL {name} = '{value}'" for name, value in _SETTINGS.items()}
    if report.heavy_bytes > _HEAVY:
        # Long texts are held until they are committed: then the limit is DuckDB's own.
        statements["memory_limit"] = "RESET GLOBAL memory_limit"
    with pipeline.sql_client() as client:
        configured = client.credentials.global_config or {}
        for name, statement in statements.items():
            if name not in configured:
                client.execute_sql(statement)
        # All connections of a process to a file share these settings while one is open.
        yield
