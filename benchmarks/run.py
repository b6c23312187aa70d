"""Time a whole sync against the limit: the same events downloaded, decoded and inserted, no more.

Both load the same events from a sandbox server in a process of its own into a fresh DuckDB file,
in turns. What counts is the ratio of the medians.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from pathlib import Path

import duckdb

from openpanel_source.client import Client, Credentials
from openpanel_source.destination import open_pipeline
from openpanel_source.ledger import Reason
from openpanel_source.pipeline import sync
from openpanel_source.plan import PlannedDay
from openpanel_source.query import EventQuery
from openpanel_source.read import DayReader
from openpanel_source.sandbox.generate import DEMO_CLIENT_ID, DEMO_CLIENT_SECRET
from openpanel_source.settings import utc_now

PROJECT = "acme-shop"


def connector(url: str, folder: Path, days: int) -> int:
    """A sync as users run it, with planning, proof, ledger and merge."""
    summary = sync(
        open_pipeline(database=str(folder / "connector.duckdb")),
        project_id=PROJECT,
        client_id=DEMO_CLIENT_ID,
        client_secret=DEMO_CLIENT_SECRET,
        base_url=url,
    )
    assert summary.is_verified
    return summary.events_loaded


def limit(url: str, folder: Path, days: int) -> int:
    """Pages into Arrow into DuckDB, without a framework and without proof of anything."""
    client = Client(url, Credentials(DEMO_CLIENT_ID, DEMO_CLIENT_SECRET))
    reader = DayReader(client, EventQuery(), 8, utc_now, "")
    today = datetime.now(timezone.utc).date()
    wanted = [PlannedDay(PROJECT, today - timedelta(days=back), Reason.NEW) for back in range(days)]
    rows = 0
    with duckdb.connect(str(folder / "limit.duckdb")) as connection:
        for reading in reader.read_days(wanted):
            for table in reading.tables:
                connection.register("page", table)
                target = "INSERT INTO events" if rows else "CREATE TABLE events AS"
                connection.execute(f"{target} SELECT * FROM page")
                rows += table.num_rows
    return rows


CONTESTANTS: dict[str, Callable[[str, Path, int], int]] = {"connector": connector, "limit": limit}


def measure(name: str, url: str, days: int) -> dict[str, float]:
    """One run of a contestant in a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, __file__, "--contestant", name, "--url", url]
        command += ["--folder", folder, "--days", str(days)]
        environment = {**os.environ, "DLT_DATA_DIR": folder, "RUNTIME__LOG_LEVEL": "CRITICAL"}
        result = subprocess.run(
            command, capture_output=True, text=True, check=True, env=environment
        )
    figures: dict[str, float] = json.loads(result.stdout)
    return figures


def run_contestant(name: str, url: str, folder: Path, days: int) -> None:
    """Load once and print the figures."""
    started = time.perf_counter()
    rows = CONTESTANTS[name](url, folder, days)
    wall = time.perf_counter() - started
    usage = resource.getrusage(resource.RUSAGE_SELF)
    cpu = usage.ru_utime + usage.ru_stime
    print(json.dumps({"wall": wall, "cpu": cpu, "peak_mb": usage.ru_maxrss / 1024, "rows": rows}))


def main() -> None:
    """Serve, measure in turns, print a table and write benchmarks/results.json."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=200_000)
    parser.add_argument("--days", type=int, default=30)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--contestant", choices=CONTESTANTS)
    parser.add_argument("--url")
    parser.add_argument("--folder", type=Path)
    options = parser.parse_args()
    if options.contestant:
        run_contestant(options.contestant, options.url, options.folder, options.days)
        return
    command = [sys.executable, "-m", "openpanel_source.cli", "sandbox", "--rate-limit", "1000000"]
    command += ["--events", str(options.events), "--days", str(options.days)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        url = server.stdout.readline().split()[-1]
        runs: dict[str, list[dict[str, float]]] = {name: [] for name in CONTESTANTS}
        for _ in range(options.runs):
            for name, figures in runs.items():
                figures.append(measure(name, url, options.days))
        server.terminate()
    report(runs)


def report(runs: dict[str, list[dict[str, float]]]) -> None:
    """Print medians and ratios, and keep them as JSON."""
    medians = {
        name: {key: statistics.median(run[key] for run in figures) for key in figures[0]}
        for name, figures in runs.items()
    }
    Path(__file__).with_name("results.json").write_text(json.dumps(medians, indent=1) + "\n")
    print("| contestant | rows | wall s | cpu s | peak MB | wall / limit |")
    print("|---|---|---|---|---|---|")
    for name, median in medians.items():
        ratio = median["wall"] / medians["limit"]["wall"]
        print(
            f"| {name} | {median['rows']:,.0f} | {median['wall']:.2f} | {median['cpu']:.2f}"
            f" | {median['peak_mb']:.0f} | {ratio:.2f} |"
        )


if __name__ == "__main__":
    main()
