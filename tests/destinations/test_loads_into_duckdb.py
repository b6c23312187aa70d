"""Into a DuckDB file, days it holds nothing of are appended; nothing is doubled or filled by it."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path
from typing import Any

import dlt
import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from dlt.common.runtime.collector import NullCollector
from dlt.destinations.exceptions import DatabaseTerminalException
from dlt.destinations.impl.duckdb.sql_client import DuckDbSqlClient

from openpanel_source.destinations.duckdb_session import LOAD_SETTINGS, modest, opened
from openpanel_source.model.schema import EVENTS
from openpanel_source.operations.sync import sync
from openpanel_source.rows.shape import Shaper
from openpanel_source.source.events_file import EventsFile
from tests.support.sandbox_world import event, world
from tests.support.warehouse import Warehouse

pytestmark = pytest.mark.sampled(8)


def on(number: int, day: int) -> dict[str, Any]:
    return event(number, createdAt=f"2026-11-{day:02d}T12:00:{number % 60:02d}.000Z")


ROWS = [on(number, 10 + number % 5) for number in range(1, 60)]


@pytest.fixture
def warehouse(tmp_path: Path) -> Warehouse:
    return Warehouse(tmp_path)


def other_pipeline(warehouse: Warehouse) -> dlt.Pipeline:
    """Another pipeline into the same dataset, with a ledger of its own."""
    pipeline: dlt.Pipeline = dlt.pipeline(
        "another",
        destination=dlt.destinations.duckdb(str(warehouse.path)),
        dataset_name="openpanel",
        pipelines_dir=str(warehouse.folder / "another"),
    )
    return pipeline


def test_a_first_sync_is_appended_and_a_later_one_merged(warehouse: Warehouse) -> None:
    def disposition() -> str:
        pipeline = warehouse.pipeline()
        sync(pipeline, **warehouse.settings(sandbox))
        return str(pipeline.default_schema.get_table("events")["write_disposition"])

    with world(*ROWS) as sandbox:
        assert disposition() == "append"
        sandbox.add([on(100, 12), on(101, 20)])
        assert disposition() == "merge"
    assert warehouse.numbers() == [*range(1, 60), 100, 101]


def test_a_second_pipeline_into_the_same_dataset_doubles_nothing(warehouse: Warehouse) -> None:
    with world(*ROWS) as sandbox:
        warehouse.sync(sandbox)
        sync(other_pipeline(warehouse), **warehouse.settings(sandbox, reload=True))
    assert warehouse.numbers() == list(range(1, 60))


class Meanwhile(NullCollector):
    """Does something once, when the steps after the reading begin."""

    def __init__(self, what: Callable[[], None]) -> None:
        self._what: list[Callable[[], None]] = [what]

    def _start(self, step: str) -> None:
        if step.startswith("Normalize") and self._what:
            self._what.pop()()


def test_days_that_somebody_else_loaded_at_the_same_moment_are_replaced(
    warehouse: Warehouse,
) -> None:
    with world(*ROWS) as sandbox:
        warehouse.sync(sandbox)
        warehouse.change("CREATE TABLE kept AS FROM events; DELETE FROM events")
        # The other rows come between the question what is there and the load.
        pipeline = other_pipeline(warehouse)
        pipeline.collector = Meanwhile(
            lambda: warehouse.change("INSERT INTO events FROM kept; DROP TABLE kept")
        )
        summary = sync(pipeline, **warehouse.settings(sandbox, reload=True))
    assert warehouse.numbers() == list(range(1, 60))
    assert summary.runs == 2
    assert summary.is_verified


def test_threads_that_open_and_close_one_file_wait_for_each_other(warehouse: Warehouse) -> None:
    def ask(name: str) -> None:
        pipeline = warehouse.pipeline(name)
        for _ in range(100):
            with opened(pipeline, 60.0) as client:
                client.execute_sql("SELECT 1")

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(ask, ["a", "b", "c", "d"]))


def test_a_load_takes_little_memory_unless_it_is_configured(warehouse: Warehouse) -> None:
    def setting(pipeline: dlt.Pipeline, name: str) -> Any:
        with modest(pipeline, 0.0), pipeline.sql_client() as client:
            rows = client.execute_sql(f"SELECT current_setting('{name}')")
        assert rows is not None
        return rows[0][0]

    with world(*ROWS) as sandbox:
        warehouse.sync(sandbox)
    assert setting(warehouse.pipeline(), "memory_limit") == "122.0 MiB"
    configured = dlt.destinations.duckdb(
        {"database": str(warehouse.path), "global_config": {"memory_limit": "300MB"}}
    )
    pipeline = dlt.pipeline("big", destination=configured, dataset_name="openpanel")
    assert setting(pipeline, "memory_limit") == "286.1 MiB"


@pytest.mark.long
def test_a_load_that_does_not_fit_into_it_gets_more(
    warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setitem(LOAD_SETTINGS, "memory_limit", "8MB")
    numbers = range(1, 5_001)
    texts = [{str(column): f"{number}-{column}" * 9 for column in range(9)} for number in numbers]
    rows = [on(number, 10 + number % 5) for number in numbers]
    with world(
        *(row | {"properties": more} for row, more in zip(rows, texts, strict=True))
    ) as sandbox:
        assert warehouse.sync(sandbox).is_verified
    assert "does not fit into the usual memory" in caplog.text
    assert warehouse.numbers() == [*numbers]


def test_a_connection_of_the_user_keeps_its_settings(warehouse: Warehouse) -> None:
    names = "memory_limit, threads, preserve_insertion_order"
    settings = "SELECT " + ", ".join(f"current_setting('{name}')" for name in names.split(", "))
    with world(*ROWS) as sandbox, duckdb.connect(str(warehouse.path)) as connection:
        connection.execute("SET memory_limit = '1GB'; SET threads = 3")
        before = connection.sql(settings).fetchall()
        for _ in range(3):
            warehouse.sync(sandbox, reload=True)
            assert connection.sql(settings).fetchall() == before


def test_a_load_that_failed_is_told_though_nothing_works_after_it(
    warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*args: Any) -> None:
        raise DatabaseTerminalException(OSError("the database has been invalidated"))

    def load() -> None:
        with modest(warehouse.pipeline(), 0.0):
            monkeypatch.setattr(DuckDbSqlClient, "execute_sql", broken)
            raise ZeroDivisionError

    with world(*ROWS) as sandbox:
        warehouse.sync(sandbox)
    with pytest.raises(ZeroDivisionError):
        load()


@pytest.mark.long
def test_a_sync_without_news_leaves_nothing_pending(warehouse: Warehouse) -> None:
    with world(*ROWS) as sandbox:
        for _ in range(2):
            warehouse.sync(sandbox)
            assert not warehouse.pipeline().has_pending_data
        warehouse.run_once(sandbox)
        sandbox.add([on(100, 12)])
        warehouse.run_once(sandbox)
    assert 100 in warehouse.numbers()


def table_of(rows: int, size: int) -> pa.Table:
    events = b",".join(
        b'{"id":"%d-%d","createdAt":"2026-05-01T10:00:00.000Z","properties":{"a":"%s"}}'
        % (rows, number, b"x" * size)
        for number in range(rows)
    )
    body = b'{"meta":{"totalCount":%d,"pages":1},"data":[%s]}' % (rows, events)
    return Shaper().page(body, "web", date(2026, 5, 1), "GET x").table


def _write(file: EventsFile, table: pa.Table) -> None:
    file.add(table)
    file.finish()


def test_the_file_of_a_package_holds_all_rows_in_order_and_vanishes(tmp_path: Path) -> None:
    tables = [table_of(rows, 10) for rows in (3, 1, 20)]
    with EventsFile(str(tmp_path)) as file:
        for table in tables:
            file.add(table)
        file.finish()
        assert pq.read_table(file.paths[0]) == pa.concat_tables(tables)
        assert file.rows == 24
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(ValueError, match="project_id"), EventsFile(str(tmp_path)) as file:
        _write(file, tables[0].select(["id"]))
    assert list(tmp_path.iterdir()) == []


def test_large_events_make_small_row_groups(tmp_path: Path) -> None:
    with EventsFile(str(tmp_path)) as file:
        for rows in range(10, 20):
            file.add(table_of(rows, 1_000_000))
        file.finish()
        assert sum(pq.ParquetFile(path).num_row_groups for path in file.paths) >= 20
        assert all(pq.read_schema(path) == EVENTS.arrow_schema for path in file.paths)
