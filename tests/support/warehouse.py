"""A real DuckDB file and a pipeline into it, for tests."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import dlt
import duckdb

from openpanel_source.destinations.duckdb_file import duckdb_file
from openpanel_source.operations.runs.summary import SyncSummary
from openpanel_source.operations.sync import sync
from openpanel_source.sandbox import Sandbox
from openpanel_source.source.source import openpanel
from tests.support.sandbox_world import CLIENT, NOW, SECRET


class Warehouse:
    """Syncs a sandbox into DuckDB and answers questions about what came."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "warehouse.duckdb"
        self.folder = folder

    def pipeline(self, name: str = "openpanel") -> dlt.Pipeline:
        pipeline: dlt.Pipeline = dlt.pipeline(
            name,
            destination=duckdb_file(str(self.path)),
            dataset_name="openpanel",
            pipelines_dir=str(self.folder / "pipelines"),
        )
        return pipeline

    def settings(self, sandbox: Sandbox, **settings: Any) -> dict[str, Any]:
        return {
            "project_id": "web",
            "client_id": CLIENT,
            "client_secret": SECRET,
            "base_url": sandbox.url,
            "backoff_seconds": 0.001,
            "max_outage": 0,
            "now": NOW,
        } | settings

    def sync(self, sandbox: Sandbox, **settings: Any) -> SyncSummary:
        return sync(self.pipeline(), **self.settings(sandbox, **settings))

    def source(self, sandbox: Sandbox, **settings: Any) -> Any:
        return openpanel(**self.settings(sandbox, **settings))

    def run_once(self, sandbox: Sandbox, **settings: Any) -> None:
        self.pipeline().run(openpanel(**self.settings(sandbox, **settings)))

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        with duckdb.connect(str(self.path)) as connection:
            connection.execute("SET TimeZone = 'UTC'; USE openpanel")
            return connection.execute(sql).fetchall()

    def change(self, sql: str) -> None:
        """Change the warehouse as its owner would."""
        with duckdb.connect(str(self.path)) as connection:
            connection.execute("USE openpanel")
            connection.execute(sql)

    def numbers(self, project: str = "web") -> list[int]:
        """The numbers of the events held, as ``sandbox_world.event`` counts them."""
        rows = self.query(f"SELECT id FROM events WHERE project_id = '{project}' ORDER BY id")
        return [int(event_id[-12:]) for (event_id,) in rows]

    def days(self) -> list[tuple[Any, ...]]:
        """Day, verdict, reason and counts of each record of the ledger, oldest first."""
        return self.query(
            "SELECT CAST(day AS VARCHAR), verdict, reason, total_count, distinct_ids"
            " FROM sync_days ORDER BY read_at, day"
        )
