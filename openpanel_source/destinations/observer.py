"""Ask a destination what a pipeline has loaded, without touching the pipeline's working folder."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import dlt
from dlt.common.pipeline import current_pipeline

from openpanel_source.destinations.duckdb_session import (
    credentials_of,
    file_of,
    is_duckdb,
    open_meanwhile,
)
from openpanel_source.destinations.known_tables import know_tables
from openpanel_source.destinations.prepare import exact_of, explicit_pipeline, with_params
from openpanel_source.destinations.warehouse import keep_dataset


@contextmanager
def observing(pipeline: dlt.Pipeline, busy_timeout: float = 0.0) -> Iterator[dlt.Pipeline]:
    """A pipeline that knows of another what the destination says of it, and nothing else.

    What this machine remembers may be newer than the destination, after a load that was cut off;
    and a sync of another process may be at work in the folder.

    Args:
        pipeline: A pipeline with its destination.
        busy_timeout: Seconds to wait for a DuckDB file that another process holds.

    Yields:
        A pipeline of the same name in a folder that is gone afterwards; a DuckDB file is open.
    """
    active: Any = current_pipeline()
    with TemporaryDirectory(prefix="openpanel-source-", ignore_cleanup_errors=True) as folder:
        try:
            other = explicit_pipeline(
                pipeline.pipeline_name, _readable(pipeline), pipeline.dataset_name, folder
            )
            keep_dataset(other, pipeline.dataset_name)
            # Paths of local files are relative to it.
            home = pipeline.get_local_state_val("initial_cwd")
            other.set_local_state_val("initial_cwd", home)
            with open_meanwhile(other, busy_timeout):
                other.sync_destination()
                know_tables(other)
                yield other
        finally:
            made: Any = current_pipeline()
            if active is not None:
                active.activate()
            elif made is not None:
                made.deactivate()


def _readable(pipeline: dlt.Pipeline) -> Any:
    """A pipeline's destination, to be read where it cannot be written."""
    destination: Any = exact_of(pipeline)
    if not is_duckdb(pipeline):
        return destination
    path = file_of(pipeline) or Path()
    if not path.is_file() or (os.access(path, os.W_OK) and os.access(path.parent, os.W_OK)):
        return destination
    return as_read_only(pipeline)


def as_read_only(pipeline: dlt.Pipeline) -> Any:
    """A pipeline's destination, a DuckDB file, that refuses to be written."""
    credentials = credentials_of(pipeline).copy()
    credentials.read_only = True
    credentials.on_resolved()
    return with_params(pipeline.destination, credentials=credentials)
