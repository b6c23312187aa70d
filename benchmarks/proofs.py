"""Time what proves old days again: the listing that each night begins with, and comparing values.

A quiet night is timed with and without its budget of requests; values are those of all days.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks import harness, report
from openpanel_source.destinations.pipelines import open_pipeline
from openpanel_source.operations.audit import audit
from openpanel_source.operations.runs.summary import SyncSummary
from openpanel_source.operations.sync import sync
from openpanel_source.operations.values.choose_days import ALL

BUDGETS = (0, 10, 100)


class Warehouse:
    """A warehouse that holds what a server does.

    Args:
        server: With events of past days.
        folder: For the file.
    """

    def __init__(self, server: harness.Server, folder: str) -> None:
        self._work = server.work(folder)
        self._path = str(Path(folder) / "proofs.duckdb")
        self.now = datetime.now(timezone.utc)

    def settings(self) -> dict[str, Any]:
        """What a sync and an audit are given."""
        work = self._work
        return {
            "project_id": work.project,
            "client_id": work.client_id,
            "client_secret": work.client_secret,
            "base_url": work.url,
            "now": self.now,
        }

    def night(self, budget: int) -> SyncSummary:
        """A sync, a day after the last."""
        self.now += timedelta(days=1)
        pipeline = open_pipeline(database=self._path)
        return sync(pipeline, scrub_requests=budget, **self.settings())

    def compare(self) -> tuple[float, int]:
        """Seconds to compare all values, and how many there are."""
        pipeline = open_pipeline(database=self._path)
        started = time.perf_counter()
        found = audit(pipeline, values=ALL, **self.settings()).values
        assert found is not None
        assert found.is_equal
        return time.perf_counter() - started, found.fields


@contextmanager
def loaded(events: int, days: int) -> Iterator[Warehouse]:
    """A warehouse that was loaded from a server with so many events over so many days."""
    os.environ["RUNTIME__LOG_LEVEL"] = "CRITICAL"
    with tempfile.TemporaryDirectory() as folder, harness.serving(events, days) as server:
        os.environ["DLT_DATA_DIR"] = folder
        warehouse = Warehouse(server, folder)
        warehouse.night(0)
        # The day that was open is settled.
        warehouse.night(0)
        yield warehouse


def measure(events: int, days: int, nights: int) -> dict[str, Any]:
    """Seconds and requests of nights by budget, and seconds of a comparison."""
    found: dict[str, Any] = {}
    with loaded(events, days) as warehouse:
        for budget in BUDGETS:
            done = [warehouse.night(budget) for _ in range(nights)]
            found[f"{budget} requests"] = {
                "seconds": median(one.seconds for one in done),
                "requests": median(one.requests for one in done),
                "listed": median(one.scrub.days if one.scrub else 0 for one in done),
            }
        seconds, values = warehouse.compare()
    found["values"] = {"seconds": seconds, "values": values}
    return found


def main() -> None:
    """Measure, print, write."""
    parser = report.parser(__doc__)
    parser.add_argument("--events", type=int, default=200_000)
    parser.add_argument("--days", type=int, default=400)
    parser.add_argument("--nights", type=int, default=5)
    options = report.parse(parser, {"events": 600, "days": 20, "nights": 1})
    figures = measure(options.events, options.days, options.nights)
    rows = [
        [
            f"{budget}",
            f"{night['requests']:,.0f}",
            f"{night['listed']:,.0f}",
            f"{night['seconds']:.2f}",
        ]
        for budget, night in ((one, figures[f"{one} requests"]) for one in BUDGETS)
    ]
    text = report.table(["`scrub_requests`", "requests a night", "days listed", "s"], rows)
    values = figures["values"]
    each = values["seconds"] / values["values"] * 100_000
    text += (
        f"\n\nMedians of {options.nights} quiet nights over {options.days:,} days of"
        f" {options.events // options.days:,} events, into DuckDB."
        f" `audit --values --all` compared {values['values']:,} values in"
        f" {values['seconds']:.1f} s: {each:.2f} s for 100,000."
    )
    report.publish(options, "proofs", figures, text)


if __name__ == "__main__":
    main()
