"""Which days a sync reads: all of history, a range, an orchestrator's, those of each project."""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone
from typing import Any

import dlt
import pendulum
import pytest

from openpanel_source.api.filters import Filter
from openpanel_source.destinations.explain import destination_errors
from openpanel_source.errors import InvalidSettingError
from openpanel_source.source.source import openpanel
from tests.support.sandbox_world import NOW, event, world
from tests.support.warehouse import Warehouse

pytestmark = pytest.mark.sampled(16)

TODAY = "2026-11-23"


def at(day: str, number: int, **values: Any) -> dict[str, Any]:
    return event(number, createdAt=f"{day}T10:00:{number % 60:02d}.000Z", **values)


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


@pytest.mark.long
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
