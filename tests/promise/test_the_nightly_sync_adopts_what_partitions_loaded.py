"""Days that other pipelines have loaded and recorded are taken over, not read again."""

from __future__ import annotations

from typing import Any

import duckdb
import pytest

from openpanel_source.operations.audit import audit
from openpanel_source.operations.erase import erase
from openpanel_source.operations.properties.survey import survey
from openpanel_source.operations.runs.summary import SyncSummary
from openpanel_source.operations.status import read_status
from openpanel_source.operations.sync import sync
from openpanel_source.sandbox import Sandbox
from tests.support.sandbox_world import Row, event, world
from tests.support.warehouse import Warehouse

pytestmark = pytest.mark.sampled(15)

DAYS = [f"2026-11-{day:02d}" for day in range(10, 24)]
TODAY = DAYS[-1]
ROWS = [
    event(10 * int(day[-2:]) + number, createdAt=f"{day}T10:00:0{number}.000Z")
    for day in DAYS
    for number in range(3)
]


def late(day: str, number: int = 9_000) -> Row:
    return event(number, createdAt=f"{day}T23:00:00.000Z")


def load_partition(
    warehouse: Warehouse, sandbox: Sandbox, start: str = DAYS[0], end: str = DAYS[-2], **more: Any
) -> SyncSummary:
    partition = warehouse.pipeline(f"partition_{start}_{end}".replace("-", ""))
    settings = warehouse.settings(sandbox, start_date=start, end_date=end, **more)
    return sync(partition, **settings)


def pages(sandbox: Sandbox) -> int:
    return sum("page=" in item.url for item in sandbox.requests)


@pytest.mark.long
def test_only_the_open_day_is_read_after_a_backfill(warehouse: Warehouse) -> None:
    with world(*ROWS) as sandbox:
        load_partition(warehouse, sandbox, "2026-11-16", "2026-11-22")
        load_partition(warehouse, sandbox, "2026-11-10", "2026-11-15")
        before = pages(sandbox)
        nightly = warehouse.sync(sandbox)
        assert (nightly.days_adopted, nightly.days_read) == (13, 1)
        assert pages(sandbox) - before == 1
        assert len(warehouse.numbers()) == len(ROWS)
        again = warehouse.sync(sandbox)
        assert (again.days_adopted, again.days_read, again.days_unchanged) == (0, 0, 1)
    reasons = "SELECT reason, count(*) FROM sync_days GROUP BY ALL ORDER BY ALL"
    assert warehouse.query(reasons) == [("adopted", 13), ("new", 14)]


def test_what_partitions_loaded_is_seen_before_the_nightly_sync_has_run(
    warehouse: Warehouse,
) -> None:
    with world(*ROWS) as sandbox:
        load_partition(warehouse, sandbox)
        nightly = warehouse.pipeline()
        settings = warehouse.settings(sandbox)
        report = audit(nightly, **settings)
        assert [(str(item.day), item.is_damage) for item in report.differences] == [(TODAY, False)]
        [status] = read_status(nightly)
        assert (status.events, status.verdicts) == (len(ROWS) - 3, {"complete": 13})
        assert survey(nightly, 100).rows == len(ROWS) - 3
        erasure = erase(nightly, ["anna"], erased_profiles=["anna"], **settings)
        assert (len(erasure.days), erasure.left) == (13, [])
    assert warehouse.numbers() == []


def test_partitions_loaded_after_the_nightly_sync_began_are_adopted_as_well(
    warehouse: Warehouse,
) -> None:
    with world(*ROWS) as sandbox:
        warehouse.sync(sandbox, start_date="2026-11-20")
        load_partition(warehouse, sandbox, "2026-11-10", "2026-11-19")
        nightly = warehouse.sync(sandbox)
        assert (nightly.days_adopted, nightly.days_read) == (10, 0)
        assert audit(warehouse.pipeline(), **warehouse.settings(sandbox)).differences == []


@pytest.mark.sampled(9)
@pytest.mark.parametrize("day", ["2026-11-12", "2026-11-22"])
def test_a_day_that_changed_upstream_since_is_read(warehouse: Warehouse, day: str) -> None:
    with world(*ROWS) as sandbox:
        load_partition(warehouse, sandbox)
        sandbox.add([late(day)])
        nightly = warehouse.sync(sandbox)
        assert nightly.days_read == 2
        assert len(warehouse.numbers()) == len(ROWS) + 1


