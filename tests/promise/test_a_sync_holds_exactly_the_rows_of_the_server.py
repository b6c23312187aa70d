"""The dataset of a real server, synced into DuckDB, compared field by field."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest

from openpanel_source.model.schema import EVENTS
from openpanel_source.operations.audit import audit
from openpanel_source.operations.runs.summary import SyncSummary
from openpanel_source.sandbox import Dataset, Sandbox, load_dataset
from tests.support.warehouse import Warehouse

pytestmark = pytest.mark.sampled(36)

RECORDED_AT = datetime(2026, 11, 23, 3, 0, tzinfo=timezone.utc)
DATASET = Path(__file__).parents[1] / "data" / "contract" / "dataset"
ROOT_PROJECTS = ["acme-web", "acme-app", "acme-old", "acme-empty", "2024"]


@pytest.fixture(scope="module")
def dataset() -> Dataset:
    return load_dataset(DATASET)


@pytest.fixture(scope="module")
def server(dataset: Dataset) -> Iterator[Sandbox]:
    with Sandbox(dataset, rate_limit=None, now=lambda: RECORDED_AT) as sandbox:
        yield sandbox


@pytest.fixture(scope="module")
def synced(
    dataset: Dataset, server: Sandbox, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Warehouse, SyncSummary, SyncSummary]:
    """All projects of the dataset, synced twice."""
    warehouse = Warehouse(tmp_path_factory.mktemp("dataset"))
    first = _sync_all(warehouse, dataset, server)
    return warehouse, first, _sync_all(warehouse, dataset, server)


def _sync_all(warehouse: Warehouse, dataset: Dataset, server: Sandbox) -> SyncSummary:
    clients = {client.id[:4]: client for client in dataset.accounts.clients}
    for prefix, projects in (("4444", ["ny-shop"]), ("1111", ROOT_PROJECTS)):
        client = clients[prefix]
        summary = warehouse.sync(
            server,
            project_id=projects,
            client_id=client.id,
            client_secret=client.secret,
            now=RECORDED_AT,
        )
    return summary


def _expected(row: dict[str, Any]) -> dict[str, Any]:
    """A row of the server as a row of the warehouse, written down independently of the code."""
    expected: dict[str, Any] = {
        column.name: row.get(column.field) for column in EVENTS.columns if column.field is not None
    }
    expected["event_date"] = row["createdAt"][:10]
    for column in EVENTS.columns:
        if column.property_key is not None:
            expected[column.name] = row["properties"].get(column.property_key)
    expected["extras"] = None
    for name in ("created_at", "imported_at"):
        if expected[name] is not None:
            expected[name] = datetime.fromisoformat(expected[name].replace("Z", "+00:00"))
    if expected["country"] == "\0\0":
        expected["country"] = None
    return expected


def test_every_field_of_every_row_equals_the_servers(
    dataset: Dataset, synced: tuple[Warehouse, SyncSummary, SyncSummary]
) -> None:
    warehouse, _, _ = synced
    names = [column.name for column in EVENTS.columns]
    selected = ", ".join(
        "CAST(event_date AS VARCHAR)" if name == "event_date" else f'"{name}"' for name in names
    )
    held: dict[tuple[str, str], dict[str, Any]] = {}
    for values in warehouse.query(f"SELECT {selected} FROM events"):
        row = dict(zip(names, values, strict=True))
        for name in ("properties", "groups"):
            row[name] = json.loads(row[name])
        assert (row["project_id"], row["id"]) not in held
        held[row["project_id"], row["id"]] = row
    wanted = {
        (row["projectId"], row["id"]): _expected(row)
        for rows in dataset.events.values()
        for row in rows
    }
    assert held.keys() == wanted.keys()
    for key, row in wanted.items():
        assert held[key] == row


def test_the_ledger_counts_deliveries_and_the_table_holds_each_id_once(
    synced: tuple[Warehouse, SyncSummary, SyncSummary],
) -> None:
    warehouse, first, _ = synced
    counted = warehouse.query(
        "SELECT project_id, sum(total_count), sum(rows_received), sum(distinct_ids)"
        " FROM sync_days GROUP BY 1 HAVING sum(total_count) > 0 ORDER BY 1"
    )
    assert counted == [
        ("2024", 20, 20, 20),
        ("acme-app", 100, 100, 100),
        ("acme-old", 1300, 1300, 1300),
        ("acme-web", 19734, 19734, 19672),
        ("ny-shop", 500, 500, 500),
    ]
    assert first.is_verified
    assert set(first.verdicts) == {"complete", "open"}


def test_a_second_sync_loads_nothing_with_a_handful_of_requests(
    synced: tuple[Warehouse, SyncSummary, SyncSummary],
) -> None:
    _, _, second = synced
    assert second.events_loaded == second.days_read == 0
    assert second.requests <= 8 * len(ROOT_PROJECTS)


def test_tables_have_the_declared_columns_and_types_in_order(
    synced: tuple[Warehouse, SyncSummary, SyncSummary],
) -> None:
    warehouse, _, _ = synced
    columns = warehouse.query(
        "SELECT column_name, data_type FROM information_schema.columns"
        " WHERE table_schema = 'openpanel' AND table_name = 'events' ORDER BY ordinal_position"
    )
    types = {
        "text": "VARCHAR",
        "bigint": "BIGINT",
        "double": "DOUBLE",
        "timestamp": "TIMESTAMP WITH TIME ZONE",
        "date": "DATE",
        "json": "JSON",
    }
    assert columns == [(column.name, types[column.type]) for column in EVENTS.columns]


@pytest.mark.parametrize("server_date", ["2026-08", "2026-09", "2026-09s", "3"])
def test_a_warehouse_of_a_server_with_whole_days_keeps_all_when_it_is_upgraded(
    server_date: str, dataset: Dataset, warehouse: Warehouse
) -> None:
    client = next(client for client in dataset.accounts.clients if client.id.startswith("2222"))
    settings: dict[str, Any] = {
        "project_id": "acme-web",
        "client_id": client.id,
        "client_secret": client.secret,
        "now": RECORDED_AT,
    }

    def play(date: str) -> Sandbox:
        return Sandbox(dataset, rate_limit=None, now=lambda: RECORDED_AT, server_date=date)

    with play("2026-08") as before:
        warehouse.sync(before, **settings)
    with play(server_date) as after:
        assert warehouse.sync(after, **settings).days_read == 0
        given = warehouse.settings(after, **settings)
        report = audit(warehouse.pipeline(), deep=True, repair=True, **given)
        assert (report.differences, report.exit_code) == ([], 0)
        assert warehouse.sync(after, **settings, reload=True).is_verified
    assert warehouse.query("SELECT count(*), count(DISTINCT id) FROM events") == [(19_672, 19_672)]
