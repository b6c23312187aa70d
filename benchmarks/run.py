"""Time the contestants in turns: the same events from one server into fresh DuckDB files."""

from __future__ import annotations

import json
import sys
import tempfile
from dataclasses import asdict
from statistics import median
from typing import Any

from benchmarks import harness, report
from benchmarks.contestants import NAMES

TITLES = {
    "connector": "openpanel-source",
    "limit": "the limit: no framework, nothing verified",
    "expert": "hand-written dlt resource, tuned",
    "rest_api": "dlt `rest_api`, Parquet",
}
_HEADER = (
    "who",
    "events",
    "load s",
    "CPU s",
    "process s",
    "peak MB",
    "rows",
    "load / limit",
    "CPU / limit",
    "load / connector",
)
Figures = dict[str, float]


def measure(name: str, server: harness.Server, events: int) -> Figures:
    """One run of a contestant in a process of its own.

    Returns:
        ``wall`` and ``cpu`` seconds of the load without imports, ``process_wall`` and
        ``process_cpu`` with everything, ``peak_mb``, ``rows``, ``requests`` and ``pages``.
    """
    server.ask("/stats/reset")
    with tempfile.TemporaryDirectory() as folder:
        work = json.dumps(asdict(server.work(folder)))
        command = [sys.executable, "-m", "benchmarks.contestants", name, work]
        process = harness.run(command, folder)
        figures = json.loads(process.output.splitlines()[-1])
        harness.check_rows(server.work(folder).database, figures.pop("table"), events)
    figures["rows"] = events
    asked = server.ask("/stats")
    figures |= {name: asked[name] for name in ("requests", "pages")}
    figures |= {"process_wall": process.wall, "process_cpu": process.cpu}
    return {**figures, "peak_mb": process.peak_mb}


def summary(runs: list[Figures], events: int) -> Figures:
    """Medians of the runs, and of the time also the fastest and slowest."""
    figures = {name: float(median(run[name] for run in runs)) for name in runs[0]}
    walls = [run["wall"] for run in runs]
    return {**figures, "events": events, "fastest": min(walls), "slowest": max(walls)}


def markdown(results: dict[str, Figures], options: Any) -> str:
    """The results as a table, and what to know of them."""
    rows = []
    most = max(figures["events"] for figures in results.values())
    for name, figures in results.items():
        rows.append(
            [
                TITLES[name] + (" ¹" if figures["events"] < most else ""),
                f"{figures['events']:,.0f}",
                f"{figures['wall']:.2f} ({figures['fastest']:.2f}–{figures['slowest']:.2f})",
                f"{figures['cpu']:.2f}",
                f"{figures['process_wall']:.2f}",
                f"{figures['peak_mb']:,.0f}",
                f"{figures['rows']:,.0f}",
                _ratio(figures, results.get("limit"), "wall"),
                _ratio(figures, results.get("limit"), "cpu"),
                _ratio(figures, results.get("connector"), "wall"),
            ]
        )
    text = report.table(_HEADER, rows) + (
        f"\n\nMedians of {options.runs} runs in turns; {options.events:,} events over"
        f" {options.days} days. *load* is without the imports before it, *process* with all."
    )
    if any(figures["events"] < most for figures in results.values()):
        text += (
            f"\n\n¹ Loaded {options.rest_api_events:,} events only, in the interest of time; its"
            " ratios are of the time an event, as if it needed the same for each of more events."
        )
    return text


def _ratio(figures: Figures, other: Figures | None, what: str) -> str:
    """How many times as long an event takes as with the other."""
    if other is None:
        return ""
    return f"{(figures[what] / figures['events']) / (other[what] / other['events']):.2f}"


def main() -> None:
    """Measure, print, write."""
    parser = report.parser(__doc__)
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--rest-api-events", type=int, default=100_000)
    parser.add_argument("--days", type=int, default=30)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--only", nargs="+", choices=NAMES, default=NAMES)
    smoke = {"events": 3_000, "rest_api_events": 1_000, "days": 3, "runs": 1}
    options = report.parse(parser, smoke)
    sizes = {
        name: min(options.rest_api_events, options.events) if name == "rest_api" else options.events
        for name in options.only
    }
    runs: dict[str, list[Figures]] = {name: [] for name in options.only}
    with (
        harness.serving(options.events, options.days) as server,
        harness.serving(min(options.rest_api_events, options.events), options.days) as small,
    ):
        for number in range(1, options.runs + 1):
            for name, done in runs.items():
                chosen = small if name == "rest_api" else server
                done.append(measure(name, chosen, sizes[name]))
                print(f"run {number}: {name} {done[-1]['wall']:.2f} s", file=sys.stderr)
    results = {name: summary(done, sizes[name]) for name, done in runs.items()}
    figures = {"medians": results, "runs": runs}
    report.publish(options, "throughput", figures, markdown(results, options))


if __name__ == "__main__":
    main()
