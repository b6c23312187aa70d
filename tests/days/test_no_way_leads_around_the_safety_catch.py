"""Several runs, other pipelines, other queries and rows that are none: no way leads around it."""

from __future__ import annotations

from typing import Any

import pytest

from openpanel_source.operations.audit import audit
from openpanel_source.operations.sync import sync
from tests.days.test_much_is_never_deleted_on_one_answer import DAYS, SMALL, ids, later, rows
from tests.promise.test_a_server_that_lists_less_than_it_counts import is_page
from tests.support.contrary import Query, contrary, same_query
from tests.support.sandbox_world import event, world
from tests.support.warehouse import Warehouse

pytestmark = pytest.mark.sampled(90)


def nothing(query: Query, body: dict[str, Any]) -> dict[str, Any]:
    body["data"] = []
    body["meta"].update(totalCount=0, count=0, pages=0)
    return body


def unreadable(query: Query, body: dict[str, Any]) -> dict[str, Any]:
    """As many rows as ever, with another name for when they happened."""
    if is_page(query):
        for row in body["data"]:
            row["created"] = row.pop("createdAt")
    return body


@pytest.mark.long
@pytest.mark.parametrize("max_days_per_run", [3, 366])
def test_rows_that_cannot_be_loaded_do_not_replace_those_that_were(
    max_days_per_run: int, warehouse: Warehouse
) -> None:
    with world(*rows(DAYS)) as sandbox, contrary(sandbox.url, same_query, unreadable) as url:
        warehouse.sync(sandbox, **SMALL)
        settings = {**SMALL, "base_url": url, "reload": True, "max_days_per_run": max_days_per_run}
        assert warehouse.sync(sandbox, **settings).exit_code == 3
        left = warehouse.numbers()
        # As many as are few.
        assert len(left) >= 90
        for hours in (24, 48):
            warehouse.sync(sandbox, base_url=url, now=later(hours=hours), **SMALL)
            assert warehouse.numbers() == left
        assert warehouse.sync(sandbox, now=later(hours=72), reload=True, **SMALL).exit_code == 0
    assert warehouse.numbers() == list(range(100))


def test_an_open_day_that_was_held_back_is_read_as_soon_as_it_may(warehouse: Warehouse) -> None:
    today = [
        event(300 + number, createdAt=f"2026-11-23T01:00:{number}0.000Z") for number in range(6)
    ]
    with world(*rows(DAYS), *today) as sandbox, contrary(sandbox.url, same_query, nothing) as url:
        warehouse.sync(sandbox, **SMALL)
        assert warehouse.sync(sandbox, base_url=url, **SMALL).exit_code == 3
        assert len(warehouse.numbers()) == 106
        sandbox.add([event(400, createdAt="2026-11-23T02:00:00.000Z")])
        assert warehouse.sync(sandbox, **SMALL).exit_code == 0
        assert len(warehouse.numbers()) == 107
        assert warehouse.sync(sandbox, **SMALL).days_read == 0


def test_a_day_in_the_future_that_was_held_back_ends_it_when_its_rows_are_back(
    warehouse: Warehouse,
) -> None:
    future = rows(["2027-01-01"], each=30)
    with world(*future, event(300)) as sandbox:
        warehouse.sync(sandbox, **SMALL)
        sandbox.remove(ids(0, 30))
        assert warehouse.sync(sandbox, **SMALL).exit_code == 3
        sandbox.add(future)
        assert warehouse.sync(sandbox, **SMALL).exit_code == 0
        assert warehouse.sync(sandbox, **SMALL).exit_code == 0
        verdicts = "SELECT verdict FROM sync_days WHERE day = '2027-01-01' ORDER BY load_id DESC"
        assert warehouse.query(verdicts)[0] == ("open",)


@pytest.mark.parametrize("reload", [False, True])
@pytest.mark.parametrize("is_seen", [False, True])
def test_another_pipeline_holds_back_what_the_first_one_would(
    is_seen: bool, reload: bool, warehouse: Warehouse
) -> None:
    with world(*rows(DAYS)) as sandbox:
        warehouse.sync(sandbox, **SMALL)
        sandbox.remove(ids(0, 60))
        if is_seen:
            warehouse.sync(sandbox, **SMALL)
        other = warehouse.pipeline("other")
        settings = warehouse.settings(sandbox, reload=reload, **SMALL)
        assert sync(other, **settings).exit_code == 3
        assert warehouse.numbers() == list(range(100))
        if is_seen:
            # What the first has seen counts for both.
            settings = warehouse.settings(sandbox, now=later(hours=24), **SMALL)
            assert sync(other, **settings).exit_code == 0
            assert warehouse.numbers() == list(range(60, 100))


def test_what_another_query_had_loaded_is_kept_if_the_server_shows_nothing(
    warehouse: Warehouse,
) -> None:
    with world(*rows(DAYS)) as sandbox, contrary(sandbox.url, same_query, nothing) as url:
        warehouse.sync(sandbox, events=["purchase"], **SMALL)
        assert warehouse.sync(sandbox, base_url=url, **SMALL).exit_code == 3
        assert warehouse.numbers() == list(range(100))
        sandbox.add([event(300, name="push", createdAt="2026-11-02T11:00:00.000Z")])
        assert warehouse.sync(sandbox, **SMALL).exit_code == 0
        assert warehouse.sync(sandbox, **SMALL).days_read == 0
    assert warehouse.numbers() == [*range(100), 300]


def test_repairing_again_and_again_deletes_no_more_than_once(warehouse: Warehouse) -> None:
    with world(*rows(DAYS)) as sandbox:
        warehouse.sync(sandbox, **SMALL)
        sandbox.remove(ids(0, 60))
        settings = warehouse.settings(sandbox, max_days_per_run=3, **SMALL)
        for _ in range(2):
            assert audit(warehouse.pipeline(), deep=True, repair=True, **settings).exit_code == 3
        assert warehouse.numbers() == list(range(100))
