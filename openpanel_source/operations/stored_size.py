"""How much a warehouse takes of a disk."""

from __future__ import annotations

import dlt
from dlt.destinations import postgres

from openpanel_source.destinations.duckdb_session import file_of
from openpanel_source.destinations.explain import destination_errors
from openpanel_source.destinations.warehouse import sql_client

_POSTGRES_BYTES = """
SELECT sum(pg_catalog.pg_total_relation_size(c.oid)) FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = %s AND c.relkind IN ('r', 'p', 'm')
"""


def stored_bytes(pipeline: dlt.Pipeline) -> int | None:
    """Bytes of the DuckDB file, or of the tables of the dataset in PostgreSQL; else None.

    Raises:
        OpenPanelError: The destination cannot be asked.
    """
    path = file_of(pipeline)
    if path is not None:
        parts = (path, path.with_name(f"{path.name}.wal"))
        return sum(part.stat().st_size for part in parts if part.exists())
    if not isinstance(pipeline.destination, postgres):
        return None
    with destination_errors(), sql_client(pipeline) as client:
        [[size]] = client.execute_sql(_POSTGRES_BYTES, client.dataset_name)
    return int(size or 0)
