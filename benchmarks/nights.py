"""Count the requests of a night: nothing changed, and some changed days, among settled ones."""

from __future__ import annotations

import os
import tempfile
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from benchmarks import report
from openpanel_source.destinations.pipelines import open_pipeline
from openpanel_source.operations.runs.summary import SyncSummary
from openpanel_source.operations.sync import sync
from openpanel_source.sandbox import Dataset, Sandbox
from openpanel_source.sandbox.dataset import Accounts, Client, Organization, Project

NOW = datetime(2026, 11, 23, 12, tzinfo=timezone.utc)
CLIENT = Client("11111111-1111-4111-8111-111111111111", "root", "acme", None, "sec_benchmark")


def event(number: int, day: int) -> dict[str, Any]:
    """An event so many days ago."""
    return {
        "id": f"00000000-0000-4000-8000-{number:012d}",
        "name": "screen_view",
        "projectId": "web",
        "createdAt": f"{NOW.date() - timedelta(days=day)}T10:00:00.000Z",
        "properties": {},
        "groups": [],
    }


def measure(days: int) -> list[tuple[str, SyncSummary]]:
    """The nights, in turn, after so many days that hold an event each."""
    os.environ["RUNTIME__LOG_LEVEL"] = "CRITICAL"
    accounts = Accounts([Organization("acme")], [Project("web", "acme")], [CLIENT])
    rows = [event(number, number) for number in range(1, days + 1)]
    with (
        tempfile.TemporaryDirectory() as folder,
        Sandbox(Dataset(accounts, {"web": []}), rate_limit=None, now=lambda: NOW) as sandbox,
    ):
        sandbox.add(rows)
        os.environ["DLT_DATA_DIR"] = folder

        def night() -> SyncSummary:
            return sync(
                open_pipeline(database=str(Path(folder) / "nights.duckdb")),
                project_id="web",
                client_id=CLIENT.id,
                client_secret=CLIENT.secret,
                base_url=sandbox.url,
                now=NOW.isoformat(),
            )

        nights = []
        for name, changed in (
            ("first sync", ()),
            ("nothing changed", ()),
            ("one changed day", (days * 2 // 3,)),
            ("three changed days", (20, days // 2, days - 1)),
            ("a row back-dated by ten years", (3650,)),
        ):
            sandbox.add([event(10_000 + day, day) for day in changed])
            nights.append((name, night()))
    return nights


def main() -> None:
    """Measure, print, write."""
    parser = report.parser(__doc__)
    parser.add_argument("--days", type=int, default=730)
    options = report.parse(parser, {"days": 40})
    nights = measure(options.days)
    rows = [[name, f"{night.days_read}", f"{night.requests}"] for name, night in nights]
    text = report.table(["night", "days read", "requests"], rows)
    text += f"\n\n{options.days} days that hold events; no page is long."
    report.publish(options, "nights", {name: night.as_dict() for name, night in nights}, text)


if __name__ == "__main__":
    main()
