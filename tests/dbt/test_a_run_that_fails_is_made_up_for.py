"""However runs fail or are cut short, the next whole one ends with the right tables."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from openpanel_source import refresh_models
from tests.dbt.conftest import Project, messages
from tests.dbt.test_tables_equal_the_models import (
    HOUR,
    MADE,
    NewProject,
    World,
    check,
    new_world,  # noqa: F401 - a fixture
    waiting,
)
from tests.models.test_tables_equal_a_rebuild import DAYS, changes, events, replace
from tests.support.model_worlds import FIRST, ModelWorld, in_duckdb

BREAKABLE = (
    "int_openpanel__touched_sessions",
    "openpanel__sessions",
    "openpanel__visitor_days",
    "openpanel__daily_metrics",
    "openpanel__users",
    "openpanel__model_days",
)


@contextmanager
def broken(project: Project, model: str | None) -> Iterator[None]:
    """A model whose SQL fails, after what it deletes was deleted."""
    if model is None:
        yield
        return
    (path,) = project.package.rglob(f"{model}.sql")
    text = path.read_text()
    path.write_text(f"{text}\nunion all select nothing from nowhere\n")
    try:
        yield
    finally:
        path.write_text(text)


def run(project: Project, *options: str, fails: bool = False, **variables: Any) -> Any:
    """A run of all models but the one that needs a seed."""
    left = () if "--select" in options else ("--exclude", "openpanel__session_channels")
    return project.dbt("run", *left, *options, fails=fails, **variables)


def visits(*sessions: str, at: int = 10 * HOUR, profile: str = "anna") -> list[dict[str, Any]]:
    """A view of each session."""
    return [
        {
            "at": at,
            "name": "screen_view",
            "session_id": session,
            "profile_id": profile,
            "device_id": "phone",
            "path": "/",
        }
        for session in sessions
    ]


@settings(
    max_examples=2,
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    history=st.lists(st.lists(events(), max_size=3), min_size=DAYS, max_size=DAYS),
    loads=st.lists(st.tuples(changes(), st.sampled_from(BREAKABLE)), min_size=2, max_size=3),
)
def test_a_run_that_fails_at_any_model(
    new_world: World,  # noqa: F811
    project: NewProject,
    history: list[list[dict[str, Any]]],
    loads: list[tuple[list[tuple[str, int, list[dict[str, Any]]]], str]],
) -> None:
    world = new_world()
    shop = project(world.warehouse)
    replace(world, [("web", day, some) for day, some in enumerate(history)])
    run(shop)
    for change, model in loads:
        replace(world, change)
        with broken(shop, model):
            run(shop, fails=True)
    run(shop)
    assert waiting(world) == 0
    check(world)


@pytest.fixture
def world(tmp_path: Path) -> ModelWorld:
    """Six days of one session that goes on and on, and others."""
    made = in_duckdb(tmp_path / "world")
    made.replace(("web", FIRST + timedelta(day), visits("long", f"s{day}")) for day in range(6))
    return made


@pytest.fixture
def shop(world: ModelWorld, project: NewProject) -> Project:
    """A project that has made its models once."""
    made = project(world.warehouse)
    run(made)
    return made


def test_only_what_follows_from_the_days_that_changed_is_made_anew(
    world: ModelWorld, shop: Project
) -> None:
    # Whoever marks a row sees whether it was made anew.
    world.run("UPDATE dbt_openpanel.openpanel__daily_metrics SET all_views = -1")
    world.replace([("web", FIRST + timedelta(3), visits("s3"))])
    run(shop)
    rows = world.warehouse.query(
        "SELECT day FROM dbt_openpanel.openpanel__daily_metrics WHERE all_views >= 0 ORDER BY day"
    )
    # Of the session that goes on, the day of its beginning.
    assert [day for (day,) in rows] == [FIRST, FIRST + timedelta(3)]
    run(shop)
    assert waiting(world) == 0


def test_a_run_of_some_models_leaves_the_rest_for_later(world: ModelWorld, shop: Project) -> None:
    world.replace([("web", FIRST, visits("s0"))])
    run(shop, "--select", "+openpanel__sessions")
    world.replace([("web", FIRST + timedelta(1), visits("s1", profile="bert"))])
    run(shop, "--select", "openpanel__model_days")
    run(shop, "--select", "openpanel__visitor_days openpanel__users")
    assert waiting(world) > 0
    run(shop)
    assert waiting(world) == 0
    check(world)


def test_retry_goes_on_where_a_run_has_failed(world: ModelWorld, shop: Project) -> None:
    world.replace([("web", FIRST, visits("s0"))])
    with broken(shop, "openpanel__users"):
        run(shop, fails=True)
    shop.dbt("retry")
    check(world)


def test_a_run_without_rows_takes_nothing_away(world: ModelWorld, shop: Project) -> None:
    before = world.rows(MADE)
    world.replace([("web", FIRST, visits("s0"))])
    run(shop, "--empty")
    assert world.rows(MADE) == before
    run(shop)
    check(world)


def test_all_is_made_anew_or_nothing(world: ModelWorld, shop: Project) -> None:
    world.replace([("web", FIRST, visits("s0", profile="bert"))])
    done = run(shop, "--full-refresh", "--select", "openpanel__sessions", fails=True)
    assert "--full-refresh --select package:openpanel" in messages(done)
    run(shop, "--full-refresh", "--select", "openpanel__pages")
    with broken(shop, "openpanel__users"):
        run(shop, "--full-refresh", fails=True)
    run(shop)
    check(world)
    run(shop, "--full-refresh")
    check(world)


def test_a_table_that_is_missing_is_made_again_or_named(world: ModelWorld, shop: Project) -> None:
    world.run("DROP TABLE dbt_openpanel.openpanel__pages")
    world.replace([("web", FIRST, visits("s0"))])
    run(shop)
    check(world)
    world.run("DROP TABLE dbt_openpanel.openpanel__sessions")
    assert "the table of openpanel__sessions is missing" in messages(run(shop, fails=True))
    run(shop, "--full-refresh")
    check(world)
    world.run("DROP TABLE dbt_openpanel.openpanel__model_days")
    run(shop)
    check(world)


def test_what_numbers_depend_on_makes_all_of_them_anew(world: ModelWorld, shop: Project) -> None:
    zone = "Pacific/Kiritimati"
    run(shop, openpanel_timezone=zone)
    check(world, zone)
    world.run(
        "CREATE TABLE event_meta AS"
        " SELECT 'web' AS project_id, 'screen_view' AS name, TRUE AS conversion"
    )
    run(shop, openpanel_using_event_meta=True)
    check(world)
    world.run("UPDATE event_meta SET conversion = FALSE")
    run(shop, openpanel_using_event_meta=True)
    check(world)
    run(shop, openpanel_funnel_view="/%", openpanel_funnel_purchases="it's")
    steps = "SELECT sum(sessions) FROM dbt_openpanel.openpanel__funnel WHERE step = 2"
    assert world.warehouse.query(steps) == [(7,)]


def test_a_load_that_was_killed_at_its_end_is_taken_in_again(
    world: ModelWorld, shop: Project
) -> None:
    world.replace([("web", FIRST, visits("s0"))], ends=False)
    run(shop)
    world.run("DELETE FROM events WHERE event_date = %s", FIRST)
    world.run("INSERT INTO _dlt_loads SELECT max(load_id) FROM sync_days")
    run(shop)
    check(world)


def test_a_table_without_web_columns_has_campaigns_in_its_properties(
    tmp_path: Path, project: NewProject
) -> None:
    made = in_duckdb(tmp_path / "early")
    tagged = visits("s")[0] | {"properties": {"__query.utm_source": "news"}}
    made.replace([("web", FIRST, [tagged])])
    for column in ("utm_source", "utm_medium", "utm_campaign", "page_title"):
        made.run(f"ALTER TABLE events DROP COLUMN {column}")
    run(project(made.warehouse))
    sources = "SELECT source FROM dbt_openpanel.openpanel__sessions"
    assert made.warehouse.query(sources) == [("news",)]
    assert refresh_models(made.warehouse.pipeline()).rebuilt
    check(made)
