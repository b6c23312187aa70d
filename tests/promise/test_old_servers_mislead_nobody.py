"""Servers that hide rows, shuffle ties, count wrongly or ignore parameters mislead no sync."""

from __future__ import annotations

import itertools
import threading
from datetime import datetime, timedelta, timezone
from typing import Any

import duckdb
import pytest

from openpanel_source.api.filters import Filter
from openpanel_source.errors import UnexpectedAnswerError, UnsupportedServerError
from openpanel_source.operations.runs.summary import SyncSummary
from tests.support.sandbox_world import NOW, event, event_id, world
from tests.support.warehouse import Warehouse

pytestmark = pytest.mark.sampled(14)

HIDING = ["2025-11", "2026-02"]
SAME_TIME = "2026-11-20T11:00:00.000Z"


def sync_rows(
    warehouse: Warehouse, server_date: str, *rows: dict[str, Any], **settings: Any
) -> SyncSummary:
    with world(*rows, server_date=server_date) as sandbox:
        return warehouse.sync(sandbox, **settings)


@pytest.mark.parametrize(
    ("server_date", "rows"), [("2025-11", 40), ("2026-02", 2), ("2026-02", 1100)]
)
def test_a_day_that_the_window_of_page_1_divides_is_whole(
    warehouse: Warehouse, server_date: str, rows: int
) -> None:
    # At noon, page 1 shows the second half of the day before yesterday.
    day = [
        event(number, createdAt=f"2026-11-21T{6 + 12 * (number % 2):02d}:00:0{number % 7}.000Z")
        for number in range(rows)
    ]
    assert sync_rows(warehouse, server_date, *day).is_verified
    assert warehouse.numbers() == list(range(rows))


@pytest.mark.parametrize("server_date", ["2026-02"])
def test_the_newest_row_of_all_is_missed_and_said_to_be_once_it_is_a_year_old(
    warehouse: Warehouse, server_date: str
) -> None:
    rows = [event(number, createdAt=f"2025-10-0{number}T12:00:00.000Z") for number in (1, 2, 3)]
    with world(*rows, server_date=server_date) as sandbox:
        summary = warehouse.sync(sandbox)
        assert summary.verdicts["short"] == 1
        assert warehouse.numbers() == [1, 2]
        # A newer row brings it to light.
        sandbox.add([event(4, createdAt="2026-11-23T11:00:00.000Z")])
        assert warehouse.sync(sandbox).is_verified
    assert warehouse.numbers() == [1, 2, 3, 4]


@pytest.mark.sampled(10)
@pytest.mark.parametrize("server_date", ["2025-03", *HIDING])
def test_thousands_of_rows_of_one_millisecond_are_gathered(
    warehouse: Warehouse, server_date: str
) -> None:
    size = 300 if server_date == "2025-03" else 4000
    rows = [
        event(number, createdAt=SAME_TIME, profileId=f"p{number % 7}", name=f"n{number % 3}")
        for number in range(size)
    ]
    # Deliveries of the same row, and rows around.
    rows += [rows[5], rows[700 % size]]
    rows += [
        event(size + number, createdAt=f"2026-11-20T{number % 24:02d}:30:00.000Z")
        for number in range(100)
    ]
    summary = sync_rows(warehouse, server_date, *rows)
    assert summary.is_verified
    assert warehouse.numbers() == list(range(size + 100))
    assert summary.requests < 140


def test_a_group_that_no_bounded_effort_gathers_is_said_to_be_short(warehouse: Warehouse) -> None:
    rows = [event(number, createdAt=SAME_TIME, profileId="p") for number in range(1500)]
    with world(*rows, server_date="2026-02") as sandbox:
        # A count that is one too high asks for a row that is nowhere.
        sandbox.behave(path="start=2026-11-20&end=2026-11-20&", lie_total="+1")
        summary = warehouse.sync(sandbox)
    assert summary.verdicts["short"] == 1
    assert summary.requests < 300


