"""Create the analyst's views beside the tables, without touching anything of somebody else."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import dlt
from dlt.destinations import duckdb, postgres
from dlt.destinations.exceptions import DatabaseException

from openpanel_source.charts.definition import timezone_problem
from openpanel_source.destinations.duckdb_session import open_meanwhile
from openpanel_source.destinations.explain import destination_errors
from openpanel_source.destinations.warehouse import sql_client
from openpanel_source.errors import DestinationError, InvalidSettingError, ViewBlockedError
from openpanel_source.model.clock import check_seconds
from openpanel_source.model.schema import EVENTS
from openpanel_source.model.text import printable
from openpanel_source.source.configuration import configured_value
from openpanel_source.views.render import UTC, Relations, View, script, select, views

_MARK = "View of openpanel-source. "
"""What the comment of each view begins with: it tells them from views of somebody else."""

_RELATIONS = {
    "duckdb": "SELECT table_name, FALSE, comment FROM duckdb_tables()"
    " WHERE schema_name = %s AND database_name = current_database()"
    " UNION ALL SELECT view_name, TRUE, comment FROM duckdb_views()"
    " WHERE schema_name = %s AND database_name = current_database()",
    "postgres": "SELECT relname, relkind = 'v', obj_description(oid, 'pg_class') FROM pg_class"
    " WHERE relkind IN ('r', 'p', 'f', 'v', 'm', 'S', 'c') AND relnamespace ="
    " (SELECT oid FROM pg_namespace WHERE nspname IN (%s, %s))",
}
"""All that could have the name of a view: its name, whether it is a view, its comment."""
_COLUMNS = (
    "SELECT table_name, column_name FROM information_schema.columns"
    " WHERE table_schema = %s AND table_catalog = current_database()"
)


_OTHER_COLUMNS, _DEPENDED_ON = "42P16", "2BP01"
"""PostgreSQL's codes for what it refuses."""


def create_views(
    pipeline: dlt.Pipeline, *, timezone: str | None = None, busy_timeout: float = 60.0
) -> list[str]:
    """Create the views of docs/views.md, or bring them up to date; all of them or none.

    Args:
        pipeline: A pipeline whose destination is DuckDB or PostgreSQL.
        timezone: IANA name of the time zone in which days and weeks begin; when left out, that
            which a call gave the views before, or else the source's ``timezone`` in dlt's
            configuration if it is one for all, or else that of the views, or UTC.
        busy_timeout: Seconds to wait for a DuckDB file that another process holds.

    Returns:
        Their names.

    Raises:
        DestinationError: It is another destination, or nothing was loaded yet.
        InvalidSettingError: There is no such time zone.
        ViewBlockedError: A name is taken, or views of somebody else depend on these.
        OpenPanelError: The destination failed.
    """
    check_seconds("busy_timeout", busy_timeout)
    dialect = view_dialect(pipeline)
    _configured_zone(timezone)
    with (
        destination_errors(),
        open_meanwhile(pipeline, busy_timeout),
        sql_client(pipeline) as client,
    ):
        relations = _tables(client)
        if EVENTS.name not in relations:
            raise DestinationError(
                f"nothing was loaded into dataset {client.dataset_name} yet; run openpanel-source"
                " sync first."
            )
        zone = _zone_of_views(timezone, _own_comments(client, dialect))
        _create(client, dialect, zone, relations)
    return [view.name for view in views()]


def views_script(dialect: str, *, timezone: str | None = None, dataset: str = "openpanel") -> str:
    """Statements that make the views in another destination.

    Args:
        dialect: One of ``DIALECTS``.
        timezone: As for ``create_views``.
        dataset: Where the tables are; in DuckDB and PostgreSQL, run the statements in it.

    Raises:
        InvalidSettingError: The time zone is unknown.
    """
    zone = _configured_zone(timezone) or UTC
    scripts = (script(view, dialect, timezone=zone, dataset=dataset) for view in views())
    return "\n\n".join(scripts)


def view_dialect(pipeline: dlt.Pipeline) -> str:
    """The dialect of a destination that views can be made in.

    Raises:
        DestinationError: It is another one.
    """
    for kind, dialect in ((duckdb, "duckdb"), (postgres, "postgres")):
        if isinstance(pipeline.destination, kind):
            return dialect
    name = pipeline.destination.destination_name if pipeline.destination else "no destination"
    raise DestinationError(
        f"views are made in DuckDB and PostgreSQL, not in {name}; openpanel-source views --print"
        " --dialect NAME shows their SQL for some others."
    )


