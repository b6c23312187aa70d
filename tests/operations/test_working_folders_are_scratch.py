"""What this machine remembers is of one destination, and worth no more than a run."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from openpanel_source.destinations.pipelines import open_pipeline
from openpanel_source.operations.sync import sync
from tests.support.postgres import PostgresWarehouse, postgres_url
from tests.support.sandbox_world import event, world
from tests.support.warehouse import Warehouse

pytestmark = pytest.mark.sampled(3)

__all__ = ["postgres_url"]

URLS = [
    "postgresql://user:secret@one.example:5432/shop",
    "postgresql://user:secret@two.example:5432/shop",
    "postgresql://user:secret@one.example:5433/shop",
    "postgresql://user:secret@one.example:5432/blog",
]


def test_databases_of_one_dataset_name_have_folders_of_their_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def folder(url: str) -> str:
        monkeypatch.setenv("DESTINATION__POSTGRES__CREDENTIALS", url)
        return str(open_pipeline("postgres", dataset="openpanel").pipelines_dir)

    folders = [folder(url) for url in URLS]
    assert len({*folders}) == len(URLS)
    assert folder(URLS[0].replace("user:secret", "other:rotated")) == folders[0]
    monkeypatch.setenv("OPENPANEL__DESTINATION__POSTGRES__CREDENTIALS", URLS[1])
    assert folder(URLS[0]) == folders[1]
    assert not any("secret" in folder for folder in folders)


def test_a_sync_that_ended_well_elsewhere_says_nothing_of_this_destination(
    tmp_path: Path, postgres_url: str
) -> None:
    one, other = (PostgresWarehouse(tmp_path, postgres_url) for _ in range(2))
    with world(event(1), event(2)) as sandbox:
        for warehouse in (one, other):
            sync(warehouse.pipeline(), **warehouse.settings(sandbox))
        other.change("DELETE FROM events")
        # A sync of the other was killed; one of the first ended well since.
        sync(one.pipeline(), **one.settings(sandbox))
        sync(other.pipeline(), **other.settings(sandbox))
    assert other.numbers() == [1, 2]


@pytest.mark.parametrize("left", ["state", "schema", "storage"])
def test_what_a_newer_dlt_left_is_scratch_for_the_command(
    warehouse: Warehouse, left: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with world(event(1)) as sandbox:
        settings = warehouse.settings(sandbox)
        pipeline = open_pipeline(database=str(warehouse.path))
        sync(pipeline, **settings)
        folder = Path(pipeline.working_dir)
        names = {"state": "state.json", "schema": "*.schema.json", "storage": "*.version"}
        for file in list(folder.rglob(names[left])):
            if left == "storage":
                file.write_text("99.0.0")
                continue
            content = json.loads(file.read_text())
            newer = {"_state_engine_version": 99, "engine_version": 99}
            file.write_text(json.dumps(content | {k: v for k, v in newer.items() if k in content}))
        sandbox.add([event(2)])
        assert sync(open_pipeline(database=str(warehouse.path)), **settings).is_verified
    assert warehouse.numbers() == [1, 2]
