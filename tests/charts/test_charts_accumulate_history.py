"""Charts accumulate: each run replaces exactly the buckets it read, and keeps all others."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from openpanel_source import Chart, Series
from openpanel_source.api.client import Client
from openpanel_source.sandbox import Sandbox
from tests.support.sandbox_world import CLIENT, NOW, SECRET, event, event_id, world
from tests.support.warehouse import Warehouse

pytestmark = pytest.mark.sampled(14)

ROOT = "11111111-1111-4111-8111-111111111111"
TABLES = ("charts", "chart_series", "chart_points")
BY_COUNTRY = Chart("sales", ["purchase"], ["country"], start="2026-11-01")


def days(*numbers: int, **values: Any) -> list[Any]:
    """An event on each of these days of November."""
    return [event(n, createdAt=f"2026-11-{n:02d}T12:00:00.000Z", **values) for n in numbers]


def at(day: int) -> datetime:
    return datetime(2026, 11, day, 12, tzinfo=timezone.utc)


def held(warehouse: Warehouse, table: str) -> list[Any]:
    return warehouse.query(f"SELECT * FROM {table} ORDER BY ALL")


def points(warehouse: Warehouse, name: str = "sales") -> dict[Any, float]:
    """The values of a chart's current definition that are not 0, by date and first breakdown."""
    rows = warehouse.query(
        "SELECT bucket_date[:10], breakdown_1, value FROM chart_points JOIN charts USING (chart_id)"
        " JOIN chart_series USING (chart_id, series_key)"
        f" WHERE name = '{name}' AND superseded_at IS NULL AND value <> 0"
    )
    assert len({row[:2] for row in rows}) == len(rows)
    return {(date, label) if label is not None else date: value for date, label, value in rows}


def asked(sandbox: Sandbox) -> list[str]:
    return [request.url for request in sandbox.requests if "/export/charts" in request.url]


def test_running_twice_changes_nothing(warehouse: Warehouse) -> None:
    charts = [
        Chart("one", ["purchase"], ["country"], range="30d", previous=True),
        Chart("two", ["*", "nothing"], start="2026-11-01", end="2026-11-30"),
        Chart("three", ["*"], interval="week", previous=True, start="2026-09-01"),
        Chart("four", ["purchase"], ["country", "os"], start="2026-11-01"),
    ]
    rows = [*days(2, 9, 22), *days(23, country="DE", os="")]
    with world(*rows) as sandbox:
        warehouse.sync(sandbox, charts=charts)
        before = {table: held(warehouse, table) for table in TABLES}
        summary = warehouse.sync(sandbox, charts=charts)
    assert summary.exit_code == 0
    for table in TABLES[1:]:
        assert held(warehouse, table) == before[table]
    assert len(held(warehouse, "charts")) == len(charts)


def test_only_the_lookback_is_read_again(warehouse: Warehouse) -> None:
    with world(*days(2, 9)) as sandbox:
        warehouse.sync(sandbox, charts=[BY_COUNTRY])
        count = len(asked(sandbox))
        warehouse.sync(sandbox, charts=[BY_COUNTRY])
        assert len(asked(sandbox)) == count + 1
        assert "startDate=2026-11-20T00%3A00%3A00Z&endDate=2026-11-24T" in asked(sandbox)[-1]


def test_days_between_two_runs_are_read_too(warehouse: Warehouse) -> None:
    with world(*days(2, 9, 15, 22)) as sandbox:
        warehouse.sync(sandbox, charts=[BY_COUNTRY], now=at(10))
        assert points(warehouse) == {("2026-11-02", "SE"): 1, ("2026-11-09", "SE"): 1}
        warehouse.sync(sandbox, charts=[BY_COUNTRY])
    assert set(points(warehouse)) == {(f"2026-11-{n:02d}", "SE") for n in (2, 9, 15, 22)}


def test_events_deleted_upstream_change_the_affected_buckets_of_the_lookback_alone(
    warehouse: Warehouse,
) -> None:
    rows = [*days(2, 9, 21), *days(22, 23, country="DE")]
    with world(*rows) as sandbox:
        warehouse.sync(sandbox, charts=[BY_COUNTRY])
        before = held(warehouse, "chart_points")
        sandbox.remove([event_id(2), event_id(22)])
        warehouse.sync(sandbox, charts=[BY_COUNTRY])
        after = held(warehouse, "chart_points")
    gone = [row for row in before if row not in after]
    assert [row[3] for row in gone] == ["2026-11-22 00:00:00"]
    assert [row for row in after if row not in before] == []


def test_an_earlier_start_is_filled_up(warehouse: Warehouse) -> None:
    with world(*days(2, 9, 22)) as sandbox:
        warehouse.sync(sandbox, charts=[Chart("sales", ["*"], start="2026-11-05")])
        assert set(points(warehouse)) == {"2026-11-09", "2026-11-22"}
        warehouse.sync(sandbox, charts=[Chart("sales", ["*"], start="2026-11-01")])
        ((count,),) = warehouse.query("SELECT count(*) FROM charts")
    assert set(points(warehouse)) == {"2026-11-02", "2026-11-09", "2026-11-22"}
    assert count == 1


