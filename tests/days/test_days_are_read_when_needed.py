"""Which days a sync reads, and what that does to the warehouse."""

from __future__ import annotations

import threading
from datetime import date, datetime, timedelta, timezone
from typing import Any

import dlt
import pendulum
import pytest

from openpanel_source.api.filters import Filter
from openpanel_source.destinations.explain import destination_errors
from openpanel_source.errors import InternalServerError, InvalidSettingError, OpenPanelError
from openpanel_source.operations.sync import sync
from openpanel_source.source.orders import Progress
from openpanel_source.source.source import openpanel
from tests.support.sandbox_world import NOW, event, event_id, pages_of, world
from tests.support.warehouse import Warehouse

pytestmark = pytest.mark.sampled(6)

TODAY = "2026-11-23"


def at(day: str, number: int, **values: Any) -> dict[str, Any]:
    return event(number, createdAt=f"{day}T10:00:{number % 60:02d}.000Z", **values)


def later(**elapsed: float) -> datetime:
    return NOW + timedelta(**elapsed)


def test_history_begins_with_the_first_day_that_holds_an_event(warehouse: Warehouse) -> None:
    with world(at("2024-02-29", 1), at("2026-11-20", 2)) as sandbox:
        summary = warehouse.sync(sandbox)
    assert warehouse.numbers() == [1, 2]
    assert warehouse.query("SELECT min(day)::VARCHAR, max(day)::VARCHAR FROM sync_days") == [
        ("2024-02-29", TODAY)
    ]
    # A thousand days, of which two hold an event, are not read one by one.
    assert summary.days_read == 999
    assert summary.requests < 70


def test_a_project_without_events_is_no_error(warehouse: Warehouse) -> None:
    with world() as sandbox:
        summary = warehouse.sync(sandbox)
    assert (summary.days_read, summary.exit_code) == (0, 0)


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


def test_a_reload_in_small_runs_ends(warehouse: Warehouse) -> None:
    rows = [at(f"2026-11-{day}", day) for day in range(10, 21)]
    with world(*rows) as sandbox:
        warehouse.sync(sandbox)
        summary = warehouse.sync(sandbox, reload=True, max_days_per_run=3)
    assert (summary.days_read, summary.runs) == (14, 4)
    assert warehouse.numbers() == list(range(10, 21))


def test_start_and_end_bound_the_days_both_inclusive(warehouse: Warehouse) -> None:
    rows = [at(f"2026-11-{day}", day) for day in range(10, 21)]
    with world(*rows) as sandbox:
        warehouse.sync(sandbox, start_date="2026-11-12", end_date="2026-11-14")
        assert warehouse.numbers() == [12, 13, 14]
        warehouse.sync(sandbox, end_date="2026-11-11")
        assert warehouse.numbers() == [10, 11, 12, 13, 14]
        warehouse.sync(sandbox, start_date="2026-11-20")
        assert warehouse.numbers() == [10, 11, 12, 13, 14, 20]


def test_an_interval_of_an_orchestrator_bounds_the_days(warehouse: Warehouse) -> None:
    rows = [at(f"2026-11-{day}", day) for day in range(10, 21)]
    with world(*rows) as sandbox:
        source = openpanel(**warehouse.settings(sandbox))
        source.resources["events"].apply_hints(
            incremental=dlt.sources.incremental(
                "created_at",
                initial_value=pendulum.datetime(2026, 11, 15),
                end_value=pendulum.datetime(2026, 11, 16),
            )
        )
        warehouse.pipeline().run(source)
    assert warehouse.numbers() == [15]


