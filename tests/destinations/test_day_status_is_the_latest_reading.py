"""The view ``day_status`` holds the latest reading of each day, and is in nobody's way."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from openpanel_source.models.day_status import COLUMNS
from openpanel_source.operations.status import read_days, read_status
from openpanel_source.operations.stored_size import stored_bytes
from tests.support.destinations import made
from tests.support.postgres import PostgresWarehouse, postgres, postgres_url
from tests.support.sandbox_world import event, world
from tests.support.warehouse import Warehouse

pytestmark = pytest.mark.sampled(8)

__all__ = ["postgres", "postgres_url"]

NAMES = ", ".join(column.name for column in COLUMNS)
TODAY = "2026-11-23T10:00:00.000Z"


@pytest.fixture(params=["duckdb", "postgresql"])
def where(request: pytest.FixtureRequest, tmp_path: Path) -> Warehouse:
    url = lambda: str(request.getfixturevalue("postgres_url"))  # noqa: E731
    warehouse: Warehouse = made(request.param, tmp_path, url)
    return warehouse


def test_each_day_has_one_row_that_of_its_latest_reading(where: Warehouse) -> None:
    with world(event(1), event(2, createdAt=TODAY)) as sandbox:
        where.sync(sandbox)
        sandbox.add([event(3, createdAt="2026-11-10T13:00:00.000Z")])
        where.sync(sandbox)
    rows = where.query("SELECT day, verdict, distinct_ids, read_at FROM day_status ORDER BY day")
    days = sorted(read_days(where.pipeline()), key=lambda item: item.day)
    assert rows == [(one.day, one.verdict, one.distinct_ids, one.read_at) for one in days]
    assert rows[0][1:3] == ("complete", 2)
    assert len(where.query("SELECT * FROM sync_days")) > len(rows)
    assert where.query(f"SELECT {NAMES} FROM day_status LIMIT 0") == []


def test_the_table_below_it_can_be_dropped_and_is_there_again(where: Warehouse) -> None:
    with world(event(1)) as sandbox:
        where.sync(sandbox)
        where.change("DROP TABLE sync_days")
        assert where.sync(sandbox).is_verified
        assert where.query("SELECT day FROM day_status") == where.query("SELECT day FROM sync_days")
        where.change("DROP VIEW day_status")
        where.sync(sandbox)
    assert where.query("SELECT count(*) FROM day_status")


def test_a_table_of_somebody_else_keeps_the_name(where: Warehouse) -> None:
    with world(event(1)) as sandbox:
        where.sync(sandbox)
        where.change("DROP VIEW day_status; CREATE TABLE day_status (mine INT)")
        assert where.sync(sandbox).is_verified
    assert where.query("SELECT mine FROM day_status") == []


def test_a_file_may_be_renamed(warehouse: Warehouse) -> None:
    with world(event(1)) as sandbox:
        warehouse.sync(sandbox)
    warehouse.path = warehouse.path.rename(warehouse.folder / "other.duckdb")
    assert warehouse.query("SELECT count(*) FROM day_status WHERE distinct_ids = 1") == [(1,)]


def test_to_look_makes_no_view(warehouse: Warehouse) -> None:
    with world(event(1)) as sandbox:
        warehouse.run_once(sandbox)
    read_status(warehouse.pipeline())
    relations = "SELECT table_name FROM information_schema.tables WHERE table_name = 'day_status'"
    assert warehouse.query(relations) == []


@pytest.mark.long
def test_status_sees_in_postgresql_what_it_sees_in_a_file(postgres: PostgresWarehouse) -> None:
    with world(event(1), event(2, createdAt=TODAY)) as sandbox:
        postgres.sync(sandbox)
    postgres.change("DELETE FROM events WHERE event_date = '2026-11-10'")
    [status] = read_status(postgres.pipeline())
    [differs] = json.loads(json.dumps(status.as_dict()))["differing_days"]
    assert differs == {"day": "2026-11-10", "recorded": 1, "held": 0}
    assert (stored_bytes(postgres.pipeline()) or 0) > 8192


@pytest.fixture
def warehouse(tmp_path: Path) -> Warehouse:
    return Warehouse(tmp_path)
