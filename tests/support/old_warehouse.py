"""A small warehouse made by an earlier commit.

``python -m tests.support.old_warehouse`` makes it anew, which only a change that brings a
migration may do: what is in ``tests/data/old_warehouse`` stands for the warehouses of users.
"""

from __future__ import annotations

import gzip
import json
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from openpanel_source.operations.runs.summary import SyncSummary
from openpanel_source.operations.sync import sync
from openpanel_source.sandbox import Sandbox
from tests.support.old_world import FOLDER, answers, change_as_before, old_world, settings_of
from tests.support.postgres import PostgresWarehouse, programs_of_postgres, running_postgres
from tests.support.warehouse import Warehouse


def _load(warehouse: Warehouse, sandbox: Sandbox) -> SyncSummary:
    part = settings_of(sandbox, start_date="2026-11-08", end_date="2026-11-15", charts=None)
    sync(warehouse.pipeline("part_one"), **part)
    change_as_before(sandbox)
    return sync(warehouse.pipeline(), **settings_of(sandbox))


def _make(warehouse: Warehouse) -> None:
    with old_world() as sandbox:
        _load(warehouse, sandbox)


def main() -> None:
    """Write the files of the old warehouse."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        duck = Warehouse(Path(folder))
        _make(duck)
        duck.query("CHECKPOINT")
        (FOLDER / "warehouse.duckdb.gz").write_bytes(gzip.compress(duck.path.read_bytes(), mtime=0))
        # As on another machine: nothing but the warehouse is known.
        fresh = Warehouse(Path(folder) / "fresh")
        fresh.path = duck.path
        with old_world() as sandbox:
            change_as_before(sandbox)
            text = json.dumps(answers(fresh, sandbox), indent=1, default=str, sort_keys=True)
        (FOLDER / "answers.json").write_text(text + "\n")
    with tempfile.TemporaryDirectory() as folder, running_postgres() as url:
        postgres = PostgresWarehouse(Path(folder), url)
        _make(postgres)
        dump: list[Any] = [programs_of_postgres() / "pg_dump", "--no-owner", "--schema=openpanel*"]
        sql = subprocess.run([*dump, postgres.url], check=True, capture_output=True).stdout
        (FOLDER / "warehouse.sql.gz").write_bytes(gzip.compress(sql, mtime=0))


if __name__ == "__main__":
    main()
