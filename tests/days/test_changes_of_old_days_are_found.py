"""What changes upstream in days long settled, and what was lost here, is found and mended."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tests.support.sandbox_world import NOW, event, event_id, world
from tests.support.warehouse import Warehouse

pytestmark = pytest.mark.sampled(16)

TODAY = "2026-11-23"


def at(day: str, number: int, **values: Any) -> dict[str, Any]:
    return event(number, createdAt=f"{day}T10:00:{number % 60:02d}.000Z", **values)


def history(days: int, **values: Any) -> list[dict[str, Any]]:
    """An event on each of the settled days up to yesterday, the newest with number 1."""
    first = NOW.date()
    return [
        event(number, createdAt=f"{first - timedelta(days=number)}T10:00:00.000Z", **values)
        for number in range(1, days + 1)
    ]


def test_a_reload_replaces_days_down_to_no_rows(warehouse: Warehouse) -> None:
    with world(at("2026-11-20", 1), at("2026-11-21", 2), at("2026-11-21", 3)) as sandbox:
        warehouse.sync(sandbox)
        sandbox.remove([event_id(1), event_id(3)])
        summary = warehouse.sync(sandbox, reload=True)
    assert warehouse.numbers() == [2]
    assert summary.days_read == 4
    assert warehouse.query("SELECT DISTINCT reason FROM sync_days ORDER BY 1") == [
        ("forced",),
        ("new",),
    ]


def test_a_deleted_warehouse_is_filled_again(warehouse: Warehouse) -> None:
    with world(at("2026-11-20", 1)) as sandbox:
        warehouse.sync(sandbox)
        warehouse.path.unlink()
        warehouse.sync(sandbox)
    assert warehouse.numbers() == [1]


def test_a_new_machine_takes_the_ledger_from_the_warehouse(warehouse: Warehouse) -> None:
    with world(at("2026-11-20", 1)) as sandbox:
        warehouse.sync(sandbox)
        elsewhere = Warehouse(warehouse.folder / "elsewhere")
        elsewhere.folder.mkdir()
        elsewhere.path = warehouse.path
        assert elsewhere.sync(sandbox).events_loaded == 0


def test_a_project_emptied_upstream_is_emptied_here(warehouse: Warehouse) -> None:
    with world(at("2026-11-20", 1)) as sandbox:
        warehouse.sync(sandbox)
        sandbox.remove([event_id(1)])
        warehouse.sync(sandbox, reload=True)
    assert warehouse.numbers() == []


def test_a_row_back_dated_by_a_year_is_loaded_by_the_next_sync(warehouse: Warehouse) -> None:
    with world(*history(40)) as sandbox:
        warehouse.sync(sandbox)
        sandbox.add([at("2025-11-20", 500), at("2026-11-01", 501)])
        summary = warehouse.sync(sandbox)
    assert summary.days_read == 2
    assert warehouse.numbers() == [*range(1, 41), 500, 501]
    assert {day[:3] for day in warehouse.days()} >= {
        ("2025-11-20", "complete", "changed"),
        ("2026-11-01", "complete", "changed"),
    }


def test_a_row_deleted_upstream_vanishes_from_a_settled_day(warehouse: Warehouse) -> None:
    with world(*history(40)) as sandbox:
        warehouse.sync(sandbox)
        sandbox.remove([event_id(2), event_id(30)])
        summary = warehouse.sync(sandbox)
        assert {day[2] for day in warehouse.days()} >= {"recount", "changed"}
        assert summary.days_read == 2
        assert warehouse.sync(sandbox).days_read == 0
    assert warehouse.numbers() == [number for number in range(1, 41) if number not in (2, 30)]


def test_changes_that_cancel_out_are_seen_in_the_look_back(warehouse: Warehouse) -> None:
    with world(*history(40)) as sandbox:
        warehouse.sync(sandbox)
        sandbox.remove([event_id(1)])
        sandbox.add([at("2026-11-21", 500)])
        warehouse.sync(sandbox)
    assert warehouse.numbers() == [*range(2, 41), 500]


def test_a_quiet_night_costs_at_most_twelve_requests(warehouse: Warehouse) -> None:
    with world(*history(730)) as sandbox:
        warehouse.sync(sandbox)
        assert warehouse.sync(sandbox).requests <= 12
        sandbox.add([at("2025-07-01", 5000)])
        changed = warehouse.sync(sandbox)
    assert changed.days_read == 1
    # To find it, to count it alone, and to read it.
    assert changed.requests <= 12 + 16 + 1 + 1
    assert warehouse.numbers() == [*range(1, 731), 5000]


def test_the_look_back_can_be_set(warehouse: Warehouse) -> None:
    with world(*history(40)) as sandbox:
        warehouse.sync(sandbox)
        few = warehouse.sync(sandbox, lookback_days=0).requests
        assert warehouse.sync(sandbox, lookback_days=10).requests == few + 10