@pytest.mark.sampled(6)
@pytest.mark.parametrize("server_date", ["2025-03", "2026-02"])
def test_counts_that_the_server_keeps_for_other_days_mislead_nobody(
    warehouse: Warehouse, server_date: str
) -> None:
    rows = [event(number, createdAt=f"2026-11-{number:02d}T12:00:00.000Z") for number in (5, 9, 20)]
    with world(*rows, server_date=server_date) as sandbox:
        assert warehouse.sync(sandbox).is_verified
        sandbox.add([event(7, createdAt="2026-11-07T12:00:00.000Z")])
        assert warehouse.sync(sandbox).days_read == 1
        sandbox.remove([event_id(5)])
        assert warehouse.sync(sandbox).days_read == 1
    assert warehouse.numbers() == [7, 9, 20]


@pytest.mark.sampled(6)
@pytest.mark.parametrize("server_date", ["2025-03", "2026-02"])
def test_an_open_day_is_read_whole_when_its_count_differs(
    warehouse: Warehouse, server_date: str
) -> None:
    rows = [event(number, createdAt="2026-11-23T11:00:00.000Z") for number in (1, 2)]
    with world(*rows, server_date=server_date) as sandbox:
        warehouse.sync(sandbox)
        sandbox.add([event(3, createdAt="2026-11-23T10:00:00.000Z")])
        assert warehouse.sync(sandbox).verdicts == {"open": 1}
        assert warehouse.numbers() == [1, 2, 3]
        assert warehouse.sync(sandbox).days_read == 0
        # Over, it is settled by one count.
        summary = warehouse.sync(sandbox, now=NOW + timedelta(days=1))
    assert summary.events_loaded == 0


@pytest.mark.sampled(10)
@pytest.mark.parametrize("server_date", ["2025-03", "2026-02", "2026-03"])
def test_names_that_look_like_numbers_or_lists_select_what_they_say(
    warehouse: Warehouse, server_date: str
) -> None:
    names = ["404", "true", "a,b", '["x"]', "purchase", "other"]
    rows = [event(number, name=name) for number, name in enumerate(names)]
    with world(*rows, server_date=server_date) as sandbox:
        warehouse.sync(sandbox, events="404")
        assert warehouse.numbers() == [0]
        warehouse.sync(sandbox, events=names[:4], allow_deletions=True)
        assert warehouse.numbers() == [0, 1, 2, 3]


@pytest.mark.parametrize(
    ("server_date", "query"),
    [
        ("2025-03", {"filters": [Filter("name", "is", "x")]}),
        ("2026-04", {"filters": [Filter("name", "is", "x")]}),
        ("2025-03", {"profile_id": "anna"}),
    ],
)
def test_what_a_server_would_ignore_is_refused_before_anything_is_read(
    warehouse: Warehouse, server_date: str, query: dict[str, Any]
) -> None:
    with world(*(event(number) for number in range(60)), server_date=server_date) as sandbox:
        with pytest.raises(UnsupportedServerError, match="upgrade it, or leave"):
            warehouse.sync(sandbox, **query)
        assert len(sandbox.requests) <= 4
    with duckdb.connect(str(warehouse.path)) as connection:
        assert connection.execute("SELECT * FROM information_schema.tables").fetchall() == []


