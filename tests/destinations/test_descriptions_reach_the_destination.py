"""What tables and columns mean stands in the destination, and costs a quiet night nothing."""

from __future__ import annotations

import logging
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from openpanel_source.destinations.comments import write_comments
from openpanel_source.model.schema import EVENTS, SYNC_DAYS, TABLES
from openpanel_source.models import day_status
from openpanel_source.operations.sync import sync
from tests.rows.test_new_fields_become_columns import sent
from tests.support.postgres import PostgresWarehouse, postgres, postgres_url
from tests.support.sandbox_world import event, world
from tests.support.warehouse import Warehouse

pytestmark = pytest.mark.sampled(3)

__all__ = ["postgres", "postgres_url"]

CHART = {"name": "all", "series": [{"event": "*"}], "range": "30d", "interval": "day"}
DUCKDB = """
SELECT table_name, column_name, comment FROM duckdb_columns() WHERE schema_name = 'openpanel'
UNION ALL
SELECT table_name, '', comment FROM duckdb_tables() WHERE schema_name = 'openpanel'
UNION ALL
SELECT view_name, '', comment FROM duckdb_views() WHERE schema_name = 'openpanel'
"""
POSTGRES = """
SELECT relname, attname, col_description(c.oid, attnum)
FROM pg_attribute JOIN pg_class c ON c.oid = attrelid
WHERE relnamespace = 'openpanel'::regnamespace AND attnum > 0 AND relkind IN ('r', 'v')
UNION ALL SELECT relname, '', obj_description(oid, 'pg_class')
FROM pg_class WHERE relnamespace = 'openpanel'::regnamespace AND relkind IN ('r', 'v')
"""
DESCRIBED = {
    **{(table.name, ""): table.description for table in TABLES},
    **{(table.name, item.name): item.description for table in TABLES for item in table.columns},
    (day_status.VIEW, ""): day_status.DESCRIPTION,
    **{(day_status.VIEW, item.name): item.description for item in day_status.COLUMNS},
}


def comments(warehouse: Warehouse) -> dict[tuple[str, str], str]:
    sql = POSTGRES if isinstance(warehouse, PostgresWarehouse) else DUCKDB
    rows = warehouse.query(sql)
    return {(table, column): text for table, column, text in rows if not table.startswith("_dlt_")}


def described(found: dict[tuple[str, str], str]) -> dict[tuple[str, str], str]:
    """What the tables and columns that are there should be described as."""
    tables = {table for table, _ in found}
    assert tables >= {"events", "sync_days", "rejected_events", "charts", "chart_points"}
    return {key: text for key, text in DESCRIBED.items() if key[0] in tables}


def check(warehouse: Warehouse, comment: str) -> None:
    with world(event(1), event(2, _raw="[]")) as sandbox:
        settings: dict[str, Any] = {"charts": [CHART], "timezone": "UTC"}
        warehouse.sync(sandbox, **settings)
        found = comments(warehouse)
        assert found == described(found)
        # As long as the schema is what it was, nobody asks.
        warehouse.change(comment)
        assert warehouse.sync(sandbox, **settings).runs == 0
        sandbox.add([sent(3, 11)])
        assert warehouse.sync(sandbox, **settings).events_loaded == 1
        assert comments(warehouse)["events", "name"] == "changed"
        sandbox.add([sent(4, 12, mood="it's %s")])
        warehouse.sync(sandbox, **settings)
        found = comments(warehouse)
        assert found.pop(("events", "mood")) == (
            "The field mood, which the API began to send; its JSON."
        )
        assert found == described(found)
        # What somebody dropped is made again, and described again.
        warehouse.change("DROP TABLE events")
        warehouse.sync(sandbox, **settings)
        found = comments(warehouse)
        assert found.pop(("events", "mood"))
        assert found == described(found)


@pytest.mark.long
def test_descriptions_are_comments_in_duckdb(warehouse: Warehouse) -> None:
    check(warehouse, "COMMENT ON COLUMN events.name IS 'changed'")


@pytest.mark.long
def test_descriptions_are_comments_in_postgresql(postgres: PostgresWarehouse) -> None:
    check(postgres, "COMMENT ON COLUMN events.name IS 'changed'")


def test_a_destination_that_takes_no_comments_takes_the_rows(
    postgres: PostgresWarehouse, caplog: pytest.LogCaptureFixture
) -> None:
    postgres.change(
        "CREATE FUNCTION refuse() RETURNS event_trigger LANGUAGE plpgsql"
        " AS $$ BEGIN RAISE 'no comment'; END $$;"
        " CREATE EVENT TRIGGER silent ON ddl_command_start WHEN TAG IN ('COMMENT')"
        " EXECUTE FUNCTION refuse()"
    )
    with world(event(1)) as sandbox:
        assert postgres.sync(sandbox).is_verified
    assert postgres.numbers() == [1]
    assert comments(postgres)["events", "name"] is None
    assert "no comment" in caplog.text


@pytest.mark.long
def test_workers_that_describe_the_same_tables_do_no_harm(
    postgres: PostgresWarehouse, caplog: pytest.LogCaptureFixture
) -> None:
    pipelines = [postgres.pipeline(f"worker_{name}") for name in "abc"]
    with world(event(1)) as sandbox:
        for pipeline in pipelines:
            sync(pipeline, **postgres.settings(sandbox))
    caplog.set_level(logging.WARNING)
    for _ in range(5):
        for column in EVENTS.columns:
            postgres.change(f'COMMENT ON COLUMN events."{column.name}" IS NULL')
        with ThreadPoolExecutor(3) as pool:
            list(pool.map(write_comments, pipelines))
        assert comments(postgres)["events", "name"] == DESCRIBED["events", "name"]
    assert "comments" not in caplog.text


def test_every_column_says_where_it_comes_from() -> None:
    names = {table.name for table in TABLES}
    for table in TABLES:
        for column in table.columns:
            assert bool(column.property_key) != bool(column.origin), column.name
        for reference in table.references:
            assert reference.table in names
            [other] = [one for one in TABLES if one.name == reference.table]
            assert set(reference.columns) <= {column.name for column in table.columns}
            to = reference.to or reference.columns
            assert set(to) <= {column.name for column in other.columns}
            assert not reference.is_unique or set(to) == set(other.primary_key)


def test_references_are_hints_of_the_tables(warehouse: Warehouse) -> None:
    with world(event(1)) as sandbox:
        schema = warehouse.source(sandbox, charts=[CHART], timezone="UTC").discover_schema()
        warehouse.sync(sandbox, charts=[CHART], timezone="UTC")
        loaded = warehouse.pipeline().default_schema
    assert EVENTS.name in schema.tables
    for table in TABLES:
        if table.name in loaded.tables:
            hints = loaded.tables[table.name].get("references")
            assert list(hints or []) == [reference.hint for reference in table.references]
    assert SYNC_DAYS.name in loaded.tables
