"""A PostgreSQL that goes away or was changed is told in a sentence; the next run recovers."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from pathlib import Path

import dlt
import psycopg2
import pytest

from openpanel_source.errors import DestinationError, OpenPanelError, TransientError
from tests.support.postgres import PostgresWarehouse, postgres, postgres_url
from tests.support.sandbox_world import event, world
from tests.support.warehouse import Warehouse

pytestmark = pytest.mark.sampled(2)

__all__ = ["postgres", "postgres_url"]

ROWS = [event(number) for number in range(1, 3500)]


class Nowhere(Warehouse):
    """A warehouse in a server that is not there."""

    def pipeline(self, name: str = "openpanel") -> dlt.Pipeline:
        pipeline: dlt.Pipeline = dlt.pipeline(
            name,
            destination=dlt.destinations.postgres("postgresql://me:hidden@127.0.0.1:9/nowhere"),
            dataset_name="openpanel",
            pipelines_dir=str(self.folder / "pipelines"),
        )
        return pipeline


def execute(postgres: PostgresWarehouse, sql: str, database: str | None = None) -> None:
    url = postgres.url if database is None else postgres.url.replace(postgres.database, database)
    with closing(psycopg2.connect(url)) as connection:
        connection.autocommit = True
        connection.cursor().execute(sql)


def test_a_server_that_is_not_there_is_named_without_its_password(tmp_path: Path) -> None:
    with world(*ROWS[:3]) as sandbox:
        with pytest.raises(OpenPanelError) as caught:
            Nowhere(tmp_path).sync(sandbox)
        assert not any("page=" in request.url for request in sandbox.requests)
    assert isinstance(caught.value, (DestinationError, TransientError))
    assert "hidden" not in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.long
def test_connections_cut_while_loading_cost_a_run_and_no_row(postgres: PostgresWarehouse) -> None:
    cut = f"""
        SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE datname = '{postgres.database}' AND query ILIKE 'INSERT%events%'
    """
    done = threading.Event()

    def saboteur() -> None:
        while not done.wait(0.002):
            execute(postgres, cut, "postgres")

    thread = threading.Thread(target=saboteur)
    with world(*ROWS) as sandbox:
        thread.start()
        try:
            # Either dlt's own second try comes through, or the sync says what failed.
            with suppress(TransientError):
                postgres.sync(sandbox)
        finally:
            done.set()
            thread.join()
        assert postgres.sync(sandbox).is_verified
    assert postgres.numbers() == list(range(1, 3500))


@pytest.mark.long
@pytest.mark.sampled(4)
@pytest.mark.parametrize(
    "damage",
    [
        "DROP TABLE openpanel.events",
        "DROP TABLE openpanel.sync_days",
        "ALTER TABLE openpanel.events DROP COLUMN city",
        "DROP SCHEMA openpanel CASCADE",
    ],
)
def test_what_was_dropped_by_hand_is_there_again(postgres: PostgresWarehouse, damage: str) -> None:
    with world(*ROWS[:50]) as sandbox:
        postgres.sync(sandbox)
        execute(postgres, damage)
        assert postgres.sync(sandbox).is_verified
    assert postgres.query("SELECT DISTINCT city FROM events") == [("Stockholm",)]
    assert postgres.numbers() == list(range(1, 51))


def test_a_permission_that_was_lost_is_told(postgres: PostgresWarehouse) -> None:
    with world(*ROWS[:50]) as sandbox:
        postgres.sync(sandbox)
        read_only = f"ALTER DATABASE {postgres.database} SET default_transaction_read_only"
        execute(postgres, f"{read_only} = on")
        sandbox.add([event(3599)])
        with pytest.raises(OpenPanelError, match="read-only"):
            postgres.sync(sandbox)
        execute(postgres, f"{read_only} = off", "postgres")
        assert postgres.sync(sandbox).is_verified
    assert postgres.numbers() == [*range(1, 51), 3599]


def test_a_day_that_another_pipeline_writes_at_once_is_held_once(
    postgres: PostgresWarehouse,
) -> None:
    with world(*ROWS[:3]) as sandbox, closing(psycopg2.connect(postgres.url)) as other:
        postgres.sync(sandbox)
        other.cursor().execute(
            "SET search_path TO openpanel; CREATE TEMP TABLE ours AS SELECT * FROM events;"
            "DELETE FROM events; INSERT INTO events SELECT * FROM ours"
        )
        with ThreadPoolExecutor(1) as pool:
            syncing = pool.submit(postgres.sync, sandbox, reload=True)
            while not postgres.query("SELECT 1 FROM pg_locks WHERE NOT granted"):
                assert not syncing.done()
                time.sleep(0.05)
            other.commit()
            assert syncing.result().is_verified
    assert postgres.numbers() == [1, 2, 3]
