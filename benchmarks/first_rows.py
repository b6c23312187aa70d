"""Sync with and without commits on the way: when rows can be queried, and what commits cost."""

from __future__ import annotations

import json
import sys
import tempfile
import threading
import time
from contextlib import suppress
from pathlib import Path
from statistics import median

import duckdb

from benchmarks import harness, report
from benchmarks.rate_limit import REQUESTS, SECONDS

WAYS = {
    "commits": [],
    "one commit": ["--commit-seconds", "inf", "--max-events-per-run", "100000000"],
}
"""Options of the command."""
_LOOK_SECONDS = 0.1
Figures = dict[str, float]


class _Reader(threading.Thread):
    """Asks a DuckDB file, as another process than the sync, until it holds events."""

    def __init__(self, database: Path) -> None:
        super().__init__(daemon=True)
        self._database = database
        self._ended = threading.Event()
        self._begun = time.perf_counter()
        self.seconds = 0.0
        """Until the first answer."""
        self.rows = 0
        """That it counted."""

    def run(self) -> None:
        while not self.rows and not self._ended.wait(_LOOK_SECONDS):
            # Not there yet, or the sync has it open, or it holds no such table.
            with suppress(duckdb.Error):
                if self._database.exists():
                    self._ask()

    def _ask(self) -> None:
        with duckdb.connect(str(self._database), read_only=True) as connection:
            answer = connection.execute("SELECT count(*) FROM openpanel.events")
            [[self.rows]] = answer.fetchall()
        self.seconds = time.perf_counter() - self._begun

    def stop(self) -> None:
        """Ask no more."""
        self._ended.set()
        self.join()


def measure(server: harness.Server, options: list[str], events: int) -> Figures:
    """One sync of the command into a fresh file; its figures."""
    server.ask("/stats/reset")
    with tempfile.TemporaryDirectory() as folder:
        work = server.work(folder)
        settings = {
            "PROJECT_ID": work.project,
            "CLIENT_ID": work.client_id,
            "CLIENT_SECRET": work.client_secret,
            "BASE_URL": work.url,
        }
        environment = {f"SOURCES__OPENPANEL__{name}": value for name, value in settings.items()}
        command = [sys.executable, "-m", "openpanel_source.cli", "sync", "--json", *options]
        database = Path(folder) / "warehouse.duckdb"
        reader = _Reader(database)
        reader.start()
        process = harness.run(command, folder, environment)
        reader.stop()
        harness.check_rows(str(database), "openpanel.events", events)
    summary = json.loads(process.output)
    return {
        "first_seconds": reader.seconds or process.wall,
        "first_rows": reader.rows or events,
        "commits": summary["runs"],
        "requests": summary["requests"],
        "wall": process.wall,
        "cpu": process.cpu,
        "peak_mb": process.peak_mb,
    }


def in_turns(events: int, days: int, runs: int, *server: str) -> dict[str, list[Figures]]:
    """The figures of each way, one after the other."""
    found: dict[str, list[Figures]] = {way: [] for way in WAYS}
    with harness.serving(events, days, *server) as running:
        for number in range(1, runs + 1):
            for way, done in found.items():
                done.append(measure(running, WAYS[way], events))
                print(f"run {number}: {way} {done[-1]['wall']:.1f} s", file=sys.stderr)
    return found


def _rows(name: str, runs: dict[str, list[Figures]]) -> list[list[str]]:
    rows = []
    medians = {
        way: {key: median(run[key] for run in done) for key in done[0]}
        for way, done in runs.items()
    }
    for way, figures in medians.items():
        whole = medians["one commit"]
        rows.append(
            [
                f"{name}, {way}",
                f"{figures['first_seconds']:.1f}",
                f"{figures['first_rows']:,.0f}",
                f"{figures['commits']:.0f}",
                f"{figures['requests']:.0f}",
                f"{figures['wall']:.1f}",
                f"{figures['wall'] / whole['wall'] - 1:+.1%}",
                f"{figures['cpu']:.1f}",
                f"{figures['peak_mb']:.0f}",
            ]
        )
    return rows


def main() -> None:
    """Measure, print, write."""
    parser = report.parser(__doc__)
    parser.add_argument("--events", type=int, default=1_000_000, help="without a rate limit")
    parser.add_argument("--limited-events", type=int, default=300_000)
    parser.add_argument("--days", type=int, default=30)
    parser.add_argument("--runs", type=int, default=3, help="without a rate limit; one with it")
    parser.add_argument("--latency-ms", type=float, default=200)
    smoke = {"events": 30_000, "limited_events": 30_000, "days": 3, "runs": 1, "latency_ms": 5}
    options = report.parse(parser, smoke)
    limit = ["--rate-limit", f"{REQUESTS}/{SECONDS}s", "--latency-ms", str(options.latency_ms)]
    limited = in_turns(options.limited_events, options.days, 1, *limit)
    free = in_turns(options.events, options.days, options.runs)
    header = ["", "first rows after s", "rows", "commits", "requests", "s", "cost", "CPU s", "MB"]
    rows = [
        *_rows(f"{options.limited_events:,} events at the limit", limited),
        *_rows(f"{options.events:,} events without", free),
    ]
    text = report.table(header, rows) + (
        f"\n\nOver {options.days} days; medians of {options.runs} runs in turns without the limit,"
        f" one with it ({REQUESTS} requests in {SECONDS:.0f} s, answers after"
        f" {options.latency_ms:.0f} ms). Seconds are those of the whole process, its start"
        " included; another process asked for the rows meanwhile, ten times a second."
    )
    report.publish(options, "first rows", {"limited": limited, "free": free}, text)


if __name__ == "__main__":
    main()