def test_a_row_that_came_for_one_that_went_is_seen_on_the_newest_days(
    warehouse: Warehouse,
) -> None:
    with world(*ROWS) as sandbox:
        load_partition(warehouse, sandbox)
        sandbox.remove([event(220)["id"]])
        sandbox.add([late("2026-11-22")])
        warehouse.sync(sandbox)
        assert warehouse.numbers()[-1] == 9_000
        assert len(warehouse.numbers()) == len(ROWS)


@pytest.mark.sampled(30)
@pytest.mark.parametrize(
    "damage",
    [
        "DELETE FROM events WHERE event_date = '2026-11-12' AND id LIKE '%1'",
        "DELETE FROM events WHERE event_date = '2026-11-12'",
        "INSERT INTO events SELECT * FROM events WHERE event_date = '2026-11-12'",
        "UPDATE sync_days SET verdict = 'short' WHERE day = '2026-11-12'",
        "UPDATE sync_days SET verdict = 'open' WHERE day = '2026-11-12'",
        "UPDATE sync_days SET query_fingerprint = 'other' WHERE day = '2026-11-12'",
        "DELETE FROM sync_days WHERE day = '2026-11-12'",
    ],
)
def test_a_day_that_is_not_whole_is_read(warehouse: Warehouse, damage: str) -> None:
    with world(*ROWS) as sandbox:
        load_partition(warehouse, sandbox)
        with duckdb.connect(str(warehouse.path)) as connection:
            connection.execute("USE openpanel")
            connection.execute(damage)
        nightly = warehouse.sync(sandbox)
        assert (nightly.days_adopted, nightly.days_read) == (12, 2)
        assert len(warehouse.numbers()) == len(ROWS)


def test_a_day_of_another_query_is_read(warehouse: Warehouse) -> None:
    rows = [*ROWS, event(9_000, name="other", createdAt="2026-11-12T20:00:00.000Z")]
    with world(*rows) as sandbox:
        load_partition(warehouse, sandbox, events=["purchase"])
        nightly = warehouse.sync(sandbox)
        assert (nightly.days_adopted, nightly.days_read) == (0, 14)
        assert len(warehouse.numbers()) == len(rows)


def test_the_last_reading_of_a_day_counts_whichever_query_it_was(warehouse: Warehouse) -> None:
    rows = [*ROWS, event(9_000, name="other", createdAt="2026-11-12T20:00:00.000Z")]
    with world(*rows) as sandbox:
        load_partition(warehouse, sandbox)
        load_partition(
            warehouse,
            sandbox,
            "2026-11-12",
            "2026-11-12",
            events=["other"],
            allow_deletions=True,
            now="2026-11-23T13:00Z",
        )
        nightly = warehouse.sync(sandbox)
        assert (nightly.days_adopted, nightly.days_read) == (12, 2)
        assert len(warehouse.numbers()) == len(rows)


@pytest.mark.long
def test_a_repeated_partition_adopts_what_another_cut_had_loaded(warehouse: Warehouse) -> None:
    with world(*ROWS) as sandbox:
        load_partition(warehouse, sandbox, "2026-11-10", "2026-11-15")
        summary = load_partition(warehouse, sandbox, "2026-11-12", "2026-11-18")
        assert (summary.days_adopted, summary.days_read) == (4, 3)
        repeated = load_partition(warehouse, sandbox, "2026-11-12", "2026-11-18")
        assert (repeated.days_adopted, repeated.days_read) == (0, 0)
        assert len(warehouse.numbers()) == 27


def test_reload_reads_what_could_be_adopted(warehouse: Warehouse) -> None:
    with world(*ROWS) as sandbox:
        load_partition(warehouse, sandbox)
        nightly = warehouse.sync(sandbox, reload=True)
        assert (nightly.days_adopted, nightly.days_read) == (0, 14)


def test_a_ledger_of_an_older_version_is_adopted(warehouse: Warehouse) -> None:
    with world(*ROWS) as sandbox:
        load_partition(warehouse, sandbox)
        with duckdb.connect(str(warehouse.path)) as connection:
            for column in ("newest_id", "newest_at"):
                connection.execute(f"ALTER TABLE openpanel.sync_days DROP {column}")
        nightly = warehouse.sync(sandbox)
        # Days whose newest row is not known are compared by their counts alone.
        assert (nightly.days_adopted, nightly.days_read) == (13, 1)
        assert len(warehouse.numbers()) == len(ROWS)


def test_a_quiet_night_after_adoption_costs_a_few_requests(warehouse: Warehouse) -> None:
    with world(*ROWS) as sandbox:
        load_partition(warehouse, sandbox)
        warehouse.sync(sandbox)
        before = len(sandbox.requests)
        quiet = warehouse.sync(sandbox)
        assert quiet.days_read == 0
        assert len(sandbox.requests) - before <= 12
