"""A staging dataset for each pipeline, so that several load into one dataset side by side.

dlt empties the tables of the staging dataset before each load, and names it after the dataset
alone: two pipelines would empty each other's. Their state is kept apart by their names.
"""

from __future__ import annotations

import copy
import hashlib

import dlt
from dlt.common.destination.exceptions import SqlClientNotAvailable
from dlt.destinations import filesystem

from openpanel_source.duckdb_load import is_duckdb, loading
from openpanel_source.schema import TABLES
from openpanel_source.warehouse import own_schema, sql_client

_LAYOUT = "staging_dataset_name_layout"


def separate_staging(pipeline: dlt.Pipeline) -> None:
    """Give a pipeline a staging dataset of its own, unless one is configured.

    A DuckDB file, which takes one writer, is held for the whole of a load; files need no staging.

    Args:
        pipeline: A pipeline with its destination.
    """
    destination = pipeline.destination
    if destination is None or is_duckdb(pipeline) or isinstance(destination, filesystem):
        return
    if _LAYOUT not in destination.spec.get_resolvable_fields():
        return
    if destination.config_params.get(_LAYOUT) or _is_configured(destination.destination_name):
        return
    # Other pipelines of this process may share the destination.
    own = copy.copy(destination)
    own.config_params = {**destination.config_params, _LAYOUT: _layout(pipeline)}
    pipeline.destination = own


def drop_staging(pipeline: dlt.Pipeline) -> None:
    """Drop the staging dataset that ``separate_staging`` gave a pipeline, if it is there.

    Args:
        pipeline: A pipeline that has nothing to load.
    """
    destination = pipeline.destination
    if destination is None or destination.config_params.get(_LAYOUT) != _layout(pipeline):
        return
    try:
        client = sql_client(pipeline)
    except SqlClientNotAvailable:
        return
    with client, client.with_staging_dataset():
        if client.has_dataset():
            client.drop_dataset()


def drop_copies(pipeline: dlt.Pipeline) -> None:
    """Drop the copies of rows that loads have left in staging, under whichever layout.

    Tables that dlt does not know may be somebody else's, and stay.

    Args:
        pipeline: A pipeline that has nothing to load, and knows what it has loaded.
    """
    if isinstance(pipeline.destination, filesystem):
        return
    drop_staging(pipeline)
    names = {table.name for table in TABLES}
    schema = own_schema(pipeline)
    if schema is not None:
        names |= schema.tables.keys()
    with loading, sql_client(pipeline) as client:
        # A plain run of the same pipeline stages by dlt's own layout.
        for dataset in sorted({client.staging_dataset_name, f"{client.dataset_name}_staging"}):
            with client.with_alternative_dataset_name(dataset):
                if client.has_dataset():
                    client.drop_tables(*sorted(names))


def _layout(pipeline: dlt.Pipeline) -> str:
    # Databases take names of 63 characters, which a pipeline's name may fill.
    return f"%s_staging_{hashlib.sha256(pipeline.pipeline_name.encode()).hexdigest()[:8]}"


def _is_configured(destination_name: str | None) -> bool:
    return any(
        dlt.config.get(f"{section}.{_LAYOUT}")
        for section in (f"destination.{destination_name}", "destination")
    )
