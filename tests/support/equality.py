"""What a server holds and what a warehouse holds, row by row, in one form to compare."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import requests

from openpanel_source.model.schema import EVENTS, INCLUDES
from openpanel_source.sandbox import Sandbox

Key = tuple[str, str, str]
"""Project, UTC day and id of an event."""
Rows = dict[Key, dict[str, Any]]

_ALL_DAYS = {"start": "1970-01-01", "end": "2100-12-31", "limit": "1000"}
_COLUMNS = [column.name for column in EVENTS.columns]
SELECT_EVENTS = "SELECT {} FROM events".format(
    ", ".join(
        "CAST(event_date AS VARCHAR)" if name == "event_date" else f'"{name}"' for name in _COLUMNS
    )
)
"""All events of a warehouse; ``keyed`` takes what comes."""


def server_rows(
    sandbox: Sandbox, headers: dict[str, str], project: str, **query: Any
) -> list[dict[str, Any]]:
    """The rows of a project as the API lists them, deliveries counted; asked for without our code.

    Args:
        sandbox: The server.
        headers: Credentials.
        project: The project.
        query: Further parameters, such as ``event``.
    """
    rows: list[dict[str, Any]] = []
    with requests.Session() as session:
        page = 1
        while True:
            params = {**_ALL_DAYS, **query, "projectId": project, "page": str(page)}
            asked: list[tuple[str, str]] = [*params.items(), *(("includes", i) for i in INCLUDES)]
            answer = session.get(
                f"{sandbox.url}/export/events", params=asked, headers=headers, timeout=30
            )
            assert answer.status_code == 200, answer.text
            data = answer.json()["data"]
            if not data:
                return rows
            rows += data
            page += 1


def expected(rows: Sequence[dict[str, Any]]) -> Rows:
    """Rows of a server as rows of a warehouse, each id of a project and day once."""
    return {(row["projectId"], row["createdAt"][:10], row["id"]): _expected(row) for row in rows}


def held(database: Path, dataset: str = "openpanel") -> Rows:
    """The rows of a warehouse.

    Raises:
        AssertionError: Some key is there twice.
    """
    with duckdb.connect(str(database)) as connection:
        connection.execute(f"SET TimeZone = 'UTC'; SET search_path = '{dataset}'")
        return keyed(connection.execute(SELECT_EVENTS).fetchall())


def keyed(selected: Iterable[tuple[Any, ...]]) -> Rows:
    """What ``SELECT_EVENTS`` gave, by key.

    Raises:
        AssertionError: Some key is there twice.
    """
    rows: Rows = {}
    for values in selected:
        row = dict(zip(_COLUMNS, values, strict=True))
        for name in ("properties", "groups"):
            if isinstance(row[name], str):
                row[name] = json.loads(row[name])
        key = (row["project_id"], row["event_date"], row["id"])
        assert key not in rows, f"{key} is there twice"
        rows[key] = row
    return rows


def difference(wanted: Rows, found: Rows) -> str:
    """What a warehouse lacks, has too much, or has otherwise; empty if nothing."""
    parts = {
        "lacks": sorted(wanted.keys() - found.keys()),
        "has too much": sorted(found.keys() - wanted.keys()),
        "has otherwise": sorted(
            key for key in wanted.keys() & found.keys() if wanted[key] != found[key]
        ),
    }
    return "; ".join(f"{name} {len(keys)}: {keys[:5]}" for name, keys in parts.items() if keys)


def _expected(row: dict[str, Any]) -> dict[str, Any]:
    """A row of the server as a row of the warehouse, written down independently of the code."""
    wanted: dict[str, Any] = {
        column.name: row.get(column.field) for column in EVENTS.columns if column.field is not None
    }
    wanted["event_date"] = row["createdAt"][:10]
    for column in EVENTS.columns:
        if column.property_key is not None:
            wanted[column.name] = row["properties"].get(column.property_key)
    wanted["extras"] = None
    for name in ("created_at", "imported_at"):
        if wanted[name] is not None:
            wanted[name] = datetime.fromisoformat(wanted[name].replace("Z", "+00:00"))
    if wanted["country"] == "\0\0":
        wanted["country"] = None
    return wanted
