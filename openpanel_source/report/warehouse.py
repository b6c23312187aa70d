"""The warehouse as a report reads it: tables and models of one moment, and nothing is changed."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

import dlt
from dlt.common.destination.exceptions import DestinationUndefinedEntity
from dlt.destinations import filesystem

from openpanel_source.destinations.duckdb_session import file_of
from openpanel_source.destinations.explain import destination_errors
from openpanel_source.destinations.observer import observing
from openpanel_source.destinations.warehouse import sql_client, sql_dialect
from openpanel_source.errors import DestinationError, InvalidSettingError
from openpanel_source.model.conditions import identifier
from openpanel_source.model.schema import LIST_TABLES, TABLES
from openpanel_source.models.build import Definitions
from openpanel_source.models.dataset import Dataset
from openpanel_source.models.definitions import models
from openpanel_source.models.time_zone import Zone
from openpanel_source.operations.query import Reader, connected
from openpanel_source.report.blocks import BLOCKS

_READ = frozenset(name for block in BLOCKS for name in block.tables)
_MADE = tuple(model for model in models() if model.name in _READ)
"""The models that a report reads."""
_ABSENT = {
    "day_proofs": "(SELECT CAST(NULL AS TEXT) AS project_id, CAST(NULL AS TEXT) AS"
    " query_fingerprint, CAST(NULL AS DATE) AS day, CAST(NULL AS TIMESTAMP WITH TIME ZONE) AS"
    " proven_at, CAST(NULL AS TEXT) AS proof WHERE FALSE)"
}
"""What stands for a table that a warehouse may do without."""


@dataclass(frozen=True)
class ReportedWarehouse:
    """A warehouse, open to be read.

    Attributes:
        dataset: What it holds.
        zone: In which days begin.
        tables: What to read, as SQL, by the names of tables and models; those that it lacks are
            left out.
        has_models: Whether the models are tables, rather than computed for this report.
        is_of_files: Whether it is files, read by DuckDB.
    """

    dataset: Dataset
    zone: Zone
    tables: Mapping[str, str]
    has_models: bool
    is_of_files: bool
    _reader: Reader

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """The answer to a query.

        Raises:
            DestinationError: The database refuses it.
        """
        return asked(self._reader, sql)

    @property
    def shown(self) -> Mapping[str, str]:
        """What is read, as somebody asks for it later: with the models made."""
        place = self.dataset.client.dataset_name
        return {
            name: sql if sql == _ABSENT.get(name) else _plainly(place, name)
            for name, sql in self.tables.items()
        }


def asked(reader: Reader, sql: str) -> list[tuple[Any, ...]]:
    """All rows of an answer.

    Raises:
        DestinationError: The database refuses the query.
    """
    try:
        return [row for batch in reader.ask(sql).batches for row in batch]
    except InvalidSettingError as error:
        raise DestinationError(f"the report cannot be made, as {error.message}") from None


def check_reportable(pipeline: dlt.Pipeline) -> None:
    """Refuse a destination of which no report can be made.

    Raises:
        DestinationError: It is neither DuckDB nor PostgreSQL nor files.
    """
    if not (sql_dialect(pipeline) or isinstance(pipeline.destination, filesystem)):
        name = pipeline.destination.destination_name if pipeline.destination else "no destination"
        raise DestinationError(
            f"reports are made of DuckDB, PostgreSQL and files (filesystem), not of {name}."
        )


@contextmanager
def opened_to_report(
    pipeline: dlt.Pipeline, timezone: str | None, busy_timeout: float
) -> Iterator[ReportedWarehouse]:
    """Open a pipeline's destination for a report.

    Where the models are no tables, they are computed in temporary ones.

    Args:
        pipeline: A pipeline with its destination, which is not touched.
        timezone: IANA name of the zone in which days begin; that of the models when left out.
        busy_timeout: Seconds to wait for a DuckDB file that another process holds.

    Raises:
        DestinationError: Nothing was loaded yet, or it cannot be read.
        InvalidSettingError: The models have their days in another time zone.
    """
    check_reportable(pipeline)
    path = file_of(pipeline)
    if path is not None and not path.exists():
        raise DestinationError(f"there is no database {path}; run openpanel-source sync first.")
    with _client(pipeline, busy_timeout) as client:
        # Files are read by DuckDB.
        dataset = Dataset.of(client, sql_dialect(pipeline) or "duckdb")
        dataset.check_loaded()
        zone = _zone(dataset, timezone)
        has_models = all(
            dataset.kinds.get(model.name) == "table"
            and model.columns.keys() <= {*dataset.columns[model.name]}
            for model in _MADE
        )
        reader = Reader(client.native_connection, client.dbapi.Error, is_one_transaction=True)
        if dataset.dialect == "postgres":
            _begin(client, reader, writes=not has_models)
        made: dict[str, str] = {}
        try:
            tables = {name: dataset.named(name) for name in _READ if name in dataset.columns}
            if not has_models:
                made |= _computed(dataset, zone, reader)
            yield ReportedWarehouse(
                dataset,
                zone,
                {**_ABSENT, **tables, **made},
                has_models,
                isinstance(pipeline.destination, filesystem),
                reader,
            )
        finally:
            _forget(client, made.values(), dataset.dialect)


@contextmanager
def _client(pipeline: dlt.Pipeline, busy_timeout: float) -> Iterator[Any]:
    if not isinstance(pipeline.destination, filesystem):
        with connected(pipeline, busy_timeout) as client:
            yield client
        return
    with (
        destination_errors(),
        observing(pipeline, busy_timeout) as there,
        sql_client(there) as client,
    ):
        for table in (*TABLES, *LIST_TABLES):
            # Those that hold no file yet.
            with suppress(DestinationUndefinedEntity):
                client.create_views_for_tables({table.name: table.name})
        yield client


def _zone(dataset: Dataset, timezone: str | None) -> Zone:
    of_models = Zone.of(dataset.comments.values())
    if of_models is None:
        return Zone.chosen(timezone, ())
    if timezone and timezone != of_models.name:
        raise InvalidSettingError(
            f"the models have their days in {of_models.name}, and --timezone (timezone) names"
            f" {timezone}; leave it out, or make them anew with openpanel-source models --timezone"
            f" {timezone}."
        )
    return of_models


def _begin(client: Any, reader: Reader, *, writes: bool) -> None:
    """Have PostgreSQL show one moment to all queries of the report."""
    client.native_connection.rollback()
    # Temporary tables are written as well, and are gone with the transaction.
    mode = "READ WRITE" if writes else "READ ONLY"
    try:
        asked(reader, f"SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, {mode}")
        asked(reader, "SET LOCAL work_mem = '64MB'")
    except DestinationError as error:
        raise _without_models(error) from None


def _computed(dataset: Dataset, zone: Zone, reader: Reader) -> Iterator[tuple[str, str]]:
    """Compute the models in temporary tables; their names, and what they are called."""
    definitions = Definitions(dataset, zone)
    is_postgres = dataset.dialect == "postgres"
    made: dict[str, str] = {}
    for model in _MADE:
        name = f"openpanel_report_{model.name}"
        query = definitions.query(model, made)
        try:
            asked(reader, f"CREATE TEMPORARY TABLE {name} AS {query}")
            made[model.name] = f"{'pg_temp' if is_postgres else 'temp.main'}.{name}"
            if is_postgres:
                asked(reader, f"ANALYZE {made[model.name]}")
        except DestinationError as error:
            raise _without_models(error) from None
        yield model.name, made[model.name]


def _without_models(error: DestinationError) -> DestinationError:
    return DestinationError(
        f"there are no tables of models, and none can be computed for the report ({error.message});"
        " run openpanel-source models first."
    )


def _forget(client: Any, tables: Collection[str], dialect: str) -> None:
    connection = client.native_connection
    with suppress(client.dbapi.Error):
        if dialect == "postgres":
            connection.rollback()
        else:
            for table in tables:
                connection.execute(f"DROP TABLE IF EXISTS {table}")


def _plainly(dataset: str, name: str) -> str:
    """A table's name as people write it."""
    parts: Sequence[str] = (dataset, name)
    return ".".join(
        part if re.fullmatch("[a-z_][a-z0-9_]*", part) else identifier(part) for part in parts
    )
