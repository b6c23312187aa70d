"""A server that means something else than it is asked is named, and harms nothing."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import timedelta
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
    filters_of,
    moved,
    same_answer,
    same_query,
    with_filters,
    without_bounds,
)
from tests.support.sandbox_world import event, world
from tests.support.warehouse import Warehouse

pytestmark = pytest.mark.sampled(16)

LOST = "11:30:00.250Z"
DAYS = [f"2026-11-{day:02d}" for day in range(11, 23)]
TIMES = ("00:00:00.000", "11:30:00.250", "12:00:00.000", "18:45:10.007", "23:59:59.500")
ROWS = [
    event(5 * number + place, createdAt=f"{day}T{time}Z")
    for number, day in enumerate(DAYS)
    for place, time in enumerate(TIMES)
][:-1]
"""The newest lies in no last second, so that what is asked of it alone shows nothing."""


def everything(query: Query) -> Query:
    """Neither bounds nor filters on time are applied."""
    return without_bounds(without_time_filters(query))


def without_time_filters(query: Query) -> Query:
    others = [one for one in filters_of(query) if one["name"] != "created_at"]
    return query if "{}" in dict(query).values() else with_filters(query, others)


def new_york(query: Query) -> Query:
    """Days are those of an organisation's time zone."""
    return _moved_filters(moved(query, timedelta(hours=5)), timedelta(hours=5))


def _moved_filters(query: Query, by: timedelta) -> Query:
    filters = filters_of(query)
    for one in filters:
        if one["name"] == "created_at":
            text = one["value"][0].replace(" ", "T") + "Z"
            [(_, value)] = moved([("start", text)], by)
            one["value"] = [value.replace("T", " ").rstrip("Z")]
    return with_filters(query, filters) if filters else query


def without_last_second(query: Query) -> Query:
    """The last second before each midnight is cut off, as of days that end at 23:59:59."""
    second = timedelta(seconds=-1)
    bounds = bounds_of(query)
    if bounds is None or f"{bounds[1]:%T}" != "00:00:00":
        return query
    filters = filters_of(query)
    ends = [one for one in filters if one["operator"] == "lt"]
    others = [one for one in filters if one["operator"] != "lt"]
    cut = filters_of(_moved_filters(with_filters([], ends), second)) if ends else []
    query = moved(query, second, names=("end",))
    return with_filters(query, [*others, *cut]) if filters else query


def capped_ranges(query: Query, body: dict[str, Any]) -> dict[str, Any]:
    """Counts of more than a day are wrong."""
    bounds = bounds_of(query)
    if bounds and bounds[1] - bounds[0] > timedelta(days=1):
        body["meta"]["totalCount"] = min(body["meta"]["totalCount"], 7)
    return body


def half_of_the_rows(query: Query, body: dict[str, Any]) -> dict[str, Any]:
    """Of bounded ranges half of the rows are left out and not counted; filters find them all."""
    bounds = bounds_of(query)
    if bounds and bounds[0].year > 2000 and bounds[1] - bounds[0] > timedelta(seconds=1):
        first, last = (instant.strftime("%Y-%m-%dT%H:%M:%S.000Z") for instant in bounds)
        known = {row["id"]: row["createdAt"] for row in ROWS if row["createdAt"].endswith(LOST)}
        body["data"] = [row for row in body["data"] if row["id"] not in known]
        body["meta"]["totalCount"] -= sum(first <= at < last for at in known.values())
        body["meta"]["count"] = len(body["data"])
    return body


