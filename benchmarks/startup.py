"""Time what a command costs before it does anything: ``--help``, and a sync without news."""

from __future__ import annotations

import json
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks import harness, report
from benchmarks.contestants import Work

_COMMAND = str(Path(sys.executable).parent / "openpanel-source")

_SYNC = "sync that finds nothing new"
_LEAST = "import dlt, open a pipeline, one request"

_BASE = """
import sys
import dlt
import requests

url, database, folder, client_id, client_secret, restore = sys.argv[1:]
pipeline = dlt.pipeline(
    "baseline",
    destination=dlt.destinations.duckdb(database),
    dataset_name="openpanel",
    pipelines_dir=folder,
)
if restore:
    pipeline.sync_destination()
headers = {"openpanel-client-id": client_id, "openpanel-client-secret": client_secret}
requests.get(f"{url}/export/events?limit=1", headers=headers).raise_for_status()
"""
"""The least that a dlt pipeline does: import, open, one request; and with ``restore`` its state."""


def commands(work: Work) -> dict[str, list[str]]:
    """What is timed, by name."""
    base = [sys.executable, "-c", _BASE, work.url, work.database, work.folder]
    base += [work.client_id, work.client_secret]
    sync = [_COMMAND, "sync", "--project-id", work.project, "--base-url", work.url]
    return {
        "--help": [_COMMAND, "--help"],
        _SYNC: [*sync, "--database", work.database],
        _LEAST: [*base, ""],
        "the same, and restore the state": [*base, "restore"],
    }


def measure(options: Any) -> tuple[dict[str, list[harness.Run]], int]:
    """The runs of each command, in turns, and the requests of a sync that finds nothing new."""
    with (
        harness.serving(options.events, options.days) as server,
        tempfile.TemporaryDirectory() as folder,
    ):
        work = server.work(folder)
        environment = {
            "SOURCES__OPENPANEL__CLIENT_ID": work.client_id,
            "SOURCES__OPENPANEL__CLIENT_SECRET": work.client_secret,
        }
        timed = commands(work)
        sync = [*timed[_SYNC], "--json"]
        # The first sync loads; all files are read once before the clock starts.
        for command in [sync, *timed.values()]:
            harness.run(command, folder, environment)
        runs: dict[str, list[harness.Run]] = {name: [] for name in timed}
        for _ in range(options.runs):
            for name, command in timed.items():
                runs[name].append(harness.run(command, folder, environment))
        news = json.loads(harness.run(sync, folder, environment).output)
    if news["events_loaded"]:
        raise SystemExit("the last sync was to find nothing new.")
    return runs, news["requests"]


def main() -> None:
    """Measure, print, write."""
    parser = report.parser(__doc__)
    parser.add_argument("--events", type=int, default=30_000)
    parser.add_argument("--days", type=int, default=30)
    parser.add_argument("--runs", type=int, default=5)
    options = report.parse(parser, {"events": 3_000, "days": 3, "runs": 1})
    runs, requests = measure(options)
    walls = {name: median(run.wall for run in done) for name, done in runs.items()}
    cpus = {name: median(run.cpu for run in done) for name, done in runs.items()}
    rows = [
        [name, f"{wall:.2f}", f"{cpus[name]:.2f}", f"{wall / walls[_LEAST]:.2f}"]
        for name, wall in walls.items()
    ]
    text = report.table(["process", "s", "CPU s", "ratio to opening a pipeline"], rows)
    text += f"\n\nMedians of {options.runs}; the sync sends {requests} requests."
    figures = {name: [asdict(run) for run in done] for name, done in runs.items()}
    report.publish(options, "start-up", figures, text)


if __name__ == "__main__":
    main()