def test_charts_and_events_of_a_run_share_connections_that_are_closed_once(
    warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed: list[Client] = []
    close = Client.close

    def noted(client: Client) -> None:
        closed.append(client)
        close(client)

    monkeypatch.setattr(Client, "close", noted)
    charts = [Chart(name, ["*"], range="7d") for name in ("one", "two", "three")]
    with world(*days(10)) as sandbox:
        warehouse.pipeline().run(warehouse.source(sandbox, charts=charts))
    assert warehouse.query("SELECT name FROM charts ORDER BY name") == [
        ("one",),
        ("three",),
        ("two",),
    ]
    assert len(closed) == 1


def test_a_source_that_is_run_twice_keeps_the_history_of_its_charts(
    warehouse: Warehouse,
) -> None:
    with world(*days(1, 2, 3, 20)) as sandbox:
        source = warehouse.source(sandbox, charts=[BY_COUNTRY])
        warehouse.pipeline().run(source)
        before = held(warehouse, "chart_points")
        warehouse.pipeline().run(source)
        assert held(warehouse, "chart_points") == before


def test_a_changed_definition_supersedes_the_old_one_and_keeps_its_rows(
    warehouse: Warehouse,
) -> None:
    changed = Chart("sales", [Series("purchase", "user")], ["country"], start="2026-11-01")
    with world(*days(2, 9)) as sandbox:
        warehouse.sync(sandbox, charts=[BY_COUNTRY])
        before = held(warehouse, "chart_points")
        warehouse.sync(sandbox, charts=[changed])
    assert set(before) < set(held(warehouse, "chart_points"))
    rows = warehouse.query("SELECT definition, superseded_at FROM charts ORDER BY superseded_at")
    assert [(str(d).find('"user"') > 0, superseded) for d, superseded in rows] == [
        (False, NOW),
        (True, None),
    ]


def test_without_a_start_history_begins_at_the_first_event(warehouse: Warehouse) -> None:
    with world(event(1, createdAt="2025-03-04T05:06:07.000Z"), event(2)) as sandbox:
        warehouse.sync(sandbox, charts=[Chart("sales", ["*"], interval="month")])
    assert points(warehouse) == {"2025-03-01": 1, "2026-11-01": 1}
    ((first, rows),) = warehouse.query("SELECT min(bucket_date), count(*) FROM chart_points")
    assert (first, rows) == ("2025-03-01", 21)


@pytest.mark.long
def test_a_long_history_with_breakdowns_is_read_in_slices(warehouse: Warehouse) -> None:
    rows = [
        event(n, country=("SE", "DE")[n % 2], createdAt=f"{day:%Y-%m-%d}T10:00:00.000Z")
        for n, day in ((n, NOW - timedelta(days=3 * n)) for n in range(40))
    ]
    with world(*rows) as sandbox:
        chart = Chart("sales", ["purchase"], ["country"], start="2026-07-01")
        warehouse.sync(sandbox, charts=[chart])
        assert len(asked(sandbox)) > 1
    assert sum(points(warehouse).values()) == 40


def test_the_largest_series_are_kept_and_the_others_counted(warehouse: Warehouse) -> None:
    rows = [event(n, path=f"/{n // 10}") for n in range(10, 55)]
    with world(*rows) as sandbox:
        warehouse.sync(
            sandbox,
            charts=[Chart("sales", ["*"], ["path"], range="30d", max_series=2)],
        )
    assert warehouse.query("SELECT series, series_cut FROM charts") == [(2, 3)]
    assert sorted(points(warehouse).values()) == [10, 10]


def test_each_bucket_is_compared_with_the_one_before(warehouse: Warehouse) -> None:
    rows = [event(n, createdAt=f"2026-11-{day}T10:00:00.000Z") for n, day in _31_18()]
    with world(*rows) as sandbox:
        chart = Chart("sales", ["purchase"], interval="week", previous=True, start="2026-11-02")
        warehouse.sync(sandbox, charts=[chart])
    found = warehouse.query(
        "SELECT bucket_date, value, previous_value, change, round(change_percent, 1)"
        " FROM chart_points ORDER BY 1"
    )
    assert found == [
        ("2026-11-02", 31, 0, 31, None),
        ("2026-11-09", 18, 31, -13, -41.9),
        ("2026-11-16", 0, 18, -18, -100),
        ("2026-11-23", 0, 0, 0, None),
    ]


def _31_18() -> list[tuple[int, str]]:
    return [(n, "03" if n < 31 else "10") for n in range(49)]


def test_series_whose_slugs_collide_stay_apart(warehouse: Warehouse) -> None:
    names = ("a.b", "a_b", "a,b", "購入", "買う")
    with world(*(event(n, name=name) for n, name in enumerate(names))) as sandbox:
        warehouse.sync(sandbox, charts=[Chart("sales", names, range="30d")])
    ((keys, events),) = warehouse.query(
        "SELECT count(DISTINCT series_key), list(event ORDER BY position) FROM chart_series"
    )
    assert (keys, events) == (5, list(names))


def test_a_chart_that_fails_fails_alone(warehouse: Warehouse) -> None:
    with world(*days(22)) as sandbox:
        wrong = Chart("wrong", ["purchase"], range="7d", timezone="America/New_York")
        summary = warehouse.sync(sandbox, charts=[wrong, BY_COUNTRY])
    assert summary.exit_code == 1
    assert list(summary.failed_charts) == ["wrong"]
    assert "timezone" in summary.failed_charts["wrong"]
    assert points(warehouse) == {("2026-11-22", "SE"): 1}
    errors = warehouse.query("SELECT name, error IS NULL FROM charts ORDER BY 1")
    assert errors == [("sales", True), ("wrong", False)]


def test_one_chart_can_be_selected(warehouse: Warehouse) -> None:
    other = Chart("other", ["*"], range="7d")
    with world(*days(22)) as sandbox:
        source = warehouse.source(sandbox, charts=[BY_COUNTRY, other])
        warehouse.pipeline().run(source.with_resources("chart_other"))
    assert warehouse.query("SELECT name FROM charts") == [("other",)]
    assert "events" not in warehouse.pipeline().default_schema.tables


def test_each_project_has_charts_of_its_own(warehouse: Warehouse) -> None:
    with world(*days(22)) as sandbox:
        warehouse.sync(
            sandbox,
            project_id=["web", "empty"],
            client_id=ROOT,
            client_secret="sec_root",
            charts=[BY_COUNTRY],
        )
    rows = warehouse.query("SELECT project_id, points FROM charts ORDER BY 1")
    assert rows == [("empty", 0), ("web", 1)]
    assert SECRET not in str(held(warehouse, "charts"))


@pytest.mark.sampled(14)
@pytest.mark.parametrize("server_date", ["2025-11", "2026-02", "2026-03", "2026-04", None])
def test_servers_of_any_age_draw_the_same(warehouse: Warehouse, server_date: str | None) -> None:
    chart = Chart("sales", ["purchase"], ["country"], start="2026-11-01", previous=True)
    rows = [*days(2, 9), *days(10, 22, country="DE")]
    with world(*rows, server_date=server_date) as sandbox:
        assert warehouse.sync(sandbox, charts=[chart]).exit_code == 0
    assert points(warehouse) == {
        ("2026-11-02", "SE"): 1,
        ("2026-11-09", "SE"): 1,
        ("2026-11-10", "DE"): 1,
        ("2026-11-22", "DE"): 1,
    }


@pytest.mark.parametrize("server_date", ["2025-11", "2026-02", "2026-03"])
def test_an_old_server_without_events_is_not_taken_for_one_that_weeks_stop(
    warehouse: Warehouse, server_date: str
) -> None:
    week = Chart("week", ["purchase"], interval="week", start="2026-11-01")
    with world(server_date=server_date) as sandbox:
        summary = warehouse.sync(sandbox, charts=[week], timezone="Europe/Stockholm")
    assert summary.failed_charts == {}
    assert {value for (value,) in warehouse.query("SELECT value FROM chart_points")} == {0}


@pytest.mark.parametrize("client_id", [CLIENT, ROOT])
def test_the_oldest_server_without_events_is_never_asked_for_weeks(
    warehouse: Warehouse, client_id: str
) -> None:
    week = Chart("week", ["purchase"], interval="week", start="2026-11-01")
    secret = {CLIENT: SECRET, ROOT: "sec_root"}[client_id]
    with world(server_date="2025-03", rate_limit=None) as sandbox:
        summary = warehouse.sync(
            sandbox,
            charts=[week, Chart("days", ["*"], start="2026-11-20")],
            client_id=client_id,
            client_secret=secret,
        )
        assert not any("interval=week" in url for url in asked(sandbox))
    assert list(summary.failed_charts) == ["week"]
    assert "upgrade it" in summary.failed_charts["week"]


def test_the_oldest_servers_draw_days_and_are_never_asked_for_weeks(warehouse: Warehouse) -> None:
    week = Chart("week", ["purchase"], interval="week", start="2026-11-01")
    with world(*days(2, 9), server_date="2025-03", rate_limit=None) as sandbox:
        charts = [BY_COUNTRY, week, Chart("all", ["*"], range="7d")]
        summary = warehouse.sync(sandbox, charts=charts)
        assert not any("interval=week" in url for url in asked(sandbox))
    assert list(summary.failed_charts) == ["week"]
    assert points(warehouse) == {("2026-11-02", "SE"): 1, ("2026-11-09", "SE"): 1}