@dataclass(frozen=True)
class _Zone:
    """Where days begin in views, and whether a call said so; the comment of each view tells."""

    name: str
    is_given: bool

    _TEXT = re.compile(r"Time zone: (?P<name>\S+?)(?P<given>, as given)?\.$")

    def __str__(self) -> str:
        return f"Time zone: {self.name}{', as given' if self.is_given else ''}."

    @classmethod
    def of(cls, comments: Iterable[str]) -> _Zone | None:
        """That of views which are there."""
        for found in filter(None, map(cls._TEXT.search, comments)):
            if not timezone_problem(found["name"]):
                return cls(found["name"], found["given"] is not None)
        return None


def _zone_of_views(given: str | None, comments: Iterable[str]) -> _Zone:
    present = _Zone.of(comments)
    if given:
        return _Zone(given, is_given=True)
    if present is not None and present.is_given:
        return present
    configured = _configured_zone(None)
    return (
        _Zone(configured, is_given=False) if configured else present or _Zone(UTC, is_given=False)
    )


def _configured_zone(given: str | None) -> str | None:
    zone = given or configured_value("timezone")
    if not isinstance(zone, str) or not zone or zone.startswith("{"):
        return None
    if problem := timezone_problem(zone):
        raise InvalidSettingError(f"{problem}.")
    return zone


def _tables(client: Any) -> Relations:
    tables = defaultdict(set)
    for table, column in client.execute_sql(_COLUMNS, client.dataset_name):
        tables[table].add(column)
    return tables


def _own_comments(client: Any, dialect: str) -> list[str]:
    """The comments of the views that are there, if nobody else has taken the name of one."""
    dataset = client.dataset_name
    found = client.execute_sql(_RELATIONS[dialect], dataset, dataset)
    others = {name for name, is_view, comment in found if not (is_view and _is_ours(comment))}
    for view in views():
        if view.name in others:
            raise ViewBlockedError(
                f"dataset {dataset} holds a table or view {view.name} that openpanel-source did"
                " not make; rename it, or load into another dataset."
            )
    return [comment for _, is_view, comment in found if is_view and _is_ours(comment)]


def _is_ours(comment: str | None) -> bool:
    return (comment or "").startswith(_MARK)


def _create(client: Any, dialect: str, zone: _Zone, relations: Relations) -> None:
    statements = [
        statement
        for view in views()
        for statement in _statements(client, dialect, view, zone, relations)
    ]
    try:
        _execute(client, statements)
    except DatabaseException as refusal:
        # PostgreSQL replaces a view only by one that has the same columns, and more after them.
        if _code(refusal) != _OTHER_COLUMNS:
            raise
        names = [client.make_qualified_table_name(view.name) for view in reversed(views())]
        try:
            _execute(client, [*(f"DROP VIEW IF EXISTS {name}" for name in names), *statements])
        except DatabaseException as error:
            if _code(error) != _DEPENDED_ON:
                raise
            raise ViewBlockedError(
                "the views have changed and cannot be replaced, as others depend on them"
                f" ({_detail(error)}); drop those, run again, and make them anew."
            ) from None


def _statements(
    client: Any, dialect: str, view: View, zone: _Zone, relations: Relations
) -> list[str]:
    name = client.make_qualified_table_name(view.name)
    # DuckDB looks for tables beside the view, under whatever name its file is attached.
    schema = client.dataset_name if dialect == "postgres" else None
    query = select(view, dialect, timezone=zone.name, schema=schema, relations=relations)
    comment = f"{_MARK}{view.description} {zone}"
    return [
        f"CREATE OR REPLACE VIEW {name} AS\n{query}",
        f"COMMENT ON VIEW {name} IS {_literal(comment)}",
        *(
            f'COMMENT ON COLUMN {name}."{column}" IS {_literal(meaning)}'
            for column, meaning in view.columns.items()
        ),
    ]


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _execute(client: Any, statements: list[str]) -> None:
    with client.begin_transaction():
        for statement in statements:
            client.execute_sql(statement)


def _code(error: DatabaseException) -> str | None:
    return getattr(error.dbapi_exception, "pgcode", None)


def _detail(error: DatabaseException) -> str:
    diagnosis = getattr(error.dbapi_exception, "diag", None)
    lines = (getattr(diagnosis, "message_detail", None) or str(error)).splitlines()
    return printable("; ".join(lines), 1000)
