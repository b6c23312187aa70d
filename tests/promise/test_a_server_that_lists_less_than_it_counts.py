"""A server that is right when tried, and wrong when read, is named and harms nothing."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import duckdb
import pytest

from openpanel_source.errors import (
    ContradictoryCountsError,
    DaysMisunderstoodError,
    OpenPanelError,
)
from tests.support.contrary import (
    Answer,
    Query,
    Rewrite,
    bounds_of,
    contrary,
    moved,
    same_answer,
    same_query,
    with_filters,
)
from tests.support.sandbox_world import event, world
from tests.support.warehouse import Warehouse

pytestmark = pytest.mark.sampled(12)

DAYS = [f"2026-11-{day:02d}" for day in range(1, 21)]
ROWS = [
    event(5 * place + number, createdAt=f"{day}T10:00:{number:02d}.000Z")
    for place, day in enumerate(DAYS)
    for number in range(5)
]


def is_page(query: Query) -> bool:
    return ("includes", "properties") in query


def half_of_pages(query: Query, body: dict[str, Any]) -> dict[str, Any]:
    """Days are counted and tried in full; their pages hold less, and say so."""
    if is_page(query):
        body["data"] = body["data"][: len(body["data"]) // 2]
        rows = len(body["data"])
        body["meta"].update(totalCount=rows, count=rows, pages=1)
    return body


def one_day_moved(query: Query) -> Query:
    """The pages of one of the oldest days are those of the next."""
    bounds = bounds_of(query)
    if is_page(query) and bounds and bounds[0].date() == date(2026, 11, 5):
        return moved(with_filters(query, []), timedelta(days=1))
    return query


def some_of_other_days(query: Query, body: dict[str, Any]) -> dict[str, Any]:
    """Each page holds two rows of the day before: few, for one day."""
    bounds = bounds_of(query)
    if is_page(query) and bounds:
        for row in body["data"][:2]:
            row["createdAt"] = (bounds[0] - timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%S.000Z")
    return body


def none_in_long_ranges(query: Query, body: dict[str, Any]) -> dict[str, Any]:
    """Parts of history that end early count nothing, unless they are asked for day by day."""
    bounds = bounds_of(query)
    is_long = bounds and bounds[1] - bounds[0] > timedelta(days=1)
    if bounds and is_long and bounds[1].date() < date(2026, 11, 10):
        body["data"] = []
        body["meta"].update(totalCount=0, count=0, pages=0)
    return body


BROKEN: dict[str, tuple[Rewrite, Answer, type[OpenPanelError]]] = {
    "pages hold less": (same_query, half_of_pages, ContradictoryCountsError),
    "one day is another": (one_day_moved, same_answer, DaysMisunderstoodError),
    "each day holds some rows of others": (same_query, some_of_other_days, DaysMisunderstoodError),
    "history begins later if it is halved": (
        same_query,
        none_in_long_ranges,
        ContradictoryCountsError,
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_nothing_is_recorded_as_complete(name: str, warehouse: Warehouse) -> None:
    rewrite, answer, error = BROKEN[name]
    with world(*ROWS) as sandbox, contrary(sandbox.url, rewrite, answer) as url:
        with pytest.raises(error) as raised:
            warehouse.sync(sandbox, base_url=url)
        assert raised.value.exit_code == 1
    tables = "SELECT table_name FROM information_schema.tables WHERE table_name = 'sync_days'"
    with duckdb.connect(str(warehouse.path)) as connection:
        assert connection.execute(tables).fetchall() == []


@pytest.mark.parametrize("settings", [{"reload": True}, {"max_runtime": 0.0, "reload": True}, {}])
@pytest.mark.parametrize("name", ["pages hold less", "one day is another"])
def test_nothing_that_was_loaded_is_touched(
    name: str, settings: dict[str, Any], warehouse: Warehouse
) -> None:
    rewrite, answer, error = BROKEN[name]
    with world(*ROWS) as sandbox, contrary(sandbox.url, rewrite, answer) as url:
        warehouse.sync(sandbox)
        before = warehouse.query("FROM events ORDER BY id"), warehouse.days()
        # A day of all that is read by each of them.
        sandbox.add([event(200 + day, createdAt=f"{DAYS[day]}T11:00:00.000Z") for day in (4, 19)])
        if settings.get("max_runtime") == 0.0 and name == "one day is another":
            pytest.skip("it is stopped before that day")
        with pytest.raises(error):
            warehouse.sync(sandbox, base_url=url, **settings)
        assert (warehouse.query("FROM events ORDER BY id"), warehouse.days()) == before
        # Set right, it goes on where it was.
        assert warehouse.sync(sandbox).exit_code == 0
        assert len(warehouse.numbers()) == len(ROWS) + 2


def test_rows_that_arrive_while_days_are_read_are_no_contradiction(warehouse: Warehouse) -> None:
    with world(*ROWS) as sandbox:
        late = iter(range(300, 400))

        def arriving(query: Query) -> Query:
            if is_page(query):
                number = next(late)
                sandbox.add([event(number, createdAt=f"2026-11-19T12:00:{number % 60:02d}.000Z")])
            return query

        with contrary(sandbox.url, arriving) as url:
            summary = warehouse.sync(sandbox, base_url=url)
        assert summary.exit_code in (0, 3)
        assert warehouse.sync(sandbox).exit_code == 0
    assert len(warehouse.numbers()) == len(ROWS) + next(late) - 300


def test_many_rows_that_arrive_while_a_server_of_whole_days_is_tried_are_no_contradiction(
    warehouse: Warehouse,
) -> None:
    today = event(150, createdAt="2026-11-23T10:00:00.000Z")
    numbers = iter(range(200, 2000))
    with world(*ROWS, today, server_date="2026-08") as sandbox:

        def busy(query: Query) -> Query:
            # More than the answers of this first look at the server hold.
            for number in [next(numbers) for _ in range(12)]:
                at = f"2026-11-23T11:{number // 60:02d}:{number % 60:02d}.000Z"
                sandbox.add([event(number, createdAt=at)])
            return query

        with contrary(sandbox.url, busy) as url:
            assert warehouse.sync(sandbox, base_url=url).exit_code == 0
