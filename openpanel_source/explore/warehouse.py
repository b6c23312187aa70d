"""The warehouse, asked question by question: nothing of it is open between two of them.

So a sync that is at work meanwhile waits for one answer at most.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date
from itertools import islice
from typing import Any

import dlt
import pyarrow as pa

from openpanel_source.destinations.pipelines import DEFAULT_DATASET, open_to_look
from openpanel_source.destinations.warehouse import sql_dialect
from openpanel_source.model.cells import as_json, as_text, distinct_names
from openpanel_source.model.schema import SYNC_DAYS
from openpanel_source.models.dataset import Dataset, models_dialect
from openpanel_source.models.definitions import Relations
from openpanel_source.models.time_zone import Zone
from openpanel_source.operations.query import Reader, connected, reading
from openpanel_source.source.settings.declared import COMMAND_SECTION, OF_COMMAND

MOST_ROWS = 10_000
"""Of an answer: more than a person looks at, and little enough for a browser."""
_BUSY_TIMEOUT = 60.0
"""Seconds; a sync holds a DuckDB file for as long as a commit takes."""


@dataclass(frozen=True)
class Rows:
    """What a question gave.

    Attributes:
        columns: Names, each once.
        rows: The first ``MOST_ROWS`` of them.
        are_all: Whether there are no others.
    """

    columns: list[str]
    rows: list[tuple[Any, ...]]
    are_all: bool

    def first(self, most: int) -> Rows:
        """The first so many of these rows."""
        return Rows(self.columns, self.rows[:most], self.are_all and len(self.rows) <= most)

    def table(self) -> pa.Table:
        """The same as Arrow: numbers and truth values as such, all else as text."""
        cells = zip(*self.rows, strict=True) if self.rows else ([] for _ in self.columns)
        return pa.table(dict(zip(self.columns, map(_column, cells), strict=True)))


@dataclass(frozen=True)
class Project:
    """A project, and its first and last UTC day that has events."""

    id: str
    first: date
    last: date


@dataclass(frozen=True)
class Known:
    """What the warehouse holds.

    Attributes:
        dialect: ``duckdb`` or ``postgres``.
        zone: Time zone in which days begin: that of the models.
        columns: Of each table and view, in order.
        has_sessions: Whether there is the model ``sessions``.
        projects: Those with events, by id.
    """

    dialect: str
    zone: str
    columns: Relations
    has_sessions: bool
    projects: list[Project]


@dataclass(frozen=True)
class ExploredWarehouse:
    """Where the rows are.

    Attributes:
        destination: ``duckdb`` or ``postgres``.
        database: Path of the DuckDB file; None for the default one, or another destination.
        dataset: Name of the dataset.
    """

    destination: str = "duckdb"
    database: str | None = None
    dataset: str = DEFAULT_DATASET

    @classmethod
    def configured(cls) -> ExploredWarehouse:
        """The one that section ``[openpanel_source]`` of the configuration names."""
        configured: dict[str, Any] = {
            name: dlt.config.get(f"{COMMAND_SECTION}.{name}") for name in OF_COMMAND
        }
        given = {name: str(value) for name, value in configured.items() if value is not None}
        if given.get("destination", "duckdb") != "duckdb":
            given.pop("database", None)
        return cls(**given)

    def look(self) -> Known:
        """What there is to ask about.

        Raises:
            ConfigurationError: There is no such warehouse, or it is no DuckDB and no PostgreSQL.
            DestinationError: It cannot be opened, or nothing was loaded yet.
        """
        with (
            open_to_look(self.destination, self.database, self.dataset) as pipeline,
            connected(pipeline, _BUSY_TIMEOUT) as client,
        ):
            dataset = Dataset.of(client, models_dialect(pipeline))
            dataset.check_loaded()
            # The ledger tells without a look at the events.
            asked = (
                f"SELECT project_id, MIN(day), MAX(day) FROM {dataset.named(SYNC_DAYS.name)}"  # noqa: S608
                " WHERE distinct_ids > 0 GROUP BY project_id ORDER BY project_id"
            )
            return Known(
                dialect=dataset.dialect,
                zone=Zone.chosen(None, dataset.comments.values()).name,
                columns={
                    name: columns
                    for name, columns in dataset.columns.items()
                    if not name.startswith("_dlt_")
                },
                has_sessions="sessions" in dataset.kinds,
                projects=[Project(*row) for row in client.execute_sql(asked)],
            )

    def ask(self, sql: str) -> Rows:
        """The first rows of a query's answer; times are UTC, and tables need no prefix.

        Raises:
            InvalidSettingError: The database refuses it, as whatever would change something.
            DestinationError: It cannot be opened, or another process holds it for too long.
        """
        with (
            open_to_look(self.destination, self.database, self.dataset) as pipeline,
            reading(pipeline, _BUSY_TIMEOUT) as reader,
        ):
            if sql_dialect(pipeline) == "duckdb":
                # Whoever reaches the page reads this file, and no others of the machine.
                reader.ask("SET enable_external_access = false; SET lock_configuration = true")
            return _first_rows(reader, sql)


def _first_rows(reader: Reader, sql: str) -> Rows:
    answer = reader.ask(sql)
    rows = list(islice((row for batch in answer.batches for row in batch), MOST_ROWS + 1))
    return Rows(distinct_names(answer.columns), rows[:MOST_ROWS], len(rows) <= MOST_ROWS)


def _column(values: Any) -> pa.Array:
    plain = [json.dumps(it) if isinstance(it, (dict, list)) else it for it in map(as_json, values)]
    try:
        column = pa.array(plain)
    except (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError):
        # Of several types, or numbers that are too long.
        return pa.array([None if it is None else as_text(it) for it in plain], pa.string())
    return column.cast(pa.string()) if pa.types.is_null(column.type) else column