@pytest.mark.parametrize(
    ("initial", "end"),
    [
        ("2026-11-15", "2026-11-17"),
        ("2026-11-15T00:00:00Z", "2026-11-17T00:00:00Z"),
        ("2026-11-15T02:00:00+02:00", "2026-11-17T02:00:00.000+02:00"),
        (date(2026, 11, 15), date(2026, 11, 17)),
        (datetime(2026, 11, 15, tzinfo=timezone.utc), datetime(2026, 11, 17, tzinfo=timezone.utc)),
        (pendulum.datetime(2026, 11, 15), pendulum.datetime(2026, 11, 17)),
    ],
)
def test_an_initial_value_and_an_end_value_may_have_any_form_of_a_time(
    warehouse: Warehouse, initial: Any, end: Any
) -> None:
    def load(**bounds: Any) -> list[int]:
        source = openpanel(**warehouse.settings(sandbox))
        hints = dlt.sources.incremental("created_at", **bounds)
        source.resources["events"].apply_hints(incremental=hints)
        warehouse.pipeline().run(source)
        return warehouse.numbers()

    with world(*(at(f"2026-11-{day}", day) for day in range(10, 21))) as sandbox:
        assert load(initial_value=initial, end_value=end) == [15, 16]
        for _ in range(2):
            # The state of the cursor is a time now, whatever it began as.
            assert load(initial_value=initial) == list(range(15, 21))
        state = warehouse.pipeline().state["sources"]["openpanel"]["resources"]["events"]
        newest = datetime(2026, 11, 20, 10, 0, 20, tzinfo=timezone.utc)
        assert state["incremental"]["created_at"]["last_value"] == newest


@pytest.mark.parametrize(
    "value",
    ["yesterday", "2026-11-15T00:00:00", "2026-11-15T99:00:00Z", datetime(2026, 11, 15)],  # noqa: DTZ001
)
def test_an_initial_value_that_is_no_time_is_refused(warehouse: Warehouse, value: Any) -> None:
    with world() as sandbox:
        source = openpanel(**warehouse.settings(sandbox))
        hints = dlt.sources.incremental("created_at", initial_value=value)
        source.resources["events"].apply_hints(incremental=hints)
        expected = pytest.raises(InvalidSettingError, match=r"initial_value .* YYYY-MM-DD")
        with expected, destination_errors():
            warehouse.pipeline().run(source)


def test_the_cursor_never_passes_now(warehouse: Warehouse) -> None:
    with world(at("2031-01-01", 1), at("2026-11-20", 2)) as sandbox:
        warehouse.sync(sandbox)
        state = warehouse.pipeline().state["sources"]["openpanel"]["resources"]["events"]
        assert state["incremental"]["created_at"]["last_value"] == NOW
        sandbox.add([at(TODAY, 3)])
        warehouse.sync(sandbox)
    assert warehouse.numbers() == [1, 2, 3]


def test_a_sync_that_is_stopped_in_its_second_run_says_what_the_first_left(
    warehouse: Warehouse,
) -> None:
    stop = threading.Event()

    def hang_in_the_next_run(progress: Progress) -> None:
        # Three empty days do not count as days of a run.
        if progress.days_read == 5:
            sandbox.behave(path="/export/events", delay=60)
            threading.Timer(1.0, stop.set).start()

    with world(*(at(f"2026-11-{day}", day) for day in range(10, 21))) as sandbox:
        settings = warehouse.settings(sandbox, max_days_per_run=2)
        summary = sync(warehouse.pipeline(), stop=stop, on_day=hang_in_the_next_run, **settings)
    assert (summary.stopped, summary.days_read, summary.days_left) == (True, 5, 9)


def test_days_in_doubt_that_a_stopped_sync_did_not_reach_are_read_by_the_next(
    warehouse: Warehouse,
) -> None:
    stop = threading.Event()
    with world(*(at(f"2026-11-{day}", day) for day in range(10, 21))) as sandbox:
        warehouse.sync(sandbox)
        warehouse.change("DELETE FROM events WHERE event_date < DATE '2026-11-13'")
        # As after a sync that was killed: nothing says that it ended well.
        for mark in (warehouse.folder / "pipelines").glob("*.ended-well"):
            mark.unlink()
        stopped = warehouse.sync(
            sandbox, max_days_per_run=1, stop=stop, on_day=lambda progress: stop.set()
        )
        assert (stopped.stopped, stopped.days_read, stopped.days_left) == (True, 1, 2)
        warehouse.sync(sandbox)
    assert warehouse.numbers() == list(range(10, 21))


