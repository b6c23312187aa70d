"""Take a load package through dlt's steps: extract, normalize, load."""

from __future__ import annotations

import dlt
from dlt.extract import DltSource
from tenacity import Retrying, retry_if_exception, stop_after_attempt, wait_random

from openpanel_source.destinations.duckdb_session import is_duckdb, modest
from openpanel_source.destinations.lock import met_another
from openpanel_source.destinations.prepare import drop_copies
from openpanel_source.operations.tuning import give_back_memory


def extract(pipeline: dlt.Pipeline, source: DltSource) -> None:
    """Read into a package of a pipeline that has nothing pending; none if there is nothing in it.

    Args:
        pipeline: A pipeline with its destination.
        source: What to read.
    """
    info = pipeline.extract(source)
    if not any(package.jobs["new_jobs"] for package in info.load_packages):
        # Neither rows nor state: there is nothing to take through the further steps.
        pipeline.abort_packages()


def load(pipeline: dlt.Pipeline, heavy_bytes: int, busy_timeout: float) -> None:
    """Load what was extracted, if anything was.

    Args:
        pipeline: A pipeline that had nothing pending before.
        heavy_bytes: Of the package's events beyond some kilobytes each.
        busy_timeout: Seconds to wait for a DuckDB file that another process holds.
    """
    if not pipeline.has_pending_data:
        return
    pipeline.normalize()
    give_back_memory()
    with modest(pipeline, busy_timeout, heavy_bytes):
        # Tables are made before anything is loaded, so nothing is loaded twice.
        Retrying(
            retry=retry_if_exception(met_another),
            stop=stop_after_attempt(10),
            wait=wait_random(0.05, 0.5),
            reraise=True,
        )(_make_tables_and_load, pipeline)
        if is_duckdb(pipeline):
            # The file is open; its next load takes the room.
            drop_copies(pipeline)


def _make_tables_and_load(pipeline: dlt.Pipeline) -> None:
    if pipeline.first_run:
        # The destination may hold the schema, and not the tables: somebody dropped some.
        with pipeline.destination_client() as client:
            client.initialize_storage()
            client.update_stored_schema(force=True)
    pipeline.load()
