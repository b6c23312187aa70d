"""Whoever sends events may send any revenue; the sums of models have bounds, and no holes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from openpanel_source import create_report, refresh_models
from tests.support.model_worlds import FIRST, ModelWorld, in_duckdb, in_postgres
from tests.support.postgres import PostgresWarehouse, postgres_url
from tests.support.sandbox_world import event, world
from tests.support.warehouse import Warehouse

pytestmark = pytest.mark.sampled(4)

__all__ = ["postgres_url"]

MOST, LEAST = 2**63 - 1, -(2**63)
LARGE = 2**62
ROUNDED = 4_611_686_018_427_388_000
"""LARGE, as servers send it."""
HAVE_REVENUE = (
    *("sessions", "visitor_days", "daily_metrics", "daily_countries", "daily_sources", "users"),
)


def sale(number: int, revenue: int | None, session: str = "s", name: str = "revenue") -> Any:
    """An event at a time of its own."""
    who = {"profile_id": "anna", "device_id": "phone", "session_id": session}
    return {"at": number, "name": name, "revenue": revenue, **who}


@pytest.fixture(params=["duckdb", "postgres"])
def new_world(request: pytest.FixtureRequest, tmp_path: Path) -> ModelWorld:
    if request.param == "duckdb":
        return in_duckdb(tmp_path / "world")
    return in_postgres(tmp_path / "world", request.getfixturevalue("postgres_url"))


def sums(made: ModelWorld, model: str) -> set[tuple[int | None, int | None]]:
    """The revenues in a model."""
    return set(made.warehouse.query(f"SELECT revenue, event_revenue FROM {model}"))


def same_however_made(made: ModelWorld) -> None:
    """Tables kept up to date are what a rebuild makes, and what views say."""
    kept, pipeline = made.rows(), made.warehouse.pipeline()
    refresh_models(pipeline, rebuild=True)
    assert made.rows() == kept
    refresh_models(pipeline, views=True)
    assert made.rows() == kept


@pytest.mark.parametrize(("each", "bound"), [(LARGE, MOST), (LEAST, LEAST)])
def test_sums_end_at_the_bounds_of_their_type(new_world: ModelWorld, each: int, bound: int) -> None:
    days = [FIRST + timedelta(days=number) for number in range(8)]
    new_world.replace(("web", day, [sale(1, 0, f"old{day}")]) for day in days)
    pipeline = new_world.warehouse.pipeline()
    refresh_models(pipeline)
    same_session = [sale(number, each) for number in range(3)]
    new_world.replace([("web", days[0], [*same_session, sale(4, each, "t")])])
    late = sale(0, 7, "late") | {"profile_id": "bert"}
    new_world.replace([("web", days[2], [late]), ("web", days[3], [])])
    assert not refresh_models(pipeline).rebuilt
    for model in HAVE_REVENUE:
        assert (bound, bound) in sums(new_world, model), model
    assert (7, 7) in sums(new_world, "daily_metrics")
    same_however_made(new_world)


@pytest.mark.parametrize("names", [("revenue",), ("purchase", "screen_view")])
def test_what_has_no_revenue_adds_nothing(new_world: ModelWorld, names: tuple[str, ...]) -> None:
    nothing = [sale(number, None, name=name) for number, name in enumerate(names)]
    new_world.replace([("web", FIRST, nothing)])
    some = [*nothing, sale(9, 30, "other")]
    new_world.replace([("web", FIRST + timedelta(days=1), some)])
    refresh_models(new_world.warehouse.pipeline())
    for model in HAVE_REVENUE:
        assert sums(new_world, model) <= {(0, 0), (30, 30)}, model
    same_however_made(new_world)


@pytest.fixture(params=["duckdb", "postgres"])
def warehouse(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Warehouse]:
    makes: Callable[..., Warehouse] = Warehouse
    if request.param == "postgres":
        yield PostgresWarehouse(tmp_path, request.getfixturevalue("postgres_url"))
    else:
        yield makes(tmp_path)


@pytest.mark.long
def test_a_sync_with_them_goes_on_and_a_report_is_made(warehouse: Warehouse) -> None:
    large = [
        event(number, name="revenue", revenue=LARGE, sessionId=f"s{number}") for number in (2, 3)
    ]
    with world(event(1, sessionId="s1")) as server:
        warehouse.sync(server, models=True)
        server.add(large)
        assert warehouse.sync(server, reload=True).exit_code == 0
        server.add([event(9, sessionId="s9", createdAt="2026-11-20T10:00:00.000Z")])
        assert warehouse.sync(server).exit_code == 0
    days = warehouse.query("SELECT sessions, revenue FROM daily_metrics ORDER BY day")
    assert days == [(3, MOST), (1, 0)]
    report = create_report(warehouse.pipeline(), days=28, now="2026-11-23T12:00:00Z")
    [revenue] = [row for row in report.numbers["scopes"][""]["tiles"] if row[0] == "revenue"]
    assert revenue[3] == pytest.approx(MOST)
    assert sum(row[-1] for row in report.numbers["scopes"][""]["sources"]) == 2 * ROUNDED


def test_columns_that_are_left_out_make_no_sums_of_nothing(tmp_path: Path) -> None:
    warehouse = Warehouse(tmp_path)
    with world(event(1, name="revenue", revenue=500), event(2, name="screen_view")) as server:
        warehouse.sync(server, models=True, exclude_columns=["revenue", "path", "country"])
    for model in HAVE_REVENUE:
        query = f"SELECT DISTINCT revenue, event_revenue FROM {model}"
        assert warehouse.query(query) == [(0, 0)], model
