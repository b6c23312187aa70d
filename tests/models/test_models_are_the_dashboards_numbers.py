"""The models count what OpenPanel's dashboard counts, computed independently in plain Python."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest

from openpanel_source import refresh_models
from openpanel_source.sandbox import Sandbox, generate
from openpanel_source.sandbox.demo.generate import DEMO_CLIENT_ID, DEMO_CLIENT_SECRET
from tests.support.warehouse import Warehouse

dashboard = pytest.importorskip("tests.support.dashboard_numbers")

ZONES = ("UTC", "America/New_York")
COLUMNS = (
    *("project_id", "id", "name", "created_at", "session_id", "device_id", "profile_id"),
    *("path", "revenue"),
)


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Warehouse:
    """A warehouse with the demo's events."""
    warehouse = Warehouse(tmp_path_factory.mktemp("dashboard"))
    dataset = generate(events=8_000, days=20, seed=3)
    projects = [project.id for project in dataset.accounts.projects]
    with Sandbox(dataset, rate_limit=None) as sandbox:
        who = {"client_id": DEMO_CLIENT_ID, "client_secret": DEMO_CLIENT_SECRET}
        warehouse.sync(sandbox, project_id=projects, now=None, **who)
    return warehouse


@pytest.fixture(scope="module")
def events(loaded: Warehouse) -> list[dict[str, Any]]:
    rows = loaded.query(f"SELECT {', '.join(COLUMNS)} FROM events")
    return [dict(zip(COLUMNS, row, strict=True)) for row in rows]


@pytest.mark.sampled(2)
@pytest.mark.parametrize("zone", ZONES)
def test_days(loaded: Warehouse, events: list[dict[str, Any]], zone: str) -> None:
    refresh_models(loaded.pipeline(), timezone=zone)
    rows = loaded.query(
        "SELECT project_id, day, sessions, visitors, views, avg_duration_seconds, bounce_rate,"
        " revenue FROM daily_metrics WHERE sessions > 0 OR revenue > 0"
    )
    found = {row[:2]: _numbers(row[2:]) for row in rows}
    days = dashboard.days(events, zone)
    expected = {key: pytest.approx(_numbers(vars(day).values())) for key, day in days.items()}
    assert found == expected
    assert any(revenue for *_, revenue in found.values())


@pytest.mark.parametrize("zone", ZONES)
def test_retention(loaded: Warehouse, events: list[dict[str, Any]], zone: str) -> None:
    refresh_models(loaded.pipeline(), timezone=zone)
    rows = loaded.query(
        "SELECT project_id, cohort_week, cohort_visitors, list(visitors ORDER BY week)"
        " FROM retention WHERE visitors > 0 GROUP BY ALL"
    )
    found = {(project, week): (size, tuple(active)) for project, week, size, active in rows}
    expected = dashboard.retention(events, zone)
    assert found == {key: (cohort.size, cohort.active) for key, cohort in expected.items()}


def test_pages(loaded: Warehouse, events: list[dict[str, Any]]) -> None:
    rows = loaded.query(
        "SELECT project_id, path, sum(views), sum(entries), sum(exits) FROM pages GROUP BY ALL"
    )
    found = {row[:2]: row[2:3] for row in rows}
    pages = dashboard.pages(events)
    assert found == {key: (page.views,) for key, page in pages.items()}
    for place in ("entries", "exits"):
        [(ours,)] = loaded.query(f"SELECT sum({place}) FROM pages")
        assert ours == sum(getattr(page, place) for page in pages.values())


def _numbers(values: Iterable[float | None]) -> list[float]:
    """The same with a number for what has none, so that they can be nearly equal."""
    return [-1 if value is None else value for value in values]