BROKEN: dict[str, tuple[Rewrite, Answer, type[OpenPanelError]]] = {
    "bounds are not applied": (everything, same_answer, DaysMisunderstoodError),
    "days are those of New York": (new_york, same_answer, DaysMisunderstoodError),
    "the last second of a day is cut off": (
        without_last_second,
        same_answer,
        ContradictoryCountsError,
    ),
    "counts of ranges are wrong": (same_query, capped_ranges, ContradictoryCountsError),
    "bounds leave rows out": (same_query, half_of_the_rows, ContradictoryCountsError),
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


@pytest.mark.parametrize("name", BROKEN)
def test_nothing_that_was_loaded_is_touched(name: str, warehouse: Warehouse) -> None:
    rewrite, answer, error = BROKEN[name]
    with world(*ROWS) as sandbox, contrary(sandbox.url, rewrite, answer) as url:
        warehouse.sync(sandbox)
        before = warehouse.query("FROM events ORDER BY id"), warehouse.days()
        with pytest.raises(error):
            warehouse.sync(sandbox, base_url=url, reload=True)
        assert (warehouse.query("FROM events ORDER BY id"), warehouse.days()) == before
        # Set right, it goes on where it was.
        assert warehouse.sync(sandbox).events_loaded == 0


def test_rows_of_other_days_fail_a_day_instead_of_filling_rejected_events(
    warehouse: Warehouse,
) -> None:
    # Only pages with all fields are wrong: what is asked before tells nothing.
    def shifted_pages(query: Query) -> Query:
        is_page = ("includes", "properties") in query
        return (
            _moved_filters(moved(query, timedelta(days=1)), timedelta(days=1)) if is_page else query
        )

    with (
        world(*ROWS) as sandbox,
        contrary(sandbox.url, shifted_pages) as url,
        pytest.raises(DaysMisunderstoodError, match="events of other days"),
    ):
        warehouse.sync(sandbox, base_url=url)


def without_filters(query: Query) -> Query:
    """Filters are not known at all, though bounds are exact: no such server is."""
    return [pair for pair in query if pair[0] != "filters"]


@pytest.mark.parametrize("server_date", ["2026-09", "2026-09s"])
@pytest.mark.parametrize("rewrite", [without_filters, without_time_filters])
def test_a_generation_like_none_known_is_read_to_the_next_midnight(
    rewrite: Callable[[Query], Query],
    server_date: str,
    warehouse: Warehouse,
    caplog: pytest.LogCaptureFixture,
) -> None:
    with (
        world(*ROWS, server_date=server_date) as sandbox,
        contrary(sandbox.url, rewrite) as url,
        caplog.at_level(logging.WARNING),
    ):
        summary = warehouse.sync(sandbox, base_url=url)
        again = warehouse.sync(sandbox, base_url=url)
    assert (summary.exit_code, again.events_loaded, again.days_read) == (0, 0, 0)
    assert warehouse.numbers() == list(range(len(ROWS)))
    assert warehouse.query(
        "SELECT DISTINCT total_count, rows_received FROM sync_days ORDER BY 1"
    ) == [
        (0, 0),
        (4, 4),
        (5, 5),
    ]
    assert "like none known" in caplog.text


@pytest.mark.parametrize("server_date", ["2026-08", "2026-09", "2026-09s", "3"])
def test_a_day_holds_its_first_and_last_instant_on_every_generation(
    server_date: str, warehouse: Warehouse
) -> None:
    with world(*ROWS, server_date=server_date) as sandbox:
        summary = warehouse.sync(sandbox)
        quiet = warehouse.sync(sandbox)
    assert summary.events_loaded == len(ROWS)
    assert quiet.requests <= 12
    counts = "SELECT DISTINCT total_count FROM sync_days ORDER BY 1"
    assert warehouse.query(counts) == [(0,), (4,), (5,)]


def test_a_server_that_is_upgraded_in_the_middle_changes_nothing(warehouse: Warehouse) -> None:
    held = ROWS[:25]
    for server_date in ("2026-04", "2026-08", "2026-09s", "2026-09", "3"):
        with world(*held, server_date=server_date) as sandbox:
            warehouse.sync(sandbox)
            assert warehouse.numbers() == list(range(len(held)))
            assert warehouse.sync(sandbox).days_read == 0
        held = ROWS[: len(held) + 7]