def test_the_runs_of_a_sync_are_slices_of_one_plan(warehouse: Warehouse) -> None:
    rows = [at(f"2026-11-{day}", day) for day in range(10, 21)]
    with world(*rows) as sandbox:
        warehouse.sync(sandbox)
        before = len(sandbox.requests)
        one_run = warehouse.sync(sandbox, reload=True)
        middle = len(sandbox.requests)
        slices = warehouse.sync(sandbox, reload=True, max_days_per_run=1)
    assert (one_run.runs, slices.runs) == (1, 11)
    assert (one_run.days_read, slices.days_read) == (14, 14)
    # What a run asks anew is what confirms the counts before it commits.
    again = len(sandbox.requests) - middle - (middle - before)
    assert again <= 2 * 10


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


def test_names_of_events_and_filters_select_and_change_what_a_day_holds(
    warehouse: Warehouse,
) -> None:
    rows = [
        at("2026-11-20", 1, name="404"),
        at("2026-11-20", 2, name="a,b", country="DE"),
        at("2026-11-21", 3, name="purchase"),
    ]
    with world(*rows) as sandbox:
        warehouse.sync(sandbox, events=["404", "a,b"])
        assert warehouse.numbers() == [1, 2]
        german = [Filter("country", "is", "DE")]
        warehouse.sync(sandbox, filters=german, allow_deletions=True)
        assert warehouse.numbers() == [2]
        warehouse.sync(sandbox)
        assert warehouse.numbers() == [1, 2, 3]


def test_a_query_replaces_what_another_loaded_in_its_range_alone(warehouse: Warehouse) -> None:
    rows = [at("2026-11-20", 1, name="visit"), at("2026-11-21", 2), at("2026-11-22", 3)]
    late = {"events": ["visit"], "start_date": "2026-11-21"}
    with world(*rows) as sandbox:
        warehouse.sync(sandbox)
        with pytest.raises(InvalidSettingError, match="2 days of web"):
            warehouse.sync(sandbox, **late)
        warehouse.sync(sandbox, **late, allow_deletions=True)
        # Once nothing is left of the other, no consent is needed.
        warehouse.sync(sandbox, **late)
    assert warehouse.numbers() == [1]


def test_a_profiles_listing_is_read_until_a_page_is_empty(warehouse: Warehouse) -> None:
    own = [at("2026-11-20", number, profileId="007", deviceId="d") for number in range(1, 4)]
    # Events of the profile's device before it was identified are listed and not counted.
    anonymous = [at("2026-11-20", number, profileId="d", deviceId="d") for number in range(4, 1200)]
    other = at("2026-11-20", 2000, profileId="7", deviceId="e")
    with world(*own, *anonymous, other) as sandbox:
        summary = warehouse.sync(sandbox, profile_id="007")
        assert warehouse.numbers() == list(range(1, 1200))
        assert summary.is_verified
        assert warehouse.sync(sandbox, profile_id="007").events_loaded == 0


def test_several_projects_become_rows_and_take_turns(warehouse: Warehouse) -> None:
    rows = [at("2026-11-20", 1), at("2026-11-20", 2, projectId="empty")]
    root = {
        "client_id": "11111111-1111-4111-8111-111111111111",
        "client_secret": "sec_root",
        "project_id": ["web", "empty"],
    }
    with world(rows[0]) as sandbox:
        sandbox.add([rows[1]])
        warehouse.sync(sandbox, **root)
    assert warehouse.query("SELECT project_id, count(*) FROM events GROUP BY 1 ORDER BY 1") == [
        ("empty", 1),
        ("web", 1),
    ]


