"""What a dataset holds already: tables to read, and what has the names of models."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import dlt

from openpanel_source.destinations.warehouse import nothing_loaded, sql_dialect
from openpanel_source.errors import DestinationError, ViewBlockedError
from openpanel_source.model.conditions import literal
from openpanel_source.model.schema import EVENTS, SYNC_DAYS
from openpanel_source.models.definitions import NAMES, Relations, has_event_meta

MARKS = {"table": "Table of openpanel-source. ", "view": "View of openpanel-source. "}
"""What the comment of each model begins with: it tells them from what is somebody else's."""
RECORD = "model_days"
"""The table that holds which days the tables of models have taken in."""

_RELATIONS = {
    "duckdb": "SELECT table_name, 'table', comment FROM duckdb_tables()"
    " WHERE schema_name = %s AND database_name = current_database()"
    " UNION ALL SELECT view_name, 'view', comment FROM duckdb_views()"
    " WHERE schema_name = %s AND database_name = current_database()",
    "postgres": "SELECT relname, CASE relkind WHEN 'v' THEN 'view' WHEN 'r' THEN 'table' END,"
    " obj_description(oid, 'pg_class') FROM pg_class"
    " WHERE relkind IN ('r', 'p', 'f', 'v', 'm', 'S', 'c') AND relnamespace ="
    " (SELECT oid FROM pg_namespace WHERE nspname IN (%s, %s))",
}
"""All that could have the name of a model: its name, what it is, its comment."""
_COLUMNS = (
    "SELECT table_name, column_name FROM information_schema.columns"
    " WHERE table_schema = %s AND table_catalog = current_database()"
    " ORDER BY table_name, ordinal_position"
)


def models_dialect(pipeline: dlt.Pipeline) -> str:
    """The dialect of a destination that models can be made in.

    Raises:
        DestinationError: It is another one.
    """
    dialect = sql_dialect(pipeline)
    if dialect is not None:
        return dialect
    name = pipeline.destination.destination_name if pipeline.destination else "no destination"
    raise DestinationError(
        f"models are made in DuckDB and PostgreSQL, not in {name}; openpanel-source models --print"
        " --dialect NAME shows their SQL for some others."
    )


@dataclass(frozen=True)
class Dataset:
    """A dataset as it is.

    Attributes:
        client: dlt's, for SQL.
        dialect: ``duckdb`` or ``postgres``.
        columns: Of each table, in order.
        comments: Of the models that are there, by name.
        kinds: Whether each of these is a ``table`` or a ``view``.
        others: Names of models that somebody else has taken.
    """

    client: Any
    dialect: str
    columns: Relations
    comments: Mapping[str, str]
    kinds: Mapping[str, str]
    others: Sequence[str]

    @classmethod
    def of(cls, client: Any, dialect: str) -> Dataset:
        """Look."""
        name = client.dataset_name
        columns: dict[str, list[str]] = defaultdict(list)
        for table, column in client.execute_sql(_COLUMNS, name):
            columns[table].append(column)
        kinds, comments, others = {}, {}, []
        for relation, kind, comment in client.execute_sql(_RELATIONS[dialect], name, name):
            if relation not in (*NAMES, RECORD):
                continue
            if kind in MARKS and (comment or "").startswith(MARKS[kind]):
                kinds[relation], comments[relation] = kind, comment
            else:
                others.append(relation)
        return cls(client, dialect, columns, comments, kinds, others)

    @property
    def has_tables(self) -> bool:
        """Whether models were made as tables."""
        return self.kinds.get(RECORD) == "table"

    def named(self, name: str) -> str:
        """The qualified name of a table or view."""
        return str(self.client.make_qualified_table_name(name))

    def check_loaded(self) -> None:
        """Refuse a dataset that nothing was loaded into.

        Raises:
            DestinationError: Nothing was.
        """
        if not {EVENTS.name, SYNC_DAYS.name}.issubset(self.columns):
            raise nothing_loaded(self.client.dataset_name)

    def check(self) -> None:
        """Refuse a dataset in which no models can be made.

        Raises:
            DestinationError: Nothing was loaded yet.
            ViewBlockedError: Somebody else has taken the name of a model.
        """
        self.check_loaded()
        for relation in self.others:
            raise ViewBlockedError(
                f"dataset {self.client.dataset_name} holds a table or view {relation} that"
                " openpanel-source did not make; rename it, or load into another dataset."
            )

    def conversions(self) -> list[tuple[str, str]]:
        """Projects and names of the events that OpenPanel marks as conversions, if loaded."""
        if not has_event_meta(self.columns):
            return []
        query = f"SELECT DISTINCT project_id, name FROM {self.named('event_meta')} WHERE conversion"
        return sorted((project, name) for project, name in self.client.execute_sql(query))

    def described(
        self, kind: str, name: str, text: str, columns: Mapping[str, str] | None = None
    ) -> Iterable[str]:
        """Statements that write comments on a table or view of ours."""
        relation = self.named(name)
        yield f"COMMENT ON {kind.upper()} {relation} IS {literal(MARKS[kind] + text)}"
        for column, meaning in (columns or {}).items():
            yield f'COMMENT ON COLUMN {relation}."{column}" IS {literal(meaning)}'
