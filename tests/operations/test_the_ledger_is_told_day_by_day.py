"""What a check, a dashboard or an alert asks: how each day stands, of the warehouse alone."""

from __future__ import annotations

from datetime import date

import pytest

from openpanel_source import OpenPanelError, read_days
from tests.support.sandbox_world import event, pages_of, world
from tests.support.warehouse import Warehouse


def on(day: int, number: int) -> dict[str, object]:
    return event(number, createdAt=f"2026-11-{day:02d}T12:00:00.000Z")


def test_each_day_stands_as_it_was_last_read(warehouse: Warehouse) -> None:
    with world(on(10, 1), on(11, 2), on(11, 3)) as sandbox:
        sandbox.behave(path=pages_of("2026-11-11"), drop_rows=1)
        warehouse.sync(sandbox)
        (newest, *_) = [day for day in read_days(warehouse.pipeline()) if day.total_count == 2]
        assert (newest.day, newest.verdict, newest.rows_received) == (
            date(2026, 11, 11),
            "short",
            1,
        )

        sandbox.behave()
        warehouse.sync(sandbox)
    (newest,) = read_days(
        warehouse.pipeline(), project_id="web", start_date="2026-11-11", end_date="2026-11-11"
    )
    assert newest.as_dict() | {"read_at": None} == {
        "project_id": "web",
        "day": "2026-11-11",
        "verdict": "complete",
        "total_count": 2,
        "rows_received": 2,
        "distinct_ids": 2,
        "rejected_rows": 0,
        "read_at": None,
    }


@pytest.mark.long
def test_days_come_newest_first_and_within_bounds(warehouse: Warehouse) -> None:
    with world(on(10, 1), on(11, 2), on(12, 3)) as sandbox:
        warehouse.sync(sandbox, end_date="2026-11-12")
    pipeline = warehouse.pipeline()
    assert [day.day.day for day in read_days(pipeline)] == [12, 11, 10]
    assert [day.day.day for day in read_days(pipeline, start_date=date(2026, 11, 11))] == [12, 11]
    assert read_days(pipeline, project_id="we") == []
    assert len(read_days(pipeline, project_id=["another", "web"])) == 3


def test_before_the_first_sync_the_answer_is_to_run_one(warehouse: Warehouse) -> None:
    with pytest.raises(OpenPanelError, match="run openpanel-source sync first"):
        read_days(warehouse.pipeline())
