"""Ask a destination what a pipeline has loaded, without touching the pipeline's working folder."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from tempfile import TemporaryDirectory

import dlt
from dlt.common import json
from dlt.common.destination.client import WithStateSync
from dlt.common.destination.exceptions import DestinationUndefinedEntity
from dlt.common.schema import Schema

from openpanel_source.duckdb_load import open_meanwhile
from openpanel_source.told_pipeline import told_pipeline
from openpanel_source.warehouse import SOURCE_NAME


@contextmanager
def bystander(pipeline: dlt.Pipeline, patience: float = 0.0) -> Iterator[dlt.Pipeline]:
    """A pipeline that knows of another what the destination says of it, and nothing else.

    What this machine remembers may be newer than the destination, after a load that was cut off;
    and a sync of another process may be at work in the folder.

    Args:
        pipeline: A pipeline with its destination.
        patience: Seconds to wait for a DuckDB file that another process holds.

    Yields:
        A pipeline of the same name in a folder that is gone afterwards; a DuckDB file is open.
    """
    with TemporaryDirectory(prefix="openpanel-source-", ignore_cleanup_errors=True) as folder:
        try:
            other = told_pipeline(
                pipeline.pipeline_name, pipeline.destination, pipeline.dataset_name, folder
            )
            # Paths of local files are relative to it.
            home = pipeline.get_local_state_val("initial_cwd")
            other.set_local_state_val("initial_cwd", home)
            with open_meanwhile(other, patience):
                other.sync_destination()
                if other.default_schema_name is None:
                    _learn_tables(other)
                yield other
        finally:
            pipeline.activate()


def _learn_tables(pipeline: dlt.Pipeline) -> None:
    """Have a pipeline that never loaded know the tables that others made in the dataset."""
    with pipeline.destination_client() as client, suppress(DestinationUndefinedEntity):
        if not isinstance(client, WithStateSync):
            return
        stored = client.get_stored_schema(SOURCE_NAME)
        if stored is not None:
            schema = Schema.from_stored_schema(json.loads(stored.schema))
            pipeline.schemas.save_schema(schema)
            pipeline.default_schema_name = schema.name  # type: ignore[assignment]
