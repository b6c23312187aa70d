"""The pipeline is the user's: other sources run in it, and what is theirs stays as it was."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from math import inf
from pathlib import Path
from typing import Any

import dlt
import pytest

from openpanel_source import audit, erase, openpanel, read_days, read_status
from openpanel_source.destinations.prepare import make_exact
from openpanel_source.errors import DestinationError
from openpanel_source.operations.properties.survey import survey
from openpanel_source.operations.sync import sync
from openpanel_source.sandbox import Sandbox
from tests.support.destinations import DuckDbDestination, Files, PostgresDestination
from tests.support.postgres import postgres_url
from tests.support.sandbox_world import event, world

pytestmark = pytest.mark.sampled(24)

__all__ = ["postgres_url"]

DAYS = ("2026-11-10", "2026-11-11", "2026-11-12")
ROWS = [
    event(
        number,
        createdAt=f"{day}T1{number % 9}:00:00.000Z",
        profileId=f"person{number % 3}",
        properties={"plan": "pro"},
    )
    for number, day in enumerate(DAYS * 5)
]
SETTINGS = {"end_date": "2026-11-20"}


@dlt.resource(primary_key="id", write_disposition="merge")
def people() -> Iterator[Any]:
    yield {"id": 1}


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with world(*ROWS) as server:
        yield server


@pytest.fixture(params=["duckdb", "postgres", "files"])
def warehouse(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    if request.param == "postgres":
        return PostgresDestination(tmp_path, request.getfixturevalue("postgres_url"))
    return {"duckdb": DuckDbDestination, "files": Files}[request.param](tmp_path)


def forget_clean_end(warehouse: Any) -> None:
    """What is left when a load was cut off."""
    for mark in (warehouse.folder / "pipelines").glob("*.ended-well"):
        mark.unlink()


def count(warehouse: Any, condition: str = "1 = 1") -> int:
    number: int = warehouse.query(f"SELECT count(*) FROM events WHERE {condition}")[0][0]
    return number


@pytest.mark.long
def test_a_pipeline_that_another_source_filled_first_is_used_like_any_other(
    warehouse: Any, sandbox: Sandbox
) -> None:
    pipeline = warehouse.pipeline()
    if isinstance(warehouse, Files):
        make_exact(pipeline)
    pipeline.run(people())
    settings = warehouse.settings(sandbox, **SETTINGS)

    # Else a machine that takes seconds to read commits once more.
    summary = sync(warehouse.pipeline(), commit_seconds=inf, **settings)

    assert (summary.events_loaded, summary.runs) == (15, 1)
    assert count(warehouse) == 15
    [status] = read_status(warehouse.pipeline())
    assert (status.project_id, status.events) == ("web", 15)
    assert {day.day.isoformat() for day in read_days(warehouse.pipeline())} >= set(DAYS)
    assert audit(warehouse.pipeline(), deep=True, **settings).differences == []
    assert [key.name for key in survey(warehouse.pipeline(), 10).keys] == ["plan"]

    warehouse.damage("event_date = '2026-11-11'")
    forget_clean_end(warehouse)
    assert sync(warehouse.pipeline(), **settings).days_read == 1
    assert count(warehouse) == 15

    erased = settings | {"erased_profiles": ["person1"]}
    report = erase(warehouse.pipeline(), ["person1"], **erased)
    assert (len(report.days), report.left) == (1, [])
    assert count(warehouse, "profile_id = 'person1'") == 0


def drop_versions(warehouse: Any) -> None:
    """Somebody tidies up what dlt wrote for itself."""
    if isinstance(warehouse, Files):
        for file in (warehouse.lake / "openpanel" / "_dlt_version").iterdir():
            file.unlink()
        (warehouse.lake / "openpanel" / "_dlt_version").rmdir()
    else:
        warehouse.change("DROP TABLE _dlt_version")


@pytest.mark.parametrize("looked", ["erase", "status", "audit"])
def test_tables_are_found_though_what_dlt_wrote_of_them_is_lost(
    warehouse: Any, sandbox: Sandbox, looked: str
) -> None:
    settings = warehouse.settings(sandbox, **SETTINGS)
    sync(warehouse.pipeline(), **settings)
    drop_versions(warehouse)

    if looked == "erase":
        report = erase(
            warehouse.pipeline(), ["person1"], **settings | {"erased_profiles": ["person1"]}
        )
        assert (len(report.days), report.left) == (1, [])
        assert count(warehouse, "profile_id = 'person1'") == 0
        assert count(warehouse) == 10
    elif looked == "status":
        assert [project.events for project in read_status(warehouse.pipeline())] == [15]
        assert survey(warehouse.pipeline(), 10).rows == 10
    else:
        assert audit(warehouse.pipeline(), deep=True, **settings).differences == []

    sync(warehouse.pipeline(), **settings)
    assert count(warehouse) == (10 if looked == "erase" else 15)
    assert audit(warehouse.pipeline(), deep=True, **settings).exit_code == 0
    assert read_status(warehouse.pipeline())[0].project_id == "web"


def test_erase_fails_where_no_events_can_be_looked_at(warehouse: Any, sandbox: Sandbox) -> None:
    settings = warehouse.settings(sandbox, **SETTINGS, erased_profiles=["person1"])

    with pytest.raises(DestinationError, match="no table events, so nothing was erased"):
        erase(warehouse.pipeline(), ["person1"], **settings)


def as_resource(settings: dict[str, Any]) -> Any:
    return openpanel(**settings).events


def as_other_source(settings: dict[str, Any]) -> Any:
    return openpanel.clone(name="shop")(**settings)


@pytest.mark.parametrize("made", [as_resource, as_other_source])
def test_a_source_under_another_name_is_found(
    tmp_path: Path, sandbox: Sandbox, made: Callable[[dict[str, Any]], Any]
) -> None:
    warehouse = DuckDbDestination(tmp_path)
    settings = warehouse.settings(sandbox, **SETTINGS)
    warehouse.pipeline().run(people())
    warehouse.pipeline().run(made(settings))

    assert [project.events for project in read_status(warehouse.pipeline())] == [15]
    assert audit(warehouse.pipeline(), **settings).differences == []
    assert survey(warehouse.pipeline(), 10).rows == 10
    report = erase(warehouse.pipeline(), ["person1"], **settings | {"erased_profiles": ["person1"]})
    assert (len(report.days), report.left) == (1, [])
    assert count(warehouse) == 10