@pytest.mark.sampled(10)
@pytest.mark.parametrize(
    ("server_date", "day"),
    [("2025-11", "2026-11-20"), ("2026-02", "2025-10-10"), ("2026-03", "2025-10-10")],
)
def test_a_profiles_listing_is_read_to_its_end(
    warehouse: Warehouse, server_date: str, day: str
) -> None:
    own = [
        event(number, createdAt=f"{day}T10:00:00.000Z", profileId="007", deviceId="d")
        for number in range(1, 4)
    ]
    # Events of the profile's device before it was identified are listed and not counted.
    anonymous = [
        event(number, createdAt=f"{day}T09:{number % 60:02d}:00.000Z", profileId="d", deviceId="d")
        for number in range(4, 1200)
    ]
    alone = [
        event(2000, createdAt="2025-09-01T09:00:00.000Z", profileId="d", deviceId="d"),
        event(2001, createdAt="2026-11-23T09:00:00.000Z", profileId="007", deviceId="d"),
    ]
    other = event(3000, createdAt=f"{day}T10:00:00.000Z", profileId="7", deviceId="e")
    with world(*own, *anonymous, *alone, other, server_date=server_date) as sandbox:
        summary = warehouse.sync(sandbox, profile_id="007")
        assert summary.is_verified
        assert warehouse.numbers() == [*range(1, 1200), 2000, 2001]


@pytest.mark.long
@pytest.mark.sampled(8)
@pytest.mark.parametrize("seconds", [60, 1], ids=["spread", "of one second"])
@pytest.mark.parametrize("lie", [{}, {"lie_total": 0}], ids=["counted", "counted as none"])
@pytest.mark.parametrize("server_date", ["2025-11", "2026-02"])
def test_a_profiles_listing_that_goes_in_circles_ends_in_an_honest_verdict(
    warehouse: Warehouse, server_date: str, lie: dict[str, Any], seconds: int
) -> None:
    own = [
        event(
            number,
            createdAt=f"2026-11-20T10:00:{number % seconds:02d}.000Z",
            profileId="007",
            deviceId="d",
        )
        for number in range(1, 1200)
    ]
    with world(*own, server_date=server_date) as sandbox:
        # Counts ask for fewer rows.
        sandbox.behave(repeat_page=True, path="limit=9", **lie)
        assert warehouse.sync(sandbox, profile_id="007").exit_code == 3
        assert len(sandbox.requests) < 2_000
        sandbox.behave()
        assert warehouse.sync(sandbox, profile_id="007").is_verified
    assert warehouse.numbers() == list(range(1, 1200))


@pytest.mark.parametrize("server_date", ["2025-11", "2026-02"])
def test_a_profiles_old_day_that_lies_behind_endless_newer_rows_is_an_error(
    warehouse: Warehouse, server_date: str
) -> None:
    own = [
        event(number, createdAt=created, profileId="007", deviceId="d")
        for number, created in enumerate(["2025-09-01T10:00:00.000Z", "2026-11-20T10:00:00.000Z"])
    ]
    with world(*own, server_date=server_date) as sandbox:
        sandbox.behave(repeat_page=True)
        with pytest.raises(UnexpectedAnswerError, match="newer than 2025-09-01 without end"):
            warehouse.sync(sandbox, profile_id="007")
        sandbox.behave()
        assert warehouse.sync(sandbox, profile_id="007").is_verified
    assert warehouse.numbers() == [0, 1]


@pytest.mark.sampled(6)
@pytest.mark.parametrize("server_date", ["2025-03", "2026-02"])
def test_rows_that_arrive_while_days_are_read_end_up_loaded(
    warehouse: Warehouse, server_date: str
) -> None:
    def row(number: int) -> dict[str, Any]:
        created = datetime(2026, 11, 23, tzinfo=timezone.utc) + timedelta(seconds=number)
        return event(number, createdAt=f"{created:%Y-%m-%dT%H:%M:%S}.000Z")

    stop = threading.Event()
    numbers = itertools.count(3000)
    with world(*(row(number) for number in range(3000)), server_date=server_date) as sandbox:

        def arrive() -> None:
            while not stop.wait(0.02):
                sandbox.add([row(next(numbers))])

        arriving = threading.Thread(target=arrive)
        arriving.start()
        try:
            warehouse.sync(sandbox)
        finally:
            stop.set()
            arriving.join()
        assert warehouse.sync(sandbox).is_verified
    assert warehouse.numbers() == list(range(next(numbers)))
