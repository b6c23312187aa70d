"""An operation asks a DuckDB file by few clients of dlt: to make one takes longer than to ask."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

import dlt
import pytest
from dlt.common.destination import Destination

from openpanel_source.destinations.warehouse import clients_kept, select, sql_client
from tests.support.sandbox_world import NOW, event, world
from tests.support.warehouse import Warehouse


def made(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A list that has an entry for each client of dlt that is made from now on."""
    clients: list[str] = []
    make = Destination.client

    def counted(self: Any, *given: Any, **named: Any) -> Any:
        clients.append(self.destination_name)
        return make(self, *given, **named)

    monkeypatch.setattr(Destination, "client", counted)
    return clients


def test_a_client_that_is_open_is_left_alone_and_used_again_once_it_is_closed(
    warehouse: Warehouse,
) -> None:
    pipeline = warehouse.pipeline()
    with clients_kept():
        with sql_client(pipeline) as outer:
            outer.create_dataset()
            outer.execute_sql("CREATE TABLE openpanel.numbers AS SELECT 1 AS number")
            with outer.begin_transaction(), sql_client(pipeline) as inner:
                outer.execute_sql("INSERT INTO openpanel.numbers VALUES (2)")
                assert inner is not outer
                assert inner.execute_sql("SELECT count(*) FROM openpanel.numbers") == [(1,)]
            assert sql_client(pipeline) is inner
        assert sql_client(pipeline) is outer
        assert sql_client(pipeline).native_connection is None


def test_another_dataset_of_the_pipeline_has_a_client_of_its_own(warehouse: Warehouse) -> None:
    pipeline = warehouse.pipeline()
    with clients_kept():
        before = sql_client(pipeline)
        pipeline.dataset_name = "elsewhere"
        assert sql_client(pipeline) is not before
        assert sql_client(pipeline).dataset_name == "elsewhere"


def test_threads_have_clients_of_their_own_and_nothing_is_kept_afterwards(
    warehouse: Warehouse,
) -> None:
    pipeline, elsewhere = warehouse.pipeline(), list[Any]()
    with clients_kept():
        here = sql_client(pipeline)
        thread = threading.Thread(target=lambda: elsewhere.append(sql_client(pipeline)))
        thread.start()
        thread.join()
        assert elsewhere[0] is not here
    assert sql_client(pipeline) is not here
    assert sql_client(pipeline) is not sql_client(pipeline)


def test_a_file_that_was_made_anew_meanwhile_is_asked_and_not_the_one_before(
    warehouse: Warehouse,
) -> None:
    pipeline = warehouse.pipeline()
    with clients_kept():
        for number in (1, 2):
            with sql_client(pipeline) as client:
                client.create_dataset()
                client.execute_sql(f"CREATE TABLE openpanel.numbers AS SELECT {number} AS number")
            assert list(select(pipeline, "numbers", "number")) == [(number,)]
            warehouse.path.unlink()


@pytest.mark.long
def test_a_night_makes_no_more_clients_the_more_old_days_it_asks_for(
    warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    days = [event(day, createdAt=f"2026-08-{day:02d}T10:00:00.000Z") for day in range(1, 21)]
    numbers = {}
    with world(*days) as sandbox:
        warehouse.sync(sandbox)
        for number, requests in enumerate((2, 16), 1):
            with monkeypatch.context() as patch:
                clients = made(patch)
                later = NOW + timedelta(days=number)
                summary = warehouse.sync(sandbox, now=later, scrub_requests=requests)
            assert summary.scrub
            assert summary.scrub.days > number
            numbers[requests] = len(clients)
    assert numbers[2] == numbers[16]


def test_a_server_is_asked_with_the_credentials_of_the_moment() -> None:
    pipeline = dlt.pipeline(
        "p", destination=dlt.destinations.postgres("postgresql://u:p@127.0.0.1/d")
    )
    with clients_kept():
        assert sql_client(pipeline) is not sql_client(pipeline)
