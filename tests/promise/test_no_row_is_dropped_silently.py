"""Rows that do not fit are loaded in another shape or kept as rejected, and never stop the rest."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.support.sandbox_world import event, event_id, on_pages, pages_of, world
from tests.support.warehouse import Warehouse

pytestmark = pytest.mark.sampled(32)

GOOD = event(1)


def raw(number: int, text: str) -> dict[str, Any]:
    """An event whose row goes out as this text."""
    return event(number, _raw=text)


def row(number: int, **changes: Any) -> str:
    """The JSON of an event with some values changed; None of ``...`` leaves a field out."""
    values = {**event(number), **changes}
    return json.dumps({name: value for name, value in values.items() if value is not ...})


def at(day: int, number: int) -> dict[str, Any]:
    return event(number, createdAt=f"2026-11-{day}T10:00:{number:02d}.000Z")


@pytest.mark.sampled(20)
@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('"just text"', "not a JSON object"),
        (row(2, id=...), "id is missing"),
        (row(2, id=""), "id is missing"),
        (row(2, createdAt=...), "created_at is missing"),
        (row(2, createdAt="yesterday"), "createdAt is not"),
        (row(2, createdAt="0000-01-01T00:00:00.000Z"), "createdAt is not"),
        (row(2, createdAt="2026-11-12T12:00:00.000Z"), "does not lie in the day"),
        (row(2, revenue=2**64), "revenue does not fit"),
        (row(2, revenue="ten"), "revenue is not an integer"),
        (row(2, longitude="east"), "longitude is not a number"),
        (row(2).replace('"longitude": 18.0686', '"longitude": 1e400'), "not finite"),
        (row(2, importedAt="long ago"), "importedAt is not"),
    ],
)
def test_a_row_that_cannot_be_shaped_is_kept_with_its_bytes_and_the_reason(
    warehouse: Warehouse, text: str, reason: str
) -> None:
    with world(GOOD, raw(2, text), event(3)) as sandbox:
        summary = warehouse.sync(sandbox)
        assert warehouse.numbers() == [1, 3]
        [(kept, why)] = warehouse.query("SELECT raw, reason FROM rejected_events")
        assert reason in why
        assert json.loads(kept) == json.loads(text)
        assert summary.is_verified
        assert summary.rejected_rows == 1
        assert ("2026-11-10", 3, 2, 1) in warehouse.query(
            "SELECT CAST(day AS VARCHAR), rows_received, distinct_ids, rejected_rows FROM sync_days"
        )


@pytest.mark.sampled(20)
@pytest.mark.parametrize(
    ("text", "column", "value"),
    [
        (row(2, name=7), "name", "7"),
        (row(2, path={"a": 1}), "path", '{"a": 1}'),
        (row(2, city=None), "city", None),
        (row(2, referrer=...), "referrer", None),
        (row(2, country="\0\0"), "country", None),
        (row(2, revenue=5.0), "revenue", 5),
        (row(2, properties=...), "properties", None),
        (row(2, properties=[1, "x"]), "properties", '[1,"x"]'),
        (row(2).replace('"/docs"', '"\\ud800"'), "path", "\ufffd"),
        (row(2, path="\x1b[31mred\u202e"), "path", "\x1b[31mred\u202e"),
    ],
)
def test_a_value_of_another_kind_is_loaded_as_what_it_can_be(
    warehouse: Warehouse, text: str, column: str, value: Any
) -> None:
    with world(GOOD, raw(2, text)) as sandbox:
        warehouse.sync(sandbox)
    assert warehouse.numbers() == [1, 2]
    [(held,)] = warehouse.query(f"SELECT {column} FROM events WHERE id = '{event_id(2)}'")
    if column == "properties" and held is not None:
        held = held.replace(" ", "")
    assert held == value


def test_a_field_that_nobody_knows_yet_is_kept(warehouse: Warehouse) -> None:
    with world(GOOD, raw(2, row(2, mood="good", **{"my score": {"a": [1]}}))) as sandbox:
        warehouse.sync(sandbox)
    held = {key: values for key, *values in warehouse.query("SELECT id, mood, extras FROM events")}
    assert held[event_id(1)] == [None, None]
    assert [json.loads(text) for text in held[event_id(2)]] == ["good", {"my score": {"a": [1]}}]


def test_rejected_rows_of_a_day_are_replaced_with_the_day(warehouse: Warehouse) -> None:
    with world(GOOD, raw(2, "[]"), raw(3, "[1]")) as sandbox:
        warehouse.sync(sandbox)
        sandbox.remove([event_id(2)])
        warehouse.sync(sandbox, reload=True)
        assert warehouse.query("SELECT position, raw FROM rejected_events") == [(0, "[1]")]
        sandbox.remove([event_id(3)])
        warehouse.sync(sandbox, reload=True)
        assert warehouse.query("SELECT count(*) FROM rejected_events") == [(0,)]
        assert warehouse.numbers() == [1]


def test_an_event_delivered_twice_is_counted_twice_and_held_once(warehouse: Warehouse) -> None:
    with world(event(1), event(1), event(2), event(2), event(2)) as sandbox:
        summary = warehouse.sync(sandbox)
    assert warehouse.numbers() == [1, 2]
    assert summary.is_verified
    assert warehouse.query(
        "SELECT total_count, rows_received, distinct_ids FROM sync_days WHERE total_count > 0"
    ) == [(5, 5, 2)]


def test_a_delivery_that_straddles_two_pages_is_held_once(warehouse: Warehouse) -> None:
    rows = [event(number) for number in range(1, 1500)]
    with world(*rows, *rows) as sandbox:
        warehouse.sync(sandbox)
    assert warehouse.numbers() == list(range(1, 1500))


def test_a_page_that_lost_rows_is_read_again(warehouse: Warehouse) -> None:
    rows = [event(number) for number in range(1, 2500)]
    with world(*rows) as sandbox:
        sandbox.behave(path="page=2", drop_rows=7, times=1)
        summary = warehouse.sync(sandbox)
    assert warehouse.numbers() == list(range(1, 2500))
    assert summary.is_verified
    assert ("complete", 1) in warehouse.query("SELECT verdict, rereads FROM sync_days")


def test_a_day_that_stays_short_is_loaded_as_far_as_it_came_and_said_so(
    warehouse: Warehouse,
) -> None:
    rows = [event(number) for number in range(1, 1200)]
    with world(*rows) as sandbox:
        sandbox.behave(path="page=2", drop_rows=9)
        summary = warehouse.sync(sandbox)
        assert [record.verdict.value for record in summary.unproven] == ["short"]
        assert len(warehouse.numbers()) == 1190
        sandbox.behave()
        assert warehouse.sync(sandbox).is_verified
    assert warehouse.numbers() == list(range(1, 1200))


def test_a_short_reading_never_replaces_a_full_one(warehouse: Warehouse) -> None:
    rows = [event(number) for number in range(1, 1200)]
    with world(*rows) as sandbox:
        warehouse.sync(sandbox)
        sandbox.behave(path="page=2", drop_rows=9)
        assert not warehouse.sync(sandbox, reload=True).is_verified
        assert warehouse.numbers() == list(range(1, 1200))
        assert warehouse.query(
            "SELECT verdict, rows_received, distinct_ids FROM sync_days WHERE total_count > 0"
            " ORDER BY read_at, load_id"
        ) == [("complete", 1199, 1199), ("short", 1190, 1199)]
        sandbox.behave()
        summary = warehouse.sync(sandbox)
        assert (summary.days_read, summary.exit_code) == (1, 0)


def test_a_short_reading_of_a_known_day_does_not_keep_a_sync_from_going_on(
    warehouse: Warehouse,
) -> None:
    with world(at(20, 1), at(20, 2)) as sandbox:
        warehouse.sync(sandbox)
        sandbox.add([at(20, 3), *(at(day, day) for day in range(10, 16))])
        sandbox.behave(path=pages_of("2026-11-20"), drop_rows=2)
        summary = warehouse.sync(sandbox, max_days_per_run=2)
    assert (summary.days_read, summary.runs, summary.exit_code) == (7, 4, 3)
    assert warehouse.numbers() == [1, 2, *range(10, 16)]


def test_a_day_whose_newest_row_is_rejected_is_not_read_again_for_it(warehouse: Warehouse) -> None:
    newest = at(22, 2)
    newest["_raw"] = json.dumps({**newest, "revenue": "ten"})
    with world(at(22, 1), newest) as sandbox:
        assert warehouse.sync(sandbox).rejected_rows == 1
        assert warehouse.sync(sandbox).days_read == 0


def test_rows_that_arrive_between_two_pages_lose_none(warehouse: Warehouse) -> None:
    rows = [event(number) for number in range(1, 2500)]
    newer = [event(number, createdAt="2026-11-10T23:00:00.000Z") for number in (5000, 5001)]
    with world(*rows) as sandbox:
        sandbox.behave(path="page=2", add_between=newer)
        summary = warehouse.sync(sandbox)
    assert warehouse.numbers() == [*range(1, 2500), 5000, 5001]
    assert summary.is_verified


def test_rows_that_vanish_between_two_pages_lose_no_other(warehouse: Warehouse) -> None:
    rows = [event(number) for number in range(1, 2500)]
    with world(*rows) as sandbox:
        sandbox.behave(path="page=2", remove_between=[event_id(2490), event_id(2491)])
        summary = warehouse.sync(sandbox)
    assert warehouse.numbers() == [
        number for number in range(1, 2500) if number not in (2490, 2491)
    ]
    assert summary.is_verified


def test_stale_page_numbers_do_not_end_a_day_early(warehouse: Warehouse) -> None:
    rows = [event(number) for number in range(1, 2500)]
    with world(*rows) as sandbox:
        sandbox.behave(path=pages_of("2026-11-10"), stale_pages=1)
        assert warehouse.sync(sandbox).is_verified
    assert warehouse.numbers() == list(range(1, 2500))


@pytest.mark.sampled(20)
@pytest.mark.parametrize(
    "fault", [{"repeat_page": True}, {"empty_pages": True}, {"lie_total": 10**12}]
)
def test_a_server_that_goes_in_circles_ends_in_an_honest_verdict(
    warehouse: Warehouse, fault: dict[str, Any]
) -> None:
    rows = [event(number) for number in range(1, 2500)]
    with world(*rows) as sandbox:
        sandbox.behave(faults=on_pages("2026-11-10", **fault))
        summary = warehouse.sync(sandbox)
        assert summary.exit_code == 3
        sandbox.behave()
        assert warehouse.sync(sandbox).is_verified
    assert warehouse.numbers() == list(range(1, 2500))


@pytest.mark.parametrize("day", ["2026-11-10", "2026-11-23"], ids=["over", "open"])
@pytest.mark.parametrize("counted", [500, 1000, 1100])
def test_a_profiles_list_that_goes_in_circles_ends_in_an_honest_verdict(
    warehouse: Warehouse, counted: int, day: str
) -> None:
    # Events of the profile's device before it was identified are listed and not counted.
    rows = [
        event(
            number,
            createdAt=f"{day}T10:{number // 60:02d}:{number % 60:02d}.000Z",
            profileId="anna" if number > 1200 - counted else "d",
            deviceId="d",
        )
        for number in range(1, 1201)
    ]
    with world(*rows) as sandbox:
        sandbox.behave(faults=on_pages(day, repeat_page=True))
        assert warehouse.sync(sandbox, profile_id="anna").exit_code == 3
        sandbox.behave()
        assert warehouse.sync(sandbox, profile_id="anna").is_verified
    assert warehouse.numbers() == list(range(1, 1201))


def test_a_page_that_comes_in_the_place_of_another_proves_nothing(warehouse: Warehouse) -> None:
    rows = [event(number) for number in range(1, 2500)]
    with world(*rows) as sandbox:
        # As a cache does that takes no notice of page numbers, each time in the same way.
        sandbox.behave(repeat_page=True, path="page=2")
        summary = warehouse.sync(sandbox, start_date="2026-11-10", end_date="2026-11-10")
        assert summary.exit_code == 3
        sandbox.behave()
        assert warehouse.sync(sandbox).is_verified
    assert warehouse.numbers() == list(range(1, 2500))


@pytest.mark.parametrize("server_date", ["2025-03", "2026-02"])
def test_a_row_that_nests_too_deep_is_rejected_by_old_servers_too(
    server_date: str, warehouse: Warehouse
) -> None:
    row = json.dumps(event(2)).removesuffix("}")
    deep = event(2, _raw=f'{row}, "new": {"[" * 5_000}{"]" * 5_000}}}')
    with world(event(1), deep, event(3), server_date=server_date) as sandbox:
        summary = warehouse.sync(sandbox)
    assert (summary.is_verified, summary.events_loaded, summary.rejected_rows) == (True, 2, 1)
    [(reason,)] = warehouse.query("SELECT reason FROM rejected_events")
    assert "nests deeper than" in reason
