"""Take a load package through dlt's steps: extract, normalize, load."""

from __future__ import annotations

import logging
from collections.abc import Collection
from dataclasses import replace

import dlt
from dlt.extract import DltSource
from dlt.pipeline.exceptions import PipelineStepFailed
from tenacity import Retrying, retry_if_exception, stop_after_attempt, wait_random

from openpanel_source.api.client import Client
from openpanel_source.destinations.duckdb_session import (
    is_duckdb,
    modest,
    ran_out_of_memory,
)
from openpanel_source.destinations.explain import causes
from openpanel_source.destinations.prepare import drop_copies
from openpanel_source.destinations.waiting import got_on, met_another
from openpanel_source.errors import (
    DestinationBusyError,
    OpenPanelError,
    ServerFaultError,
    TransientError,
)
from openpanel_source.lists.verdict import ListResult
from openpanel_source.operations.tuning import give_back_memory
from openpanel_source.source.lists import lists_resource
from openpanel_source.source.orders import Orders
from openpanel_source.source.settings.checked import Settings
from openpanel_source.source.source import source_of

logger = logging.getLogger(__name__)

_OF_SERVER = (ServerFaultError, TransientError)


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


def failed_to_read(error: BaseException) -> OpenPanelError | None:
    """What was the matter with the server, if that is why nothing came; None for all else.

    Args:
        error: What reading and loading raised.
    """
    if isinstance(error, PipelineStepFailed) and error.step != "extract":
        return None
    known = next((one for one in causes(error) if isinstance(one, OpenPanelError)), None)
    if isinstance(known, _OF_SERVER) and not isinstance(known, DestinationBusyError):
        return known
    return None


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
    with modest(pipeline, busy_timeout, heavy_bytes) as lift_limit:
        try:
            _load_beside_others(pipeline)
        except PipelineStepFailed as error:
            # What takes how much memory is DuckDB's to know; a limit of ours must not stop a sync.
            if not (ran_out_of_memory(error) and lift_limit()):
                raise
            logger.warning("the load does not fit into the usual memory; it gets more")
            _load_beside_others(pipeline)
        if is_duckdb(pipeline):
            # The file is open; its next load takes the room.
            drop_copies(pipeline)
    got_on()


def _load_beside_others(pipeline: dlt.Pipeline) -> None:
    # Tables are made before anything is loaded, so nothing is loaded twice.
    Retrying(
        retry=retry_if_exception(met_another),
        stop=stop_after_attempt(10),
        wait=wait_random(0.05, 0.5),
        reraise=True,
    )(_make_tables_and_load, pipeline)


def _make_tables_and_load(pipeline: dlt.Pipeline) -> None:
    if pipeline.first_run:
        # The destination may hold the schema, and not the tables: somebody dropped some.
        with pipeline.destination_client() as client:
            client.initialize_storage()
            client.update_stored_schema(force=True)
    pipeline.load()


def load_lists(
    pipeline: dlt.Pipeline,
    client: Client,
    settings: Settings,
    orders: Orders,
    failed: Collection[str],
    busy_timeout: float,
) -> list[ListResult]:
    """Load what the dashboard lists, a package of its own.

    After the events: which groups there are is known from them, and no request of theirs counts
    on the same limit at the same time.

    Args:
        pipeline: A pipeline that has nothing pending.
        client: Makes the requests.
        settings: Which lists, of which projects.
        orders: Of the sync.
        failed: Projects that cannot be read.
        busy_timeout: Seconds to wait for a DuckDB file that another process holds.

    Returns:
        What became of each list of each other project.
    """
    results: list[ListResult] = []
    projects = tuple(one for one in settings.project_ids if one not in failed)
    resource = lists_resource(
        replace(settings, project_ids=projects), client, replace(orders, on_list=results.append)
    )
    extract(pipeline, source_of([resource]))
    load(pipeline, 0, busy_timeout)
    return results
