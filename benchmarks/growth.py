"""Time a night's sync, of one new day, into warehouses that already hold more and more events.

A warehouse is made by an ordinary sync of all it holds, over the same days whatever its size. Each
night adds a day to the server and syncs at noon of the day after; warehouses take turns.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from datetime import timedelta
from statistics import median
from typing import Any

import duckdb

from benchmarks import harness, report
from benchmarks.api import PROJECT
from benchmarks.contestants.connector import TABLE
from benchmarks.run import Figures
from openpanel_source.model.conditions import Replaced, days_condition


@dataclass
class Warehouse:
    """A warehouse that is synced night after night, and the server that it is synced from."""

    events: int
    server: harness.Server
    folder: str
    nights: list[Figures] = field(default_factory=list)

    def sync(self) -> Figures:
        """Sync at noon of the day after the server's last; seconds and requests."""
        self.server.ask("/stats/reset")
        noon = f"{self.server.last + timedelta(days=1)}T12:00:00+00:00"
        work = json.dumps(asdict(self.server.work(self.folder, noon)))
        command = [sys.executable, "-m", "benchmarks.contestants", "connector", work]
        figures: Figures = json.loads(harness.run(command, self.folder).output.splitlines()[-1])
        return {**figures, "requests": self.server.ask("/stats")["requests"]}

    def night(self, events: int) -> None:
        """A new day arrives and is synced."""
        self.server.grow(events)
        self.nights.append(self.sync())

    def median(self, what: str) -> float:
        """Of all nights."""
        return float(median(night[what] for night in self.nights))

    def scans(self) -> dict[str, Any]:
        """What DuckDB reads to delete the newest day, as it says itself; nothing is deleted."""
        condition = days_condition([Replaced(PROJECT, self.server.last)])
        statement = f"EXPLAIN (ANALYZE, FORMAT JSON) DELETE FROM {TABLE} WHERE {condition}"
        work = self.server.work(self.folder)
        with duckdb.connect(work.database) as connection:
            connection.begin()
            rows = connection.sql(statement).fetchall()
            connection.rollback()
        scan = next(_scans(json.loads(rows[0][1])))
        return {
            "condition": condition,
            "filters": scan["extra_info"].get("Filters", ""),
            # Names as of DuckDB 2, then as of 1.
            "rows_scanned": scan.get("rows_scanned", scan.get("operator_rows_scanned")),
            "row_groups_scanned": scan.get("row_groups_scanned"),
            "row_groups": scan.get("total_row_groups_to_scan"),
        }


def _scans(plan: Any) -> Iterator[dict[str, Any]]:
    """The table scans of a plan, wherever they are in it."""
    if isinstance(plan, list):
        for part in plan:
            yield from _scans(part)
    elif isinstance(plan, dict):
        kind = plan.get("type") or plan.get("operator_type") or ""
        if isinstance(kind, str) and kind.endswith("TABLE_SCAN"):
            yield plan
        for part in plan.values():
            yield from _scans(part)


def markdown(warehouses: list[Warehouse], scans: list[dict[str, Any]], options: Any) -> str:
    """Both tables: nights, and what a delete reads."""
    smallest = warehouses[0]
    nights = [
        [
            f"{warehouse.events:,}",
            f"{warehouse.median('wall'):.2f}",
            f"{warehouse.median('wall') / smallest.median('wall'):.2f}",
            f"{warehouse.median('cpu'):.2f}",
            f"{warehouse.median('cpu') / smallest.median('cpu'):.2f}",
            f"{warehouse.median('requests'):.0f}",
        ]
        for warehouse in warehouses
    ]
    deletes = [
        [
            f"{warehouse.events + options.runs * options.night_events:,}",
            _number(scan["rows_scanned"]),
            _number(scan["row_groups_scanned"]),
            _number(scan["row_groups"]),
        ]
        for warehouse, scan in zip(warehouses, scans, strict=True)
    ]
    return "\n\n".join(
        [
            report.table(["events held", "s", "ratio", "CPU s", "ratio", "requests"], nights),
            f"Medians of {options.runs} nights of {options.night_events:,} new events, after"
            f" {options.days} days.",
            f"`DELETE` of the newest day, `WHERE {scans[-1]['condition']}`:",
            report.table(["rows held", "rows scanned", "row groups scanned", "of"], deletes),
        ]
    )


def _number(value: int | None) -> str:
    return "not told" if value is None else f"{value:,}"


def main() -> None:
    """Measure, print, write."""
    parser = report.parser(__doc__)
    sizes = [100_000, 1_000_000, 10_000_000]
    parser.add_argument("--sizes", type=int, nargs="+", default=sizes)
    parser.add_argument("--days", type=int, default=100)
    parser.add_argument("--night-events", type=int, default=10_000)
    parser.add_argument("--runs", type=int, default=5)
    smoke = {"sizes": [2_000, 4_000], "days": 4, "night_events": 1_000, "runs": 1}
    options = report.parse(parser, smoke)
    with ExitStack() as stack:
        warehouses = []
        for size in sorted(options.sizes):
            server = stack.enter_context(harness.serving(size, options.days))
            folder = stack.enter_context(tempfile.TemporaryDirectory())
            warehouses.append(Warehouse(size, server, folder))
            made = warehouses[-1].sync()
            print(f"made a warehouse of {size:,} in {made['wall']:.1f} s", file=sys.stderr)
        for _ in range(options.runs):
            for warehouse in warehouses:
                warehouse.night(options.night_events)
        for warehouse in warehouses:
            database = warehouse.server.work(warehouse.folder).database
            held = warehouse.events + options.runs * options.night_events
            harness.check_rows(database, TABLE, held)
        scans = [warehouse.scans() for warehouse in warehouses]
    figures = {
        str(warehouse.events): {"nights": warehouse.nights, "delete": scan}
        for warehouse, scan in zip(warehouses, scans, strict=True)
    }
    report.publish(options, "growth", figures, markdown(warehouses, scans, options))


if __name__ == "__main__":
    main()
