"""Sync against a server that limits requests as OpenPanel's does: how much of the limit is used."""

from __future__ import annotations

import json
import sys
import tempfile
from dataclasses import asdict
from typing import Any

from benchmarks import harness, report
from benchmarks.pages import BLOCK

REQUESTS, SECONDS = 100, 10.0
"""The limit of the real server, for a client."""


def sustained(stats: dict[str, Any]) -> dict[str, float]:
    """Events a second that the server's own records show.

    Args:
        stats: The server's.

    Returns:
        ``from_first_to_last``: over the time from the first request of a page to the last, which
        flatters, as the last window is used at once but not waited for; ``in_whole_windows``: over
        the windows that were opened after the first page and followed by another.
    """
    elapsed = stats["last_page_at"] - stats["first_page_at"]
    whole = [window for window in stats["windows"] if window["opened"] > stats["first_page_at"]]
    figures = {
        "from_first_to_last": stats["events"] / elapsed if elapsed else 0.0,
        "in_whole_windows": 0.0,
        "windows": max(len(whole) - 1, 0),
    }
    if len(whole) > 1:
        events = sum(window["events"] for window in whole[:-1])
        figures["in_whole_windows"] = events / (whole[-1]["opened"] - whole[0]["opened"])
    return figures


def measure(options: Any) -> dict[str, float]:
    """One sync; its figures."""
    limit = f"{options.requests}/{options.seconds}s"
    more = ("--rate-limit", limit, "--latency-ms", str(options.latency_ms))
    with (
        harness.serving(options.events, options.days, *more) as server,
        tempfile.TemporaryDirectory() as folder,
    ):
        work = json.dumps(asdict(server.work(folder)))
        command = [sys.executable, "-m", "benchmarks.contestants", "connector", work]
        process = harness.run(command, folder)
        stats = server.ask("/stats")
        loaded = json.loads(process.output.splitlines()[-1])
        harness.check_rows(server.work(folder).database, loaded["table"], options.events)
    most = options.requests / options.seconds * BLOCK
    figures = sustained(stats)
    return {
        **figures,
        "most": most,
        "share": figures["in_whole_windows"] / most,
        "share_from_first_to_last": figures["from_first_to_last"] / most,
        "requests": stats["requests"],
        "pages": stats["pages"],
        "limited": stats["limited"],
        "wall": loaded["wall"],
        "cpu": loaded["cpu"],
        "core": loaded["cpu"] / loaded["wall"],
    }


def main() -> None:
    """Measure, print, write."""
    parser = report.parser(__doc__)
    # So many that the seventh window begins: a minute of whole ones.
    parser.add_argument("--events", type=int, default=750_000)
    parser.add_argument("--days", type=int, default=30)
    parser.add_argument("--requests", type=int, default=REQUESTS)
    parser.add_argument("--seconds", type=float, default=SECONDS)
    parser.add_argument("--latency-ms", type=float, default=200)
    smoke = {"events": 30_000, "days": 3, "requests": 10, "seconds": 1.0, "latency_ms": 20}
    options = report.parse(parser, smoke)
    figures = measure(options)
    rows = [
        ["events a second in whole windows", f"{figures['in_whole_windows']:,.0f}"],
        ["share of the limit", f"{figures['share']:.1%}"],
        ["share from the first to the last page", f"{figures['share_from_first_to_last']:.1%}"],
        ["whole windows", f"{figures['windows']:.0f}"],
        ["requests, of them pages", f"{figures['requests']:.0f}, {figures['pages']:.0f}"],
        ["answers of status 429", f"{figures['limited']:.0f}"],
        ["seconds, CPU seconds", f"{figures['wall']:.1f}, {figures['cpu']:.1f}"],
        ["share of one core", f"{figures['core']:.0%}"],
    ]
    limit = (
        f"{options.requests} requests in {options.seconds:.0f} s of up to {BLOCK:,} events, answers"
        f" after {options.latency_ms:.0f} ms, {options.events:,} events"
    )
    text = report.table([limit, ""], rows)
    report.publish(options, "rate limit", figures, text)


if __name__ == "__main__":
    main()
