"""After whatever changes, tables of models are what a rebuild makes, and what views say."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from openpanel_source import refresh_models
from openpanel_source.destinations.duckdb_session import opened
from openpanel_source.models.build import Definitions, tables_statements
from openpanel_source.models.dataset import Dataset
from openpanel_source.models.time_zone import Zone
from tests.support.model_worlds import FIRST, ModelWorld, in_duckdb, in_postgres
from tests.support.postgres import postgres_url  # noqa: F401 - a fixture

World = Callable[[], ModelWorld]
DAYS = 12
HOUR = 3_600_000
PROJECTS = ("web", "o'p")
ZONES = ("UTC", "America/New_York", "Pacific/Kiritimati")


@pytest.fixture(params=["duckdb", "postgres"])
def new_world(request: pytest.FixtureRequest, tmp_path: Path) -> World:
    """Makes worlds, each in a database of its own."""
    numbers = itertools.count()
    if request.param == "duckdb":
        return lambda: in_duckdb(tmp_path / str(next(numbers)))
    url = request.getfixturevalue("postgres_url")
    return lambda: in_postgres(tmp_path / str(next(numbers)), url)


def events() -> st.SearchStrategy[dict[str, Any]]:
    """Events of few sessions and visitors, many of them around midnight."""
    names = ("session_start", "screen_view", "screen_view", "revenue", "purchase", "session_end")
    return st.fixed_dictionaries(
        {
            "at": st.sampled_from(
                [0, 1, 500, HOUR, 4 * HOUR, 5 * HOUR - 1, 12 * HOUR, 24 * HOUR - 2, 24 * HOUR - 1]
            ),
            "name": st.sampled_from([*names, None]),
            "session_id": st.sampled_from(["a", "b", "c", "d'\"; --", "e", "", None]),
            "profile_id": st.sampled_from(["anna", "bert'", "phone", "laptop", "", None]),
            "device_id": st.sampled_from(["phone", "laptop", "", None]),
            "path": st.sampled_from(["/", "/product/1", "/it's", "", None]),
        },
        optional={
            "country": st.sampled_from(["SE", "US", ""]),
            "referrer": st.sampled_from(["https://a.example/x", "nonsense", ""]),
            "utm_source": st.sampled_from(["news", ""]),
            "utm_campaign": st.sampled_from(["june", "july"]),
            "revenue": st.sampled_from([0, 5, 1200]),
            "page_title": st.sampled_from(["A", "B"]),
            "properties": st.sampled_from([{"__bounce": "1"}, {"__bounce": "false"}, {}]),
        },
    )


def changes() -> st.SearchStrategy[list[tuple[str, int, list[dict[str, Any]]]]]:
    """Days that a load replaces: of each its project, number, and events."""
    return st.lists(
        st.tuples(
            st.sampled_from(PROJECTS),
            st.integers(0, DAYS - 1),
            st.lists(events(), max_size=6),
        ),
        min_size=1,
        max_size=3,
        unique_by=lambda change: change[:2],
    )


def replace(world: ModelWorld, change: list[tuple[str, int, list[dict[str, Any]]]]) -> None:
    world.replace(
        (project, FIRST + timedelta(days=number), some) for project, number, some in change
    )


def check(world: ModelWorld) -> None:
    """The tables are what a rebuild makes, and what views say."""
    pipeline = world.warehouse.pipeline()
    kept = world.rows()
    assert refresh_models(pipeline, rebuild=True).rebuilt
    assert world.rows() == kept
    refresh_models(pipeline, views=True)
    assert world.rows() == kept


@pytest.mark.long
@settings(
    max_examples=8,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    history=st.lists(st.lists(events(), max_size=4), min_size=2 * DAYS, max_size=2 * DAYS),
    loads=st.lists(st.lists(changes(), min_size=1, max_size=2), min_size=1, max_size=4),
    zone=st.sampled_from(ZONES),
)
def test_after_random_changes(
    new_world: World,
    history: list[list[dict[str, Any]]],
    loads: list[list[list[tuple[str, int, list[dict[str, Any]]]]]],
    zone: str,
) -> None:
    world = new_world()
    pipeline = world.warehouse.pipeline()
    days = itertools.product(PROJECTS, range(DAYS))
    replace(world, [(*day, some) for day, some in zip(days, history, strict=True)])
    refresh_models(pipeline, timezone=zone)
    for between in loads:
        for change in between:
            replace(world, change)
        assert not refresh_models(pipeline).rebuilt
    check(world)


@pytest.mark.long
@settings(
    max_examples=5,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    history=st.lists(st.lists(events(), max_size=4), min_size=2 * DAYS, max_size=2 * DAYS),
    zone=st.sampled_from(ZONES),
    most=st.integers(1, 30),
)
def test_made_in_parts_they_are_what_is_made_at_once(
    tmp_path_factory: pytest.TempPathFactory,
    history: list[list[dict[str, Any]]],
    zone: str,
    most: int,
) -> None:
    world = in_duckdb(tmp_path_factory.mktemp("parts") / "world")
    days = itertools.product(PROJECTS, range(DAYS))
    replace(world, [(*day, some) for day, some in zip(days, history, strict=True)])
    pipeline = world.warehouse.pipeline()
    with opened(pipeline, 60) as client, client.begin_transaction():
        dataset = Dataset.of(client, "duckdb")
        definitions = Definitions(dataset, Zone(zone, is_given=True))
        for statement in tables_statements(dataset, definitions, most):
            client.execute_sql(statement)
    check(world)
