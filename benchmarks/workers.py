"""Load partitions by processes that share a client id: how much of the limit they use."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from dataclasses import asdict
from typing import Any

from benchmarks import harness, report
from benchmarks.contestants import Work
from benchmarks.pages import BLOCK
from benchmarks.rate_limit import NOT_TOLD, REQUESTS, SECONDS, TOLD
from openpanel_source import Partition, partitions
from openpanel_source.destinations.pipelines import open_pipeline
from openpanel_source.operations.sync import sync


def together(stats: dict[str, Any], requests: int, seconds: float) -> dict[str, float]:
    """How workers shared the limit, by the server's own records.

    Args:
        stats: The server's.
        requests: Its limit.
        seconds: The length of its window.

    Returns:
        ``used``: requests let through, of those that could have been, from the opening of the
        second window to that of the last; ``refused``: answers of status 429, of all.
    """
    whole = stats["windows"][1:]
    windows = max(len(whole) - 1.0, 0.0)
    figures = {"refused": stats["limited"] / stats["requests"], "windows": windows}
    passed = sum(window["requests"] - window["limited"] for window in whole[:-1])
    time = whole[-1]["opened"] - whole[0]["opened"] if len(whole) > 1 else 0.0
    return figures | {"used": passed / (time / seconds * requests) if time else 0.0}


def measure(options: Any, *, is_silent: bool) -> dict[str, float]:
    """One backfill, from a server that tells its limit or not; its figures."""
    # What is not told is taken for the usual limit.
    requests, seconds = (REQUESTS, SECONDS) if is_silent else (options.requests, options.seconds)
    more = ["--rate-limit", f"{requests}/{seconds}s", "--latency-ms", str(options.latency_ms)]
    more += ["--silent"] * is_silent
    with (
        harness.serving(options.events, options.days, *more) as server,
        tempfile.TemporaryDirectory() as folder,
    ):
        work = server.work(folder)
        found = partitions(count=options.workers, **_settings(work))
        server.ask("/stats/reset")
        workers = [_start(partition, work) for partition in found]
        rows = sum(json.loads(worker.communicate()[0].splitlines()[-1]) for worker in workers)
        stats = server.ask("/stats")
    if rows != options.events:
        raise SystemExit(f"{rows:,} rows were loaded of {options.events:,} events.")
    return {
        **together(stats, requests, seconds),
        "workers": len(found),
        "requests": stats["requests"],
        "limited": stats["limited"],
        "rows": rows,
    }


def _settings(work: Work) -> dict[str, Any]:
    return {
        "project_id": work.project,
        "client_id": work.client_id,
        "client_secret": work.client_secret,
        "base_url": work.url,
    }


def _start(partition: Partition, work: Work) -> subprocess.Popen[str]:
    command = [
        sys.executable,
        "-m",
        "benchmarks.workers",
        "--partition",
        json.dumps(partition.as_dict()),
    ]
    environment = {**os.environ, "BENCHMARK_WORK": json.dumps(asdict(work))}
    return subprocess.Popen(
        command, cwd=harness.HERE.parent, env=environment, stdout=subprocess.PIPE, text=True
    )


def _load(partition: Partition, work: Work) -> None:
    """Load a partition into a file of its own; says how many rows."""
    os.environ["DLT_DATA_DIR"] = f"{work.folder}/{partition.name}"
    pipeline = open_pipeline(database=f"{work.folder}/{partition.name}.duckdb")
    print(sync(pipeline, **_settings(work) | partition.settings).events_loaded)


def main() -> None:
    """Measure, print, write; or be one of the workers."""
    parser = report.parser(__doc__)
    parser.add_argument("--events", type=int, default=600_000)
    parser.add_argument("--days", type=int, default=24)
    parser.add_argument("--workers", type=int, default=4)
    parser.add_argument("--requests", type=int, default=REQUESTS)
    parser.add_argument("--seconds", type=float, default=SECONDS)
    parser.add_argument("--latency-ms", type=float, default=100)
    parser.add_argument("--partition", help="what this worker loads; for internal use")
    smoke = {"events": 60_000, "days": 12, "requests": 25, "seconds": 1.0, "latency_ms": 10}
    options = report.parse(parser, smoke)
    if options.partition:
        work = Work(**json.loads(os.environ["BENCHMARK_WORK"]))
        _load(Partition.from_dict(json.loads(options.partition)), work)
        return
    figures = {name: measure(options, is_silent=name != TOLD) for name in (TOLD, NOT_TOLD)}
    lines = [
        ("share of the limit that is used", "{used:.1%}"),
        ("answers of status 429", "{limited:.0f} ({refused:.1%})"),
        ("requests, whole windows", "{requests:.0f}, {windows:.0f}"),
        ("events loaded", "{rows:,.0f}"),
    ]
    rows = [[title, *(form.format(**found) for found in figures.values())] for title, form in lines]
    header = (
        f"{options.workers} workers, {options.requests} requests in {options.seconds:.0f} s"
        f" of up to {BLOCK:,} events, answers after {options.latency_ms:.0f} ms"
    )
    report.publish(options, "workers", figures, report.table([header, *figures], rows))


if __name__ == "__main__":
    main()
