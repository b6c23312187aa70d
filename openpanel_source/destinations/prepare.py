"""What a pipeline gets before it loads: what it is told, an exact destination, its own staging."""

from __future__ import annotations

import copy
import hashlib
from typing import Any

import dlt
from dlt.common.configuration import resolve_configuration
from dlt.common.configuration.inject import create_resolved_partial
from dlt.common.destination import Destination
from dlt.common.destination.exceptions import SqlClientNotAvailable
from dlt.destinations import filesystem, postgres, sqlalchemy
from dlt.pipeline.configuration import PipelineConfiguration

from openpanel_source.destinations.duckdb_session import is_duckdb, load_lock
from openpanel_source.destinations.warehouse import bare_client, own_schema, sql_client
from openpanel_source.errors import DestinationError
from openpanel_source.model.schema import TABLES
from openpanel_source.model.text import printable

_LAYOUT = "staging_dataset_name_layout"
_FROM_CONFIGURATION = ("staging_type", "staging_name")


def explicit_pipeline(
    name: str, destination: Any, dataset: str, folder: str, *, is_staged: bool = False
) -> dlt.Pipeline:
    """A pipeline with these properties and otherwise dlt's defaults.

    dlt would take what a call leaves out from anywhere: with ``DEV_MODE`` in the environment, each
    run makes a dataset of its own.

    Args:
        name: The pipeline's.
        destination: A destination of dlt's, or the name of one.
        dataset: Name of the dataset.
        folder: That of all pipelines.
        is_staged: Whether the section ``[pipelines]`` of dlt's configuration, or that of the
            pipeline below it, may name a destination to stage files in.
    """
    properties = dict(PipelineConfiguration().items())
    # The section of the process, which is the same for all.
    del properties["runtime"]
    properties |= {"pipeline_name": name, "dataset_name": dataset, "pipelines_dir": folder}
    if is_staged:
        properties |= {field: _of_pipelines(field, name) for field in _FROM_CONFIGURATION}
    config = resolve_configuration(PipelineConfiguration(), explicit_value=properties)
    pipeline: dlt.Pipeline = create_resolved_partial(dlt.pipeline, config)(destination=destination)
    return pipeline


def _of_pipelines(field: str, name: str) -> Any:
    return dlt.config.get(f"pipelines.{name}.{field}") or dlt.config.get(f"pipelines.{field}")


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
    pipeline.destination = with_params(destination, **{_LAYOUT: _layout(pipeline)})


def with_params(destination: Any, **params: Any) -> Any:
    """A destination with further parameters; other pipelines of this process may share its own."""
    own = copy.copy(destination)
    own.config_params = {**destination.config_params, **params}
    return own


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
    with load_lock, sql_client(pipeline) as client:
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


_PATTERN = "*?[]'"
"""What DuckDB, which rewrites files, reads in a path as a pattern or as the end of it."""


def make_exact(pipeline: dlt.Pipeline) -> None:
    """Have a pipeline's destination hold what is loaded, whichever of dlt's it is.

    Args:
        pipeline: A pipeline; nothing happens if its destination is another.

    Raises:
        DestinationError: Files would go where they could not be replaced, or the dataset is one of
            PostgreSQL's own.
    """
    if isinstance(pipeline.destination, postgres):
        _check_schema(pipeline.dataset_name or "")
    own = exact_of(pipeline)
    if own is not pipeline.destination:
        pipeline.destination = own


def exact_of(pipeline: dlt.Pipeline) -> Any:
    """What takes the place of a pipeline's destination; often that destination itself.

    ``filesystem`` would replace no rows; ``postgres`` would make null of empty texts, and replace
    rows without regard for what others write at the same moment; ``sqlalchemy`` would refuse long
    texts in MariaDB and MySQL, and take some for others.

    Raises:
        DestinationError: Files would go where they could not be replaced.
    """
    destination = pipeline.destination
    if type(destination) is sqlalchemy:
        return _exact_sqlalchemy(pipeline)
    if type(destination) is not filesystem:
        return _exact_postgres(destination)
    _check_path(pipeline)
    from openpanel_source.destinations.files.destination import files

    return _made_as(files, destination)


def named_destination(name: str) -> Any:
    """The destination of dlt's that a name stands for; PostgreSQL's finds a password for itself."""
    return _exact_postgres(Destination.from_reference(name))


def _exact_postgres(destination: Any) -> Any:
    if type(destination) is not postgres:
        return destination
    from openpanel_source.destinations.postgres import postgres_copy

    return _made_as(postgres_copy, destination)


def _exact_sqlalchemy(pipeline: dlt.Pipeline) -> Any:
    destination: Any = pipeline.destination
    if "dialect_capabilities" in destination.caps_params:
        return destination
    from openpanel_source.destinations.mysql import NAMES, capabilities

    if bare_client(pipeline).config.get_backend_name() not in NAMES:
        return destination
    own = copy.copy(destination)
    own.caps_params = {**destination.caps_params, **capabilities()}
    return own


def _made_as(kind: Any, destination: Any) -> Any:
    given = {**destination.config_params, "destination_name": destination.destination_name}
    own = kind(**given)
    own.caps_params = destination.caps_params
    return own


def _check_schema(name: str) -> None:
    if name.lower().startswith("pg_") or name.lower() == "information_schema":
        raise DestinationError(
            f"a dataset in PostgreSQL cannot be called {printable(name, 100)}: information_schema"
            " and all that begins with pg_ is its own; name another (--dataset, dataset_name)."
        )


def _check_path(pipeline: dlt.Pipeline) -> None:
    client = bare_client(pipeline)
    if set(_PATTERN) & set(client.dataset_path):
        raise DestinationError(
            f"the path {printable(client.dataset_path, 500)} holds one of {' '.join(_PATTERN)},"
            " which would be taken for a pattern of file names; set a bucket_url without them."
        )
