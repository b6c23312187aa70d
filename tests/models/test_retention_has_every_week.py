"""A cohort has a row for each week up to the project's last, whatever happened in the week."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from openpanel_source import create_report, refresh_models
from openpanel_source.sandbox import Dataset, Sandbox
from openpanel_source.sandbox.dataset import Accounts, Client, Organization, Project
from tests.support.dashboard_numbers import retention
from tests.support.model_worlds import FIRST, Event, ModelWorld, in_duckdb, in_postgres
from tests.support.postgres import postgres_url
from tests.support.sandbox_world import CLIENT, NOW, SECRET, event
from tests.support.warehouse import Warehouse

pytestmark = pytest.mark.sampled(2)

__all__ = ["postgres_url"]

WEEKS = (
    "SELECT project_id, cohort_week, week, cohort_visitors, visitors FROM retention"
    " ORDER BY 1, 2, 3"
)
NAMES = ("project_id", "created_at", "profile_id", "device_id")


@pytest.fixture(params=["duckdb", "postgres"])
def new_world(request: pytest.FixtureRequest, tmp_path: Path) -> ModelWorld:
    if request.param == "duckdb":
        return in_duckdb(tmp_path / "world")
    return in_postgres(tmp_path / "world", request.getfixturevalue("postgres_url"))


def seen(*visitors: str) -> list[Event]:
    """Events of visitors who are known."""
    return [
        {"at": 1, "name": "x", "session_id": who, "profile_id": who, "device_id": "phone"}
        for who in visitors
    ]


def sunday(weeks: int) -> date:
    return FIRST + timedelta(weeks=weeks)


def expected(made: ModelWorld) -> list[tuple[Any, ...]]:
    """The same as the dashboard counts it, with zeros up to the project's last week."""
    rows = made.warehouse.query(f"SELECT {', '.join(NAMES)} FROM events")
    cohorts = retention([dict(zip(NAMES, row, strict=True)) for row in rows], "UTC")
    last: dict[str, date] = {}
    for (project, week), cohort in cohorts.items():
        ended = week + timedelta(weeks=len(cohort.active) - 1)
        last[project] = max(last.get(project, ended), ended)
    return sorted(
        (project, week, number, cohort.size, cohort.active[number : number + 1] or (0,))
        for (project, week), cohort in cohorts.items()
        for number in range(min((last[project] - week).days // 7, 520) + 1)
    )


def found(made: ModelWorld) -> list[tuple[Any, ...]]:
    return [(*row[:4], row[4:]) for row in made.warehouse.query(WEEKS)]


def test_weeks_in_which_nobody_was_first_or_last_seen_are_there(new_world: ModelWorld) -> None:
    new_world.replace(
        [
            ("a", sunday(0), seen("anna", "bert")),
            ("a", sunday(3), seen("anna")),
            ("a", sunday(9), seen("dora")),
            *(("b", sunday(week), seen("carl", f"x{week}")) for week in range(4)),
        ]
    )
    pipeline = new_world.warehouse.pipeline()
    refresh_models(pipeline)
    assert found(new_world) == expected(new_world)
    new_world.replace([("a", sunday(6), seen("bert", "emil"))])
    assert not refresh_models(pipeline).rebuilt
    assert found(new_world) == expected(new_world)
    kept = new_world.rows()
    refresh_models(pipeline, rebuild=True)
    assert new_world.rows() == kept
    refresh_models(pipeline, views=True)
    assert new_world.rows() == kept


def test_a_clock_that_is_wrong_by_centuries_makes_no_cohort_endless(new_world: ModelWorld) -> None:
    far = [(date(1970, 1, 6), "anna"), (date(2200, 1, 1), "bert"), (sunday(2), "carl")]
    new_world.replace(("web", day, seen(who, "dora")) for day, who in far)
    refresh_models(new_world.warehouse.pipeline())
    assert found(new_world) == expected(new_world)
    lengths = "SELECT max(week), count(*) FROM retention GROUP BY cohort_week ORDER BY cohort_week"
    assert new_world.warehouse.query(lengths) == [(520, 521), (520, 521), (0, 1)]


@pytest.mark.long
def test_a_report_sums_the_weeks_of_all_projects(tmp_path: Path) -> None:
    numbers = iter(range(1, 99))

    def came(project: str, who: str, week: int) -> dict[str, Any]:
        number, day = next(numbers), date(2026, 10, 25) + timedelta(weeks=week)
        at = {"createdAt": f"{day}T12:00:00.000Z", "sessionId": f"s{number}"}
        return event(number, projectId=project, profileId=who, **at)

    web = [came("web", "anna", 0), came("web", "bert", 0), came("web", "anna", 3)]
    two = [came("two", who, 0) for who in "xyz"]
    two += [came("two", who, week) for week, who in [(1, "x"), (1, "v"), (2, "y"), (2, "w")]]
    two += [came("two", "z", 3)]
    accounts = Accounts(
        organizations=[Organization("acme", "UTC")],
        projects=[Project("web", "acme"), Project("two", "acme")],
        clients=[Client(CLIENT, "root", "acme", None, SECRET)],
    )
    data, warehouse = Dataset(accounts, {"web": web, "two": two}, {}), Warehouse(tmp_path)
    with Sandbox(data, rate_limit=None, now=lambda: NOW) as server:
        warehouse.sync(server, project_id=["web", "two"], models=True)
    scopes = create_report(warehouse.pipeline(), now=NOW).numbers["scopes"]
    of_cohort = {
        scope: [row[2] for row in scopes[scope]["retention"] if row[0] == "2026-10-25"]
        for scope in scopes
    }
    assert of_cohort == {"web": [2, 1, 1, 1], "two": [3, 3, 2, 1], "": [5, 4, 3, 2]}
