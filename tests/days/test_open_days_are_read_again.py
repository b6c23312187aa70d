"""An open day is counted each time, read again when it changed, and settles once it is over."""

from __future__ import annotations

import threading
from datetime import date, datetime, timedelta, timezone
from typing import Any

import pytest

from openpanel_source.api.client import Client
from openpanel_source.api.credentials import Credentials
from openpanel_source.api.failed_projects import FailedProjects
from openpanel_source.api.query import EventQuery
from openpanel_source.days.ledger import Reason
from openpanel_source.days.planned_days import PlannedDay
from openpanel_source.days.reader import DayReader
from openpanel_source.days.verdict import Verdict
from tests.support.contrary import contrary, same_query
from tests.support.sandbox_world import NOW, event, event_id, pages_of, world
from tests.support.warehouse import Warehouse

pytestmark = pytest.mark.sampled(16)

TODAY = "2026-11-23"
ROOT = "11111111-1111-4111-8111-111111111111"


def at(day: str, number: int, **values: Any) -> dict[str, Any]:
    return event(number, createdAt=f"{day}T10:00:{number % 60:02d}.000Z", **values)


def later(**elapsed: float) -> datetime:
    return NOW + timedelta(**elapsed)


def test_an_open_day_is_read_again_when_rows_arrived(warehouse: Warehouse) -> None:
    with world(at("2026-11-22", 1), at(TODAY, 2)) as sandbox:
        warehouse.sync(sandbox)
        sandbox.add([at(TODAY, 3)])
        summary = warehouse.sync(sandbox)
        assert (summary.days_read, warehouse.numbers()) == (1, [1, 2, 3])
        summary = warehouse.sync(sandbox)
        assert (summary.days_read, summary.days_unchanged) == (0, 1)


def test_an_open_day_without_news_is_counted_once_in_several_runs(warehouse: Warehouse) -> None:
    with world(at(TODAY, 1)) as sandbox:
        warehouse.sync(sandbox)
        sandbox.add([at(f"2026-11-{day}", day) for day in (11, 12, 13)])
        summary = warehouse.sync(sandbox, max_days_per_run=1)
        assert (summary.days_unchanged, summary.runs > 2) == (1, True)


def test_an_open_day_that_lost_a_row_and_got_another_is_read_again(warehouse: Warehouse) -> None:
    with world(at(TODAY, 1), at(TODAY, 2)) as sandbox:
        warehouse.sync(sandbox)
        sandbox.remove([event_id(1)])
        sandbox.add([at(TODAY, 3)])
        warehouse.sync(sandbox)
    assert warehouse.numbers() == [2, 3]


def test_a_day_that_is_over_settles_without_being_read_again(warehouse: Warehouse) -> None:
    with world(at(TODAY, 1)) as sandbox:
        warehouse.sync(sandbox)
        summary = warehouse.sync(sandbox, now=later(days=1))
        latest = warehouse.query(
            "SELECT verdict FROM sync_days WHERE day = '2026-11-23' ORDER BY read_at DESC"
        )
        assert latest == [("complete",), ("open",)]
        assert summary.events_loaded == 0
        assert warehouse.sync(sandbox, now=later(days=1)).days_read == 0
    assert warehouse.numbers() == [1]


def test_a_day_that_grew_after_it_was_open_is_read_again(warehouse: Warehouse) -> None:
    with world(at(TODAY, 1)) as sandbox:
        warehouse.sync(sandbox)
        sandbox.add([at(TODAY, 2)])
        warehouse.sync(sandbox, now=later(days=1))
    assert warehouse.numbers() == [1, 2]


def test_events_dated_in_the_future_are_loaded_once_and_watched(warehouse: Warehouse) -> None:
    with world(at("2026-11-20", 1), at("2027-05-01", 2), at("2031-01-01", 3)) as sandbox:
        warehouse.sync(sandbox)
        assert warehouse.numbers() == [1, 2, 3]
        assert warehouse.sync(sandbox).days_read == 0
        sandbox.remove([event_id(3)])
        sandbox.add([at("2027-05-01", 4), at("2028-01-01", 5)])
        warehouse.sync(sandbox)
    assert warehouse.numbers() == [1, 2, 4, 5]


def test_a_late_event_in_the_middle_of_an_open_day_is_found(warehouse: Warehouse) -> None:
    with world(at(TODAY, 10), at(TODAY, 50)) as sandbox:
        warehouse.sync(sandbox)
        sandbox.add([at(TODAY, 30)])
        warehouse.sync(sandbox)
    assert warehouse.numbers() == [10, 30, 50]


@pytest.mark.long
def test_a_large_open_day_is_tailed(warehouse: Warehouse) -> None:
    def rows(first: int, last: int) -> list[dict[str, Any]]:
        return [
            event(number, createdAt=f"{TODAY}T00:{number // 60:02d}:{number % 60:02d}.000Z")
            for number in range(first, last)
        ]

    with world(*rows(1, 2000)) as sandbox:
        warehouse.sync(sandbox)
        sandbox.add(rows(2000, 2010))
        grown = warehouse.sync(sandbox)
        assert grown.events_loaded == 10
        [pages] = warehouse.query("SELECT pages FROM sync_days WHERE total_count = 2009")
        assert pages == (1,)
        assert warehouse.numbers() == list(range(1, 2010))
        # More than a page of new rows.
        sandbox.add(rows(2010, 3500))
        assert warehouse.sync(sandbox).events_loaded == 1490
        # A late row among the known ones costs one full read.
        sandbox.add([event(9000, createdAt=f"{TODAY}T00:30:00.500Z"), *rows(3500, 3510)])
        assert warehouse.sync(sandbox).events_loaded == 3510
        # So does one that vanished.
        sandbox.remove([event_id(17)])
        sandbox.add(rows(3510, 3511))
        warehouse.sync(sandbox)
        expected = [number for number in range(1, 3511) if number != 17]
        assert warehouse.numbers() == [*expected, 9000]
        assert warehouse.sync(sandbox).days_read == 0


