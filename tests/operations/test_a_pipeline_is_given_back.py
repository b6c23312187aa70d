"""A sync loads or leaves what other sources have in the pipeline, and gives it back as it was."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dlt
import duckdb
import pytest

from openpanel_source import audit, erase, openpanel, read_status
from openpanel_source.errors import InvalidSettingError
from openpanel_source.operations.sync import sync
from openpanel_source.sandbox import Sandbox
from tests.support.destinations import DuckDbDestination, Files, PostgresDestination
from tests.support.postgres import postgres_url
from tests.support.sandbox_world import event, world
from tests.support.warehouse import Warehouse

pytestmark = pytest.mark.sampled(15)

__all__ = ["postgres_url"]


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with world(event(1), event(2, createdAt="2026-11-11T12:00:00.000Z")) as server:
        yield server


def messages(*numbers: int) -> Any:
    """Rows that their source has only once."""
    queue = list(numbers)

    @dlt.resource(name="messages", write_disposition="append")
    def taken() -> Iterator[Any]:
        state = dlt.current.resource_state()
        while queue:
            state["last"] = queue[0]
            yield {"id": queue.pop(0)}

    return taken()


@dlt.source(name="mail")
def mail(*numbers: int) -> Any:
    return messages(*numbers)


@pytest.mark.parametrize("other", [messages, mail])
@pytest.mark.parametrize("step", ["extracted", "normalized"])
def test_what_another_source_has_pending_is_loaded(
    warehouse: Warehouse, sandbox: Sandbox, other: Any, step: str
) -> None:
    warehouse.sync(sandbox)
    pipeline = warehouse.pipeline()
    pipeline.extract([other(1, 2, 3)] if other is messages else other(1, 2, 3))
    if step == "normalized":
        pipeline.normalize()

    assert warehouse.sync(sandbox).days_read == 0

    assert warehouse.query("SELECT id FROM messages ORDER BY id") == [(1,), (2,), (3,)]
    assert not warehouse.pipeline().has_pending_data
    assert warehouse.numbers() == [1, 2]


def test_days_that_were_pending_beside_rows_of_another_source_are_read_again(
    warehouse: Warehouse, sandbox: Sandbox
) -> None:
    warehouse.pipeline().run(mail(1))
    # The state of both is in the package of the other one.
    warehouse.pipeline().extract([mail(2), warehouse.source(sandbox)])

    warehouse.sync(sandbox)

    assert warehouse.query("SELECT id FROM messages ORDER BY id") == [(1,), (2,)]
    assert warehouse.numbers() == [1, 2]
    assert audit(warehouse.pipeline(), **warehouse.settings(sandbox)).exit_code == 0


@pytest.mark.parametrize("step", ["extracted", "normalized"])
@pytest.mark.parametrize(
    "gone", ["new_jobs", "schema.json", "load_package_state.json", "rows", "*"]
)
def test_what_a_kill_left_of_a_package_that_was_being_deleted_stops_no_sync(
    warehouse: Warehouse, sandbox: Sandbox, step: str, gone: str
) -> None:
    warehouse.pipeline().extract(warehouse.source(sandbox))
    pipeline = warehouse.pipeline()
    if step == "normalized":
        pipeline.normalize()
    parent = {"extracted": "normalize/extracted", "normalized": "load/normalized"}[step]
    (package,) = Path(pipeline.working_dir, parent).iterdir()
    for part in package.glob("new_jobs/*" if gone == "rows" else gone):
        shutil.rmtree(part) if part.is_dir() else part.unlink()
    if step == "extracted":
        pipeline.extract(mail(1))

    warehouse.sync(sandbox)

    assert warehouse.numbers() == [1, 2]
    assert not warehouse.pipeline().has_pending_data
    if step == "extracted":
        assert warehouse.query("SELECT id FROM messages") == [(1,)]


@pytest.mark.long
def test_what_only_this_machine_knows_of_another_source_stays(
    warehouse: Warehouse, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RESTORE_FROM_DESTINATION", "false")
    warehouse.pipeline().run(mail(1, 2))

    for _ in range(2):
        warehouse.sync(sandbox)

    pipeline = warehouse.pipeline()
    assert pipeline.state["sources"]["mail"]["resources"]["messages"] == {"last": 2}
    assert pipeline.default_schema_name == "mail"
    assert "messages" in pipeline.default_schema.tables
    assert warehouse.numbers() == [1, 2]


@pytest.fixture(params=["duckdb", "postgres", "files"])
def any_warehouse(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    if request.param == "postgres":
        return PostgresDestination(tmp_path, request.getfixturevalue("postgres_url"))
    return {"duckdb": DuckDbDestination, "files": Files}[request.param](tmp_path)


def test_the_destination_of_the_pipeline_is_its_own_again(
    any_warehouse: Any, sandbox: Sandbox
) -> None:
    pipeline = any_warehouse.pipeline()
    own, given = pipeline.destination, dict(pipeline.destination.config_params)
    settings = any_warehouse.settings(sandbox)

    sync(pipeline, **settings)
    assert (pipeline.destination, pipeline.destination.config_params) == (own, given)
    assert pipeline.default_schema_name == "openpanel"

    before = Path(pipeline.working_dir, "state.json").read_bytes()
    elsewhere = dlt.pipeline("elsewhere", pipelines_dir=str(any_warehouse.folder / "elsewhere"))
    read_status(pipeline)
    audit(pipeline, **settings)
    erase(pipeline, ["nobody"], **settings | {"erased_profiles": ["nobody"]})
    assert (pipeline.destination, pipeline.destination.config_params) == (own, given)
    assert Path(pipeline.working_dir, "state.json").read_bytes() == before
    assert elsewhere.is_active


def test_a_layout_of_dataset_names_is_applied_once(
    warehouse: Warehouse, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATASET_NAME_LAYOUT", "dev_%s")
    for _ in range(2):
        warehouse.sync(sandbox)
    assert warehouse_datasets(warehouse) == {"dev_openpanel"}
    assert [status.events for status in read_status(warehouse.pipeline())] == [2]
    assert audit(warehouse.pipeline(), **warehouse.settings(sandbox)).differences == []


def test_a_pipeline_in_dev_mode_has_one_dataset(warehouse: Warehouse, sandbox: Sandbox) -> None:
    pipeline = dlt.pipeline(
        "dev",
        destination=warehouse.pipeline().destination,
        dataset_name="trial",
        pipelines_dir=str(warehouse.folder / "dev"),
        dev_mode=True,
    )
    dataset = pipeline.dataset_name
    sync(pipeline, **warehouse.settings(sandbox))
    assert pipeline.dataset_name == dataset
    assert warehouse_datasets(warehouse) == {dataset}
    assert [status.events for status in read_status(pipeline)] == [2]


def warehouse_datasets(warehouse: Warehouse) -> set[str]:
    with duckdb.connect(str(warehouse.path)) as connection:
        found = connection.execute("SELECT schema_name FROM duckdb_tables()").fetchall()
    return {name for (name,) in found}


def test_a_pipeline_that_refreshes_each_run_is_refused_in_a_sentence(
    warehouse: Warehouse, sandbox: Sandbox
) -> None:
    pipeline = warehouse.pipeline()
    pipeline.refresh = "drop_sources"
    with pytest.raises(InvalidSettingError, match="sync with reload=True instead"):
        sync(pipeline, **warehouse.settings(sandbox))


def test_what_a_newer_dlt_left_in_the_working_folder_is_scratch(
    warehouse: Warehouse, sandbox: Sandbox
) -> None:
    warehouse.sync(sandbox)
    pipeline = warehouse.pipeline()
    pipeline.extract(openpanel(**warehouse.settings(sandbox, reload=True)))
    for file in Path(pipeline.working_dir).rglob("*.version"):
        file.write_text("9.0.0")
    for file in Path(pipeline.working_dir).rglob("schema*.json"):
        file.write_text(json.dumps(json.loads(file.read_text()) | {"engine_version": 99}))

    assert sync(pipeline, **warehouse.settings(sandbox)).is_verified

    assert warehouse.numbers() == [1, 2]
