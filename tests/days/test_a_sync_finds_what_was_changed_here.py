"""Days that somebody has changed in the warehouse are read again by the next sync."""

from __future__ import annotations

import logging

import pytest

from tests.support.sandbox_world import Row, event, event_id, world
from tests.support.warehouse import Warehouse


def on(day: int, *numbers: int) -> list[Row]:
    return [
        event(n, createdAt=f"2026-11-{day:02d}T10:{n % 60:02d}:00.000Z", groups=["acme"])
        for n in numbers
    ]


@pytest.mark.long
def test_rows_that_were_deleted_or_doubled_are_as_they_were(
    warehouse: Warehouse, caplog: pytest.LogCaptureFixture
) -> None:
    with world(*on(10, 1, 2, 3), *on(11, 4), *on(12, 5)) as sandbox:
        warehouse.sync(sandbox)
        warehouse.change(f"DELETE FROM events WHERE id = '{event_id(2)}'")
        warehouse.change("DELETE FROM events WHERE event_date = '2026-11-11'")
        warehouse.change("INSERT INTO events SELECT * FROM events WHERE event_date = '2026-11-12'")
        with caplog.at_level(logging.WARNING, "openpanel_source"):
            summary = warehouse.sync(sandbox)
        assert (summary.days_read, summary.events_loaded, summary.exit_code) == (3, 5, 0)
        assert "3 days of events hold other rows here than were loaded" in caplog.text
        assert warehouse.query("SELECT count(*), count(DISTINCT id) FROM events") == [(5, 5)]
        assert warehouse.query("SELECT count(*) FROM event_groups") == [(5,)]
        assert warehouse.sync(sandbox).days_read == 0
    reasons = {(day, reason) for day, _, reason, *_ in warehouse.days()}
    assert {(f"2026-11-{day}", "changed") for day in (10, 11, 12)} <= reasons


@pytest.mark.long
def test_rows_of_a_day_that_was_never_loaded_make_way_for_those_of_the_server(
    warehouse: Warehouse,
) -> None:
    with world(*on(10, 1), *on(20, 2)) as sandbox:
        warehouse.sync(sandbox)
        warehouse.change(
            "INSERT INTO events SELECT * REPLACE (DATE '2026-11-15' AS event_date) FROM events"
            f" WHERE id = '{event_id(1)}'"
        )
        warehouse.sync(sandbox)
    assert warehouse.numbers() == [1, 2]


def test_much_that_is_gone_here_and_upstream_is_not_taken_for_proven(warehouse: Warehouse) -> None:
    with world(*on(10, *range(1, 31)), *on(11, *range(31, 41))) as sandbox:
        bounds = {"max_deleted_rows": 5, "max_deleted_share": 0.1}
        warehouse.sync(sandbox, **bounds)
        warehouse.change("DELETE FROM events WHERE event_date = '2026-11-10'")
        sandbox.remove([event_id(n) for n in range(1, 31)])
        summary = warehouse.sync(sandbox, **bounds)
        assert summary.verdicts == {"shrunk": 1}
        assert summary.exit_code == 3


@pytest.mark.long
def test_only_the_days_asked_for_are_looked_at(warehouse: Warehouse) -> None:
    with world(*on(10, 1), *on(20, 2)) as sandbox:
        warehouse.sync(sandbox)
        warehouse.change("DELETE FROM events")
        assert warehouse.sync(sandbox, start_date="2026-11-15").days_read == 1
        assert warehouse.numbers() == [2]
        assert warehouse.sync(sandbox).days_read == 1
    assert warehouse.numbers() == [1, 2]
