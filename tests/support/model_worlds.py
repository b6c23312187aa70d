"""A warehouse whose events are changed day by day, as syncs change them, without a server."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from datetime import date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import duckdb
import psycopg2

from openpanel_source.models.definitions import models
from tests.support.postgres import PostgresWarehouse
from tests.support.warehouse import Warehouse

Event = dict[str, Any]
FIRST = date(2026, 11, 1)
_TABLES = """
CREATE SCHEMA IF NOT EXISTS openpanel;
CREATE TABLE openpanel.events (
  project_id TEXT, event_date DATE, id TEXT, name TEXT, created_at TIMESTAMP WITH TIME ZONE,
  device_id TEXT, profile_id TEXT, session_id TEXT, path TEXT, referrer TEXT, referrer_name TEXT,
  referrer_type TEXT, country TEXT, city TEXT, os TEXT, browser TEXT, device TEXT, revenue BIGINT,
  properties {json}, utm_source TEXT, utm_medium TEXT, utm_campaign TEXT, page_title TEXT
);
CREATE TABLE openpanel.sync_days (
  project_id TEXT, day DATE, load_id TEXT, verdict TEXT, reason TEXT
);
CREATE TABLE openpanel._dlt_loads (load_id TEXT);
"""
_COLUMNS = re.findall(r"([a-z_]+) [A-Z{]", _TABLES.partition(".events (")[2].partition(");")[0])


class ModelWorld:
    """The tables that models read, in a database, and the days that are replaced in them.

    Args:
        warehouse: An empty one.
    """

    def __init__(self, warehouse: Warehouse) -> None:
        self.warehouse = warehouse
        self._is_postgres = isinstance(warehouse, PostgresWarehouse)
        self._loads = 0
        self._run([(_TABLES.format(json="JSONB" if self._is_postgres else "JSON"), ())])

    def replace(
        self, days: Iterable[tuple[str, date, Sequence[Event]]], *, ends: bool = True
    ) -> None:
        """Replace days of projects in one load package.

        Args:
            days: Of each its project, UTC day, and events.
            ends: Whether the load ends, rather than being killed at its end.
        """
        self._loads += 1
        load_id = f"{self._loads:06d}"
        statements: list[tuple[str, Sequence[Any]]] = []
        for project, day, events in days:
            statements.append(
                ("DELETE FROM events WHERE project_id = %s AND event_date = %s", (project, day))
            )
            for event in events:
                values = self._values(project, day, event)
                marks = ", ".join(["%s"] * len(values))
                statements.append((f"INSERT INTO events VALUES ({marks})", values))
            statements.append(
                (
                    "INSERT INTO sync_days VALUES (%s, %s, %s, 'complete', 'new')",
                    (project, day, load_id),
                )
            )
        if ends:
            statements.append(("INSERT INTO _dlt_loads VALUES (%s)", (load_id,)))
        self._run(statements)

    def run(self, statement: str, *values: Any) -> None:
        """Change the tables otherwise."""
        self._run([(statement, values)])

    def rows(self, named: str = "{}") -> dict[str, list[str]]:
        """The rows of all models, as ``rows_of_models`` gives them."""
        return rows_of_models(self.warehouse.query, named)

    def _values(self, project: str, day: date, event: Event) -> list[Any]:
        midnight = datetime(day.year, day.month, day.day, tzinfo=timezone.utc)
        row = {
            "project_id": project,
            "event_date": day,
            "id": os.urandom(8).hex(),
            "properties": json.dumps(event.get("properties", {})),
            **{name: value for name, value in event.items() if name not in ("at", "properties")},
            "created_at": midnight + timedelta(milliseconds=event["at"]),
        }
        return [row.get(name) for name in _COLUMNS]

    def _run(self, statements: list[tuple[str, Sequence[Any]]]) -> None:
        if isinstance(self.warehouse, PostgresWarehouse):
            with closing(psycopg2.connect(self.warehouse.url)) as connection:
                cursor = connection.cursor()
                cursor.execute("SET search_path TO openpanel, public")
                for statement, values in statements:
                    cursor.execute(statement, values or None)
                connection.commit()
            return
        with duckdb.connect(str(self.warehouse.path)) as connection:
            connection.execute("BEGIN; CREATE SCHEMA IF NOT EXISTS openpanel; USE openpanel")
            for statement, values in statements:
                connection.execute(statement.replace("%s", "?"), values)
            connection.execute("COMMIT")


def rows_of_models(
    query: Callable[[str], list[tuple[Any, ...]]], named: str = "{}"
) -> dict[str, list[str]]:
    """The rows of all models as text, in order; numbers to twelve digits.

    Args:
        query: Asks the warehouse.
        named: What the tables are called, with braces for the model's name.
    """
    return {
        model.name: sorted(
            str([_plain(cell) for cell in row])
            for row in query(f"SELECT * FROM {named.format(model.name)}")
        )
        for model in models()
    }


def _plain(cell: Any) -> Any:
    if isinstance(cell, float):
        return float(f"{cell:.12g}")
    return cell.astimezone(timezone.utc).isoformat() if isinstance(cell, datetime) else cell


def in_duckdb(folder: Path) -> ModelWorld:
    """A world in a DuckDB file of its own."""
    folder.mkdir()
    return ModelWorld(Warehouse(folder))


def in_postgres(folder: Path, url: str) -> ModelWorld:
    """A world in a PostgreSQL database of its own."""
    folder.mkdir()
    return ModelWorld(PostgresWarehouse(folder, url))
