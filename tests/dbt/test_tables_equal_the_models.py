"""After whatever changes, what dbt makes is what the models of ``openpanel-source models`` are."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from openpanel_source import refresh_models
from tests.dbt.conftest import SCHEMA, Project
from tests.models.test_tables_equal_a_rebuild import (
    DAYS,
    PROJECTS,
    ZONES,
    changes,
    events,
    replace,
)
from tests.support.model_worlds import ModelWorld, in_duckdb, in_postgres
from tests.support.warehouse import Warehouse

World = Callable[[], ModelWorld]
NewProject = Callable[[Warehouse], Project]
MADE = f"{SCHEMA}.openpanel__{{}}"
HOUR = 3_600_000


@pytest.fixture(params=["duckdb", "postgres"])
def new_world(request: pytest.FixtureRequest, tmp_path: Path) -> World:
    """Makes worlds, each in a database of its own."""
    numbers = itertools.count()
    if request.param == "duckdb":
        return lambda: in_duckdb(tmp_path / f"world{next(numbers)}")
    url = request.getfixturevalue("postgres_url")
    return lambda: in_postgres(tmp_path / f"world{next(numbers)}", url)


def check(world: ModelWorld, zone: str = "UTC") -> None:
    """The tables are what a rebuild of the package's own models makes."""
    made = world.rows(MADE)
    assert refresh_models(world.warehouse.pipeline(), rebuild=True, timezone=zone).rebuilt
    for name, rows in world.rows().items():
        assert made[name] == rows, name


def waiting(world: ModelWorld) -> int:
    """What the lists of a run hold that is still to be taken in."""
    names = ("changed_days", "touched_sessions", "affected_days", "affected_visitors")
    tables = [f"dbt_int_openpanel.int_openpanel__{name}" for name in names]
    return sum(len(world.warehouse.query(f"SELECT * FROM {table}")) for table in tables)


@settings(
    max_examples=3,
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    history=st.lists(st.lists(events(), max_size=4), min_size=2 * DAYS, max_size=2 * DAYS),
    loads=st.lists(st.lists(changes(), min_size=1, max_size=2), min_size=2, max_size=4),
    zone=st.sampled_from(ZONES),
)
def test_after_random_changes(
    new_world: World,
    project: NewProject,
    history: list[list[dict[str, Any]]],
    loads: list[list[list[tuple[str, int, list[dict[str, Any]]]]]],
    zone: str,
) -> None:
    world = new_world()
    shop = project(world.warehouse)
    days = itertools.product(PROJECTS, range(DAYS))
    replace(world, [(*day, some) for day, some in zip(days, history, strict=True)])
    shop.dbt("run", "--exclude", "openpanel__session_channels", openpanel_timezone=zone)
    for between in loads:
        for change in between:
            replace(world, change)
        shop.dbt("run", "--exclude", "openpanel__session_channels", openpanel_timezone=zone)
        assert waiting(world) == 0
    check(world, zone)