def test_a_plain_run_is_bounded_and_the_next_one_goes_on(warehouse: Warehouse) -> None:
    rows = [at(f"2026-11-{day}", day) for day in range(10, 24)]
    with world(*rows) as sandbox:
        warehouse.run_once(sandbox, max_days_per_run=3)
        assert warehouse.numbers() == [21, 22, 23]
        warehouse.run_once(sandbox, max_events_per_run=2)
        assert warehouse.numbers() == [19, 20, 21, 22, 23]
        warehouse.run_once(sandbox)
    assert warehouse.numbers() == list(range(10, 24))


def test_a_sync_stops_between_days_when_its_time_is_up(warehouse: Warehouse) -> None:
    rows = [at(f"2026-11-{day}", day) for day in range(10, 24)]
    with world(*rows) as sandbox:
        settings = warehouse.settings(sandbox)
        summary = sync(warehouse.pipeline(), max_runtime=0, **settings)
        assert (summary.days_read, summary.days_left) == (1, 13)
        assert warehouse.numbers() == [23]


def test_what_was_read_before_a_fault_is_kept(warehouse: Warehouse) -> None:
    rows = [at(f"2026-11-{day}", day) for day in range(10, 24)]
    with world(*rows) as sandbox:
        sandbox.behave(path=pages_of("2026-11-15"), status=500, body="no")
        with pytest.raises(InternalServerError, match="500"):
            warehouse.sync(sandbox)
        assert warehouse.numbers() == list(range(16, 24))
        sandbox.behave()
        warehouse.sync(sandbox)
    assert warehouse.numbers() == list(range(10, 24))


def test_a_fault_before_anything_was_read_fails_a_plain_run(warehouse: Warehouse) -> None:
    with world(at("2026-11-20", 1)) as sandbox:
        sandbox.behave(status=503)
        with pytest.raises(Exception, match="503") as caught:
            warehouse.run_once(sandbox)
        causes = [caught.value, caught.value.__cause__, caught.value.__cause__.__cause__]  # type: ignore[union-attr]
        assert any(isinstance(cause, OpenPanelError) for cause in causes)


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


def test_midnight_utc_decides_the_day_whatever_the_clock_s_zone(warehouse: Warehouse) -> None:
    tokyo = timezone(timedelta(hours=9))
    with world(event(1, createdAt="2026-11-22T23:59:59.999Z"), at(TODAY, 2)) as sandbox:
        warehouse.sync(sandbox, now=datetime(2026, 11, 23, 20, 0, tzinfo=tokyo))
    assert [day[:2] for day in warehouse.days()] == [
        ("2026-11-22", "complete"),
        (TODAY, "open"),
    ]


def test_a_first_run_over_empty_days_only_leaves_tables_that_take_events(
    warehouse: Warehouse,
) -> None:
    with world(at("2026-11-20", 1)) as sandbox:
        warehouse.sync(sandbox, start_date="2026-11-11", end_date="2026-11-12")
        assert warehouse.numbers() == []
        warehouse.sync(sandbox)
    assert warehouse.numbers() == [1]


def test_a_project_emptied_upstream_is_emptied_here(warehouse: Warehouse) -> None:
    with world(at("2026-11-20", 1)) as sandbox:
        warehouse.sync(sandbox)
        sandbox.remove([event_id(1)])
        warehouse.sync(sandbox, reload=True)
    assert warehouse.numbers() == []


def history(days: int, **values: Any) -> list[dict[str, Any]]:
    """An event on each of the settled days up to yesterday, the newest with number 1."""
    first = NOW.date()
    return [
        event(number, createdAt=f"{first - timedelta(days=number)}T10:00:00.000Z", **values)
        for number in range(1, days + 1)
    ]


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


def test_anonymous_events_of_a_profile_s_device_are_found_though_not_counted(
    warehouse: Warehouse,
) -> None:
    own = at("2026-11-20", 1, profileId="anna", deviceId="d")
    before = at("2026-10-05", 2, profileId="d", deviceId="d")
    with world(own, before) as sandbox:
        assert warehouse.sync(sandbox, profile_id="anna").is_verified
    assert warehouse.numbers() == [1, 2]
