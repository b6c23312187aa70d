"""Count the requests of a night: nothing changed, and one changed day, among 730 settled days."""

from __future__ import annotations

import os
import tempfile
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from openpanel_source.destination import open_pipeline
from openpanel_source.pipeline import SyncSummary, sync
from openpanel_source.sandbox import Dataset, Sandbox
from openpanel_source.sandbox.dataset import Accounts, Client, Organization, Project

DAYS = 730
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


def main() -> None:
    """Print a table of requests."""
    os.environ["RUNTIME__LOG_LEVEL"] = "CRITICAL"
    accounts = Accounts([Organization("acme")], [Project("web", "acme")], [CLIENT])
    rows = [event(number, number) for number in range(1, DAYS + 1)]
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

        print("| night | days read | requests |\n|---|---|---|")
        for name, changed in (
            ("first sync", ()),
            ("nothing changed", ()),
            ("one changed day", (500,)),
            ("three changed days", (20, 300, 729)),
            ("a row back-dated by ten years", (3650,)),
        ):
            sandbox.add([event(10_000 + day, day) for day in changed])
            summary = night()
            print(f"| {name} | {summary.days_read} | {summary.requests} |")


if __name__ == "__main__":
    main()
