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
TOLD, NOT_TOLD = "told in headers", "not told"


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


def measure(options: Any, *, is_silent: bool) -> dict[str, float]:
    """One sync, of a server that tells its limit or not; its figures."""
    # What is not told is taken for the usual limit.
    requests, seconds = (REQUESTS, SECONDS) if is_silent else (options.requests, options.seconds)
    more = ["--rate-limit", f"{requests}/{seconds}s", "--latency-ms", str(options.latency_ms)]
    more += ["--silent"] * is_silent
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
    most = requests / seconds * BLOCK
    figures = sustained(stats)
    return {
        **figures,
        "most": most,
        "share": figures["in_whole_windows"] / most,
        "share_from_first_to_last": figures["from_first_to_last"] / most,
        "requests": stats["requests"],
        "pages": stats["pages"],
        "limited": stats["limited"],
        "refused": stats["limited"] / stats["requests"],
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
    figures = {name: measure(options, is_silent=name != TOLD) for name in (TOLD, NOT_TOLD)}
    lines: list[tuple[str, str]] = [
        ("events a second in whole windows", "{in_whole_windows:,.0f}"),
        ("share of the limit", "{share:.1%}"),
        ("share from the first to the last page", "{share_from_first_to_last:.1%}"),
        ("whole windows", "{windows:.0f}"),
        ("requests, of them pages", "{requests:.0f}, {pages:.0f}"),
        ("answers of status 429", "{limited:.0f} ({refused:.1%})"),
        ("seconds, CPU seconds", "{wall:.1f}, {cpu:.1f}"),
        ("share of one core", "{core:.0%}"),
    ]
    rows = [[title, *(form.format(**found) for found in figures.values())] for title, form in lines]
    limit = (
        f"{options.requests} requests in {options.seconds:.0f} s of up to {BLOCK:,} events, answers"
        f" after {options.latency_ms:.0f} ms, {options.events:,} events"
    )
    text = report.table([limit, *figures], rows)
    report.publish(options, "rate limit", figures, text)


if __name__ == "__main__":
    main()