def test_a_tail_after_midnight_completes_the_day(warehouse: Warehouse) -> None:
    with world(at(TODAY, 1)) as sandbox:
        warehouse.sync(sandbox)
        sandbox.add([at(TODAY, 2)])
        warehouse.sync(sandbox, now=later(days=1))
        assert warehouse.days()[-1][:2] == ("2026-11-24", "open")
        assert ("2026-11-23", "complete", "open", 2, 2) in warehouse.days()
        assert warehouse.sync(sandbox, now=later(days=1)).days_read == 0
    assert warehouse.numbers() == [1, 2]


def test_an_event_delivered_again_among_new_ones_is_held_once(warehouse: Warehouse) -> None:
    with world(at(TODAY, 1), at(TODAY, 2)) as sandbox:
        warehouse.sync(sandbox)
        sandbox.add([at(TODAY, 2), at(TODAY, 3), at(TODAY, 3)])
        warehouse.sync(sandbox)
    assert warehouse.numbers() == [1, 2, 3]


def test_an_event_listed_again_with_a_later_time_is_held_once(warehouse: Warehouse) -> None:
    with world(at(TODAY, 1), at(TODAY, 2)) as sandbox:
        warehouse.sync(sandbox)
        sandbox.add([at(TODAY, 3), {**at(TODAY, 1), "createdAt": f"{TODAY}T11:00:00.000Z"}])
        assert warehouse.sync(sandbox).is_verified
    assert warehouse.numbers() == [1, 2, 3]


@pytest.mark.parametrize("came", [1, 2, 3, 5])
def test_an_open_day_that_lost_all_its_rows_and_got_later_ones_is_read_again(
    warehouse: Warehouse, came: int
) -> None:
    with world(at(TODAY, 1), at(TODAY, 2)) as sandbox:
        warehouse.sync(sandbox)
        sandbox.remove([event_id(1), event_id(2)])
        sandbox.add([at(TODAY, number) for number in range(3, 3 + came)])
        assert warehouse.sync(sandbox).is_verified
        assert warehouse.sync(sandbox).days_read == 0
    assert warehouse.numbers() == list(range(3, 3 + came))


@pytest.mark.long
@pytest.mark.parametrize(
    "fault",
    [
        {"repeat_page": True},
        {"drop_rows": 1},
        {"empty_pages": True},
        {"lie_total": "+1"},
        {"lie_total": "+2000"},
        {"lie_total": "+2000", "repeat_page": True},
        {"stale_pages": 1_000_000},
    ],
)
def test_an_open_day_whose_known_rows_are_gone_ends_whatever_its_pages_say(
    warehouse: Warehouse, fault: dict[str, Any]
) -> None:
    with world(at(TODAY, 1), at(TODAY, 2)) as sandbox:
        warehouse.sync(sandbox)
        sandbox.remove([event_id(1), event_id(2)])
        sandbox.add([at(TODAY, number) for number in range(3, 8)])
        sandbox.behave(path=pages_of(TODAY), **fault)
        before = len(sandbox.requests)
        warehouse.sync(sandbox)
        assert len(sandbox.requests) - before < 30
        sandbox.behave()
        warehouse.sync(sandbox)
        assert warehouse.sync(sandbox).is_verified
    assert warehouse.numbers() == [3, 4, 5, 6, 7]


def test_anonymous_events_of_a_profile_s_device_are_found_though_not_counted(
    warehouse: Warehouse,
) -> None:
    own = at("2026-11-20", 1, profileId="anna", deviceId="d")
    before = at("2026-10-05", 2, profileId="d", deviceId="d")
    with world(own, before) as sandbox:
        assert warehouse.sync(sandbox, profile_id="anna").is_verified
    assert warehouse.numbers() == [1, 2]


def test_a_day_whose_page_was_asked_for_before_midnight_is_open_though_it_is_read_after() -> None:
    today = date(2026, 11, 23)
    is_served = threading.Event()

    def answer(query: list[tuple[str, str]], body: dict[str, Any]) -> dict[str, Any]:
        if ("projectId", "empty") in query:
            is_served.set()
        else:
            # The first project's page takes its time: that of the second is here already.
            is_served.wait(10)
        return body

    def now() -> datetime:
        before = datetime(2026, 11, 23, 23, 59, 59, tzinfo=timezone.utc)
        return before + timedelta(seconds=2) if is_served.is_set() else before

    planned = [PlannedDay(project, today, Reason.NEW) for project in ("web", "empty")]
    with world(at(TODAY, 1)) as sandbox, contrary(sandbox.url, same_query, answer) as url:
        sandbox.add([at(TODAY, 2, projectId="empty")])
        client = Client(url, Credentials(ROOT, "sec_root"))
        reader = DayReader(client, EventQuery(), 8, now)
        first, second = reader.read_days(planned, FailedProjects())
    assert (first.record.verdict, second.record.verdict) == (Verdict.OPEN, Verdict.OPEN)
