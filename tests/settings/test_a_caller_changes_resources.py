"""Whatever a caller does to a resource, a day is recorded with its rows or not at all."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import dlt
import duckdb
import pytest
from dlt.extract.exceptions import ResourceExtractionError
from dlt.pipeline.exceptions import PipelineStepFailed

from openpanel_source.sandbox import Sandbox
from tests.support.sandbox_world import event, world
from tests.support.warehouse import Warehouse

pytestmark = pytest.mark.sampled(7)

CHART = {"name": "all", "series": [{"event": "*"}], "range": "30d", "interval": "day"}
Change = Callable[[Any], Any]


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    rows = [event(day, createdAt=f"2026-11-{day}T12:00:00.000Z") for day in (10, 11, 12)]
    with world(*rows) as server:
        yield server


def source_of(warehouse: Warehouse, sandbox: Sandbox, **settings: Any) -> Any:
    return warehouse.source(sandbox, end_date="2026-11-20", **settings)


def on_events(change: Change) -> Change:
    def changed(source: Any) -> Any:
        change(source.events)
        return source

    return changed


def on_chart(change: Change) -> Change:
    def changed(source: Any) -> Any:
        change(source.resources["chart_all"])
        return source

    return changed


STEPS: dict[str, Change] = {
    r"add_limit\(\) would cut": lambda source: source.add_limit(1),
    r"set start_date, or max_days_per_run=1": lambda source: source.add_limit(2),
    r"add_limit\(\)": on_events(lambda events: events.add_limit(max_time=0.01)),
    r"`chart_all`.*add_limit\(\)": on_chart(lambda chart: chart.add_limit(1)),
    r"add_filter\(\) would leave out rows": on_events(lambda one: one.add_filter(lambda row: True)),
    r"add_map\(\) is given files": on_events(lambda one: one.add_map(lambda row: row)),
    r"add_yield_map\(\) is given files": on_events(
        lambda one: one.add_yield_map(lambda row: iter([row]))
    ),
    "other steps after a resource": lambda source: (
        source.events | dlt.transformer(lambda row: row, name="more")
    ),
}


@pytest.mark.long
@pytest.mark.parametrize("sentence", STEPS)
def test_a_step_that_would_take_rows_away_is_refused_in_a_sentence(
    warehouse: Warehouse, sandbox: Sandbox, sentence: str
) -> None:
    changed = STEPS[sentence](source_of(warehouse, sandbox, charts=[CHART]))

    with pytest.raises(PipelineStepFailed, match=sentence):
        warehouse.pipeline().run(changed)

    warehouse.pipeline().run(source_of(warehouse, sandbox))
    assert warehouse.numbers() == [10, 11, 12]


ARGUMENTS: dict[str, dict[str, Any]] = {
    "write_disposition is refused for events": {"write_disposition": "append"},
    "write_disposition is": {"write_disposition": "merge"},
    "table_name is refused": {"table_name": "mine"},
    "loader_file_format is refused": {"loader_file_format": "jsonl"},
    "table_format is refused": {"table_format": "delta"},
    "primary_key and the like are refused": {"primary_key": "id"},
    "data_type bigint is refused for the column country": {
        "columns": {"country": {"data_type": "bigint"}}
    },
}


@pytest.mark.parametrize("sentence", ARGUMENTS)
def test_an_argument_of_run_that_would_spoil_the_tables_is_refused_in_a_sentence(
    warehouse: Warehouse, sandbox: Sandbox, sentence: str
) -> None:
    with pytest.raises(PipelineStepFailed, match=sentence):
        warehouse.pipeline().run(source_of(warehouse, sandbox), **ARGUMENTS[sentence])

    with pytest.raises(duckdb.Error, match="No catalog"):
        warehouse.numbers()


HARMLESS: dict[str, tuple[Change, dict[str, Any]]] = {
    "parallelize": (lambda source: source.parallelize(), {}),
    "add_metrics": (on_events(lambda one: one.add_metrics(lambda *given: None)), {}),
    "with_resources": (lambda source: source.with_resources("events"), {}),
    "loader_file_format": (lambda source: source, {"loader_file_format": "parquet"}),
    "columns": (lambda source: source, {"columns": {"mine": {"data_type": "text"}}}),
    "drop_sources": (lambda source: source, {"refresh": "drop_sources"}),
    "drop_resources": (lambda source: source, {"refresh": "drop_resources"}),
    "drop_data": (lambda source: source, {"refresh": "drop_data"}),
}


@pytest.mark.long
@pytest.mark.parametrize("name", HARMLESS)
def test_what_does_no_harm_works(warehouse: Warehouse, sandbox: Sandbox, name: str) -> None:
    change, arguments = HARMLESS[name]
    for _ in range(2):
        source = source_of(warehouse, sandbox, charts=[CHART])
        warehouse.pipeline().run(change(source), **arguments)
        assert warehouse.numbers() == [10, 11, 12]


def test_going_through_a_resource_without_a_pipeline_is_refused_in_a_sentence(
    warehouse: Warehouse, sandbox: Sandbox
) -> None:
    for rows in (source_of(warehouse, sandbox), source_of(warehouse, sandbox).events):
        with pytest.raises(ResourceExtractionError, match="use EventsPaginator"):
            list(rows)


def test_a_pipeline_that_has_loaded_elsewhere_is_refused_in_a_sentence(
    warehouse: Warehouse, sandbox: Sandbox, tmp_path: Path
) -> None:
    pipeline = warehouse.pipeline()
    pipeline.run(source_of(warehouse, sandbox))
    other = dlt.destinations.duckdb(str(tmp_path / "other.duckdb"))
    with pytest.raises(PipelineStepFailed, match="loaded into another destination or dataset"):
        pipeline.run(source_of(warehouse, sandbox), destination=other)
    assert warehouse.numbers() == [10, 11, 12]


def test_a_dataset_that_is_given_to_run_is_refused_the_first_time(
    warehouse: Warehouse, sandbox: Sandbox
) -> None:
    pipeline = warehouse.pipeline()
    pipeline.run(source_of(warehouse, sandbox))
    for _ in range(2):
        with pytest.raises(PipelineStepFailed, match="loaded into another destination or dataset"):
            pipeline.run(source_of(warehouse, sandbox), dataset_name="other")
    pipeline.run(source_of(warehouse, sandbox), dataset_name="openpanel")
    assert warehouse.numbers() == [10, 11, 12]


def test_the_same_warehouse_is_no_other_place_for_sync_and_run_in_turns(
    warehouse: Warehouse, sandbox: Sandbox
) -> None:
    warehouse.sync(sandbox, end_date="2026-11-20")
    warehouse.pipeline().run(source_of(warehouse, sandbox))
    warehouse.pipeline().run(source_of(warehouse, sandbox))
    assert warehouse.sync(sandbox, end_date="2026-11-20").days_read == 0
    assert warehouse.numbers() == [10, 11, 12]
