"""A table that this connector has not made is refused before the first request."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import pytest

from openpanel_source.errors import DestinationError
from tests.support.postgres import PostgresWarehouse, postgres_url
from tests.support.sandbox_world import event, world
from tests.support.warehouse import Warehouse

__all__ = ["postgres_url"]


@pytest.fixture(params=["duckdb", "postgres"])
def anywhere(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    if request.param == "postgres":
        return PostgresWarehouse(tmp_path, request.getfixturevalue("postgres_url"))
    return Warehouse(tmp_path)


def create(warehouse: Any, sql: str) -> None:
    """Create something in the schema of the dataset, which is made if it is not there."""
    schema = "CREATE SCHEMA IF NOT EXISTS openpanel"
    if isinstance(warehouse, PostgresWarehouse):
        warehouse.change(f"{schema}; {sql}")
    else:
        with duckdb.connect(str(warehouse.path)) as connection:
            connection.execute(f"{schema}; USE openpanel; {sql}")


THEIRS = {
    "events": "CREATE TABLE events (id INTEGER, title TEXT); INSERT INTO events VALUES (1, 'x')",
    "events_like_ours": (
        "CREATE TABLE events (project_id TEXT, event_date DATE, id TEXT, name TEXT);"
        " INSERT INTO events VALUES ('web', DATE '2026-11-10', '1', 'x')"
    ),
    "profiles": "CREATE TABLE profiles (name TEXT); INSERT INTO profiles VALUES ('x')",
    "sync_days": "CREATE TABLE sync_days (day INTEGER); INSERT INTO sync_days VALUES (1)",
}


@pytest.mark.sampled(4)
@pytest.mark.parametrize("made", THEIRS)
def test_a_table_of_somebody_else_is_refused_before_the_first_request(
    anywhere: Any, made: str
) -> None:
    create(anywhere, THEIRS[made])
    table = made.removesuffix("_like_ours")
    columns = (
        "SELECT table_name, column_name FROM information_schema.columns"
        " WHERE table_schema = 'openpanel' ORDER BY 1, 2"
    )
    before = anywhere.query(columns)
    with world(event(1)) as sandbox:
        with pytest.raises(DestinationError, match=f"has a table {table} that this connector"):
            anywhere.sync(sandbox)
        assert not sandbox.requests
        assert anywhere.query(columns) == before
        assert anywhere.query(f"SELECT count(*) FROM {table}") == [(1,)]
        anywhere.change(f"ALTER TABLE {table} RENAME TO theirs")
        assert anywhere.sync(sandbox).events_loaded == 1
    assert anywhere.query("SELECT count(*) FROM theirs") == [(1,)]


@pytest.mark.long
@pytest.mark.sampled(4)
def test_tables_of_other_names_are_nobody_s_business(anywhere: Any) -> None:
    create(anywhere, "CREATE TABLE visits (id INTEGER)")
    with world(event(1)) as sandbox:
        assert anywhere.sync(sandbox).events_loaded == 1
        assert anywhere.sync(sandbox).events_loaded == 0
