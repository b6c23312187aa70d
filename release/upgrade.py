"""Run by the Python of an empty environment: go on with a warehouse that an old version made."""

from __future__ import annotations

import gzip
import json
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any

import duckdb

import openpanel_source
from tests.support.old_world import FOLDER, answers, change_as_before, old_world
from tests.support.warehouse import Warehouse


def main() -> None:
    """Take over the DuckDB file; status, audit and a night must say what they said."""
    if "site-packages" not in Path(openpanel_source.__file__).parts:
        raise SystemExit(f"not the installed package is tried, but {openpanel_source.__file__}")
    expected = json.loads((FOLDER / "answers.json").read_text(encoding="utf-8"))
    with tempfile.TemporaryDirectory() as folder, old_world() as sandbox:
        warehouse = Warehouse(Path(folder))
        before = written(warehouse)
        change_as_before(sandbox)
        said = json.loads(json.dumps(answers(warehouse, sandbox), default=str))
        after = warehouse.query("SELECT count(*) FROM events")
    requests = said["night"].pop("requests"), expected["night"].pop("requests")
    goes_on = requests[0] <= requests[1] and before == after
    if not goes_on or any(said[part] != expected[part] for part in ("audit", "night")):
        raise SystemExit(f"the warehouse does not go on: {said}, {requests}, {before}, {after}")
    days, duck = expected["audit"]["days"], f"DuckDB {duckdb.__version__}"
    print(f"the warehouse of old goes on: {before[0][0]} events of {days} days, none lost ({duck})")


def written(warehouse: Warehouse) -> list[tuple[Any, ...]]:
    """Write the file of old as it was, or as an older DuckDB reads it; how many events it has."""
    for name in ("warehouse.duckdb.gz", "warehouse-1.2.duckdb.gz"):
        warehouse.path.write_bytes(gzip.decompress((FOLDER / name).read_bytes()))
        with suppress(duckdb.IOException):
            return warehouse.query("SELECT count(*) FROM events")
    raise SystemExit(f"DuckDB {duckdb.__version__} reads neither form of the file of old")


if __name__ == "__main__":
    main()
