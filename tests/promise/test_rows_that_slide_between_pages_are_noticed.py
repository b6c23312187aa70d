"""Pages that overlap have lost rows: neither a repeat nor its absence is taken for granted."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.contrary import contrary
from tests.support.sandbox_world import event, event_id, world
from tests.support.warehouse import Warehouse

pytestmark = pytest.mark.sampled(3)

ROWS = [event(n, createdAt=f"2026-11-20T08:{n // 60:02d}:{n % 60:02d}.000Z") for n in range(1500)]


@pytest.mark.parametrize("is_rejected", [False, True])
def test_a_row_that_slid_is_noticed_be_it_an_event_or_rejected(
    warehouse: Warehouse, is_rejected: bool
) -> None:
    moved: list[bool] = []

    def move(query: list[tuple[str, str]]) -> list[tuple[str, str]]:
        if ("page", "2") in query and not moved:
            moved.append(True)
            sandbox.add([event(2000, createdAt="2026-11-20T09:00:00.000Z")])
            sandbox.remove([event_id(100)])
        return query

    def spoil(query: list[tuple[str, str]], body: dict[str, Any]) -> dict[str, Any]:
        for row in body["data"]:
            if is_rejected and row["id"] == event_id(500):
                row["revenue"] = "nonsense"
        return body

    with world(*ROWS) as sandbox, contrary(sandbox.url, move, spoil) as url:
        assert warehouse.sync(sandbox, base_url=url).is_verified
    numbers = warehouse.numbers()
    assert 2000 in numbers
    assert 100 not in numbers
    assert len(numbers) == 1500 - is_rejected


@pytest.mark.parametrize("is_bound_to_size", [True, False])
def test_pages_that_overlap_in_the_same_way_each_time_are_not_taken_for_a_whole_day(
    warehouse: Warehouse, is_bound_to_size: bool
) -> None:
    """As those of a cache are, be it of addresses or of what they mean."""
    firsts: dict[str, list[Any]] = {}

    def overlap(query: list[tuple[str, str]], body: dict[str, Any]) -> dict[str, Any]:
        asked = dict(query)
        if asked["limit"] == "1" or (is_bound_to_size and asked["limit"] != "1000"):
            return body
        if asked.get("page") == "1":
            firsts[asked["limit"]] = body["data"]
        elif asked.get("page") == "2":
            body["data"] = firsts[asked["limit"]][-5:] + body["data"][5:]
        return body

    with world(*ROWS) as sandbox, contrary(sandbox.url, answer=overlap) as url:
        summary = warehouse.sync(sandbox, base_url=url)
        if is_bound_to_size:
            assert summary.is_verified
            assert len(warehouse.numbers()) == 1500
        else:
            assert summary.exit_code == 3
        assert warehouse.sync(sandbox).is_verified
    assert len(warehouse.numbers()) == 1500


def test_an_event_that_was_delivered_twice_across_two_pages_is_proven(
    warehouse: Warehouse,
) -> None:
    again = [row | {"path": "/again"} for row in ROWS[495:505]]
    with world(*ROWS, *again) as sandbox:
        assert warehouse.sync(sandbox).is_verified
        assert warehouse.sync(sandbox).days_read == 0
    assert len(warehouse.numbers()) == 1500
