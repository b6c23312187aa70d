"""Time the contestants in turns: the same events from one server into fresh DuckDB files.

As often as there are shapes: many events over many days, and as many over few long ones.
"""

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
_SLOW = ("expert", "rest_api")
Figures = dict[str, float]


def measure(name: str, server: harness.Server, events: int) -> Figures:
    """One run of a contestant in a process of its own.

    Returns:
        ``wall`` and ``cpu`` seconds of the load without imports, ``process_wall`` and
        ``process_cpu`` with everything, ``peak_mb``, ``events``, ``rows``, ``requests`` and
        ``pages``.
    """
    server.ask("/stats/reset")
    with tempfile.TemporaryDirectory() as folder:
        work = json.dumps(asdict(server.work(folder)))
        command = [sys.executable, "-m", "benchmarks.contestants", name, work]
        process = harness.run(command, folder)
        figures = json.loads(process.output.splitlines()[-1])
        harness.check_rows(server.work(folder).database, figures.pop("table"), events)
    figures["rows"] = figures["events"] = events
    asked = server.ask("/stats")
    figures |= {name: asked[name] for name in ("requests", "pages")}
    figures |= {"process_wall": process.wall, "process_cpu": process.cpu}
    return {**figures, "peak_mb": process.peak_mb}


def summary(runs: list[Figures]) -> Figures:
    """Medians of the runs, and of the time also the fastest and slowest."""
    figures = {name: float(median(run[name] for run in runs)) for name in runs[0]}
    walls = [run["wall"] for run in runs]
    return {**figures, "fastest": min(walls), "slowest": max(walls)}


def markdown(results: dict[str, Figures], runs: dict[str, int], days: int) -> str:
    """The results of a shape as a table, and what to know of them.

    Args:
        results: Medians by contestant.
        runs: How many runs they are of.
        days: Of the events.
    """
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
    text = f"{days} days of {most / days:,.0f} events:\n\n{report.table(_HEADER, rows)}"
    if any(figures["events"] < most for figures in results.values()):
        text += (
            "\n\n¹ Loads fewer events, in the interest of time; its ratios are of the time an"
            " event, as if it needed the same for each of more events."
        )
    often = max(runs.values())
    seldom = [TITLES[name] for name, number in runs.items() if number < often]
    text += f"\n\nMedians of {often} runs in turns"
    if seldom:
        text += f", of {min(runs.values())} of {' and '.join(seldom)}"
    return f"{text}. *load* is without the imports before it, *process* with all."


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
    parser.add_argument("--days", type=int, nargs="+", default=[30, 10], help="of each shape")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--slow-runs", type=int, default=3, help="of those that take a minute")
    parser.add_argument("--only", nargs="+", choices=NAMES, default=NAMES)
    smoke = {"events": 3_000, "rest_api_events": 1_000, "days": [3, 1], "runs": 1}
    options = report.parse(parser, smoke)
    figures, texts = {}, []
    for days in options.days:
        runs = _in_turns(options, days)
        results = {name: summary(done) for name, done in runs.items()}
        figures[f"{days} days"] = {"medians": results, "runs": runs}
        often = {name: len(done) for name, done in runs.items()}
        texts.append(markdown(results, often, days))
    report.publish(options, "throughput", figures, "\n\n".join(texts))


def _in_turns(options: Any, days: int) -> dict[str, list[Figures]]:
    """All runs of a shape; those of ``rest_api``, in all shapes the slowest, in the first only."""
    names = [name for name in options.only if name != "rest_api" or days == options.days[0]]
    runs: dict[str, list[Figures]] = {name: [] for name in names}
    few = min(options.rest_api_events, options.events)
    with (
        harness.serving(options.events, days) as server,
        harness.serving(few, days) as small,
    ):
        for number in range(options.runs):
            for name, done in runs.items():
                if name in _SLOW and number >= options.slow_runs:
                    continue
                is_small = name == "rest_api"
                chosen, events = (small, few) if is_small else (server, options.events)
                done.append(measure(name, chosen, events))
                print(f"run {number + 1}: {name} {done[-1]['wall']:.2f} s", file=sys.stderr)
    return runs


if __name__ == "__main__":
    main()
