"""The dataset of a real server, as its older generations gave it, ends in DuckDB row by row."""

from __future__ import annotations

import itertools
import json
from datetime import datetime, timezone
from functools import cache
from typing import Any

import pytest

from openpanel_source.model.schema import EVENTS
from openpanel_source.sandbox import Dataset, Sandbox, load_dataset
from tests.support.recorded import DATASET, ROOT
from tests.support.warehouse import Warehouse

pytestmark = pytest.mark.sampled(18)

RECORDED_AT = datetime(2026, 11, 23, 3, 0, tzinfo=timezone.utc)
NEXT_YEAR = datetime(2027, 11, 1, 3, 0, tzinfo=timezone.utc)
"""Then the days before November 2026 are older than page 1 ever shows."""
PROJECTS = ("acme-web", "acme-app", "acme-old", "2024")
OLD = ["2025-03", "2025-11", "2026-02", "2026-03", "2026-04"]


@cache
def recorded() -> Dataset:
    """The dataset; its files lack the durations that old servers sent."""
    dataset = load_dataset(DATASET)
    for row in itertools.chain(*dataset.events.values()):
        row["duration"] = int(row["id"][:5], 16)
    return dataset


def root_settings(now: datetime, *projects: str) -> dict[str, Any]:
    return {
        "client_id": ROOT.client_id,
        "client_secret": ROOT.client_secret,
        "project_id": list(projects),
        "now": now,
    }


def server(server_date: str, now: datetime) -> Sandbox:
    return Sandbox(recorded(), rate_limit=None, now=lambda: now, server_date=server_date)


def columns_of(server_date: str) -> list[str]:
    """What such a server gives: revenue and groups came later, and duration went."""
    missing = {
        "2025-03": {"revenue", "groups"},
        "2026-03": {"duration"},
        "2026-04": {"duration"},
    }
    lacking = missing.get(server_date, {"groups"})
    return [column.name for column in EVENTS.columns if column.name not in lacking]


def held(warehouse: Warehouse, names: list[str]) -> dict[tuple[str, str], dict[str, Any]]:
    selected = ", ".join(f'"{name}"' for name in names)
    rows: dict[tuple[str, str], dict[str, Any]] = {}
    for values in warehouse.query(f"SELECT {selected} FROM events"):
        row = dict(zip(names, values, strict=True))
        for name in {"properties", "groups"} & row.keys():
            row[name] = json.loads(row[name])
        assert (row["project_id"], row["id"]) not in rows
        rows[row["project_id"], row["id"]] = row
    return rows


def wanted(names: list[str], *projects: str) -> dict[tuple[str, str], dict[str, Any]]:
    """The rows of the dataset as rows of a warehouse, written down independently of the code."""
    fields = {column.name: column.field for column in EVENTS.columns}
    keys = {column.name: column.property_key for column in EVENTS.columns if column.property_key}
    rows = {}
    for row in itertools.chain(*(recorded().events[project] for project in projects)):
        values: dict[str, Any] = {name: row.get(fields[name] or "") for name in names}
        for name in ("created_at", "imported_at"):
            if values[name] is not None:
                values[name] = datetime.fromisoformat(values[name].replace("Z", "+00:00"))
        values |= {name: row["properties"].get(key) for name, key in keys.items()}
        values["event_date"] = values["created_at"].date()
        values["country"] = None if values["country"] == "\0\0" else values["country"]
        rows[row["projectId"], row["id"]] = values
    return rows


def assert_equal(warehouse: Warehouse, server_date: str, *projects: str) -> None:
    names = columns_of(server_date)
    found, expected = held(warehouse, names), wanted(names, *projects)
    assert found.keys() == expected.keys()
    assert [key for key in found if found[key] != expected[key]] == []


def assert_bounded(warehouse: Warehouse, page: int) -> None:
    """No day took more requests than reading it and putting its ties in order are worth."""
    excess = warehouse.query(
        "SELECT project_id, day, total_count, requests FROM sync_days"
        f" WHERE requests > 2.5 * total_count / {page} + 12"
    )
    assert excess == []


@pytest.mark.sampled(48)
@pytest.mark.parametrize("server_date", OLD)
def test_a_sync_holds_every_row_and_a_second_one_finds_nothing_to_do(
    warehouse: Warehouse, server_date: str
) -> None:
    settings = root_settings(RECORDED_AT, *PROJECTS)
    with server(server_date, RECORDED_AT) as sandbox:
        first = warehouse.sync(sandbox, **settings)
        second = warehouse.sync(sandbox, **settings)
        assert {request.status for request in sandbox.requests} <= {200, 400}
    assert first.is_verified
    assert (second.events_loaded, second.days_read) == (0, 0)
    assert second.requests <= 8 * len(PROJECTS)
    assert_equal(warehouse, server_date, *PROJECTS)
    assert_bounded(warehouse, 32 if server_date == "2025-03" else 512)
    assert warehouse.query(
        "SELECT sum(rows_received), sum(distinct_ids) FROM sync_days WHERE project_id = 'acme-web'"
    ) == [(19734, 19672)]


@pytest.mark.long
@pytest.mark.parametrize("server_date", ["2026-02"])
def test_history_older_than_page_1_shows_is_read_behind_newer_rows(
    warehouse: Warehouse, server_date: str
) -> None:
    settings = root_settings(NEXT_YEAR, "acme-web", "acme-old")
    with server(server_date, NEXT_YEAR) as sandbox:
        first = warehouse.sync(sandbox, **settings)
        second = warehouse.sync(sandbox, **settings)
    assert first.is_verified
    assert (second.events_loaded, second.days_read) == (0, 0)
    assert_equal(warehouse, server_date, "acme-web", "acme-old")
    assert_bounded(warehouse, 512)


@pytest.mark.sampled(18)
@pytest.mark.parametrize("server_date", ["2025-03", "2026-02"])
def test_a_project_of_another_time_zone_is_read(warehouse: Warehouse, server_date: str) -> None:
    account = next(item for item in recorded().accounts.clients if item.id.startswith("4444"))
    settings = root_settings(RECORDED_AT, "ny-shop")
    settings |= {"client_id": account.id, "client_secret": account.secret}
    with server(server_date, RECORDED_AT) as sandbox:
        assert warehouse.sync(sandbox, **settings).is_verified
    assert_equal(warehouse, server_date, "ny-shop")
