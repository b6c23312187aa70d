"""``profiles`` and ``event_meta`` equal what the server tells beside events, at no further cost."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from openpanel_source.cli.main import main
from openpanel_source.sandbox import Dataset, Sandbox, load_dataset
from tests.promise.test_a_sync_holds_exactly_the_rows_of_the_server import DATASET, RECORDED_AT
from tests.support.profiles import COLUMNS, profiles, rows_of
from tests.support.sandbox_world import event, profile, world
from tests.support.warehouse import Warehouse

pytestmark = pytest.mark.long

META_COLUMNS = {
    "project_id": "projectId",
    "name": "name",
    "id": "id",
    "conversion": "conversion",
    "color": "color",
    "icon": "icon",
    "created_at": "createdAt",
    "updated_at": "updatedAt",
}


def instant(text: str) -> datetime:
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def expected(row: dict[str, Any], columns: dict[str, str]) -> dict[str, Any]:
    """A row of the dataset as a row of the warehouse, written down independently of the code."""
    wanted = {column: row[name] for column, name in columns.items()}
    times = [column for column in wanted if column.endswith("_at")]
    return wanted | {column: instant(wanted[column]) for column in times}


@pytest.fixture(scope="module")
def dataset() -> Dataset:
    return load_dataset(DATASET)


@pytest.mark.parametrize(
    ("server_date", "projects"),
    [
        (None, ["acme-web", "2024", "acme-empty"]),
        ("2026-03", ["acme-app"]),
        ("2026-02", ["acme-app"]),
    ],
)
def test_both_tables_equal_what_the_dataset_says_of_its_events(
    warehouse: Warehouse, dataset: Dataset, server_date: str | None, projects: list[str]
) -> None:
    root = next(client for client in dataset.accounts.clients if client.id.startswith("1111"))
    settings: dict[str, Any] = {
        "project_id": projects,
        "client_id": root.id,
        "client_secret": root.secret,
        "now": RECORDED_AT,
    }
    with Sandbox(
        dataset, rate_limit=None, now=lambda: RECORDED_AT, server_date=server_date
    ) as sandbox:
        plain = warehouse.sync(sandbox, **settings)
        tables = {name for (name,) in warehouse.query("SHOW TABLES")}
        assert not tables & {"profiles", "event_meta"}
        told = warehouse.sync(
            sandbox, reload=True, include_profiles=True, include_event_meta=True, **settings
        )
    assert told.events_loaded == plain.events_loaded
    wanted = [
        expected(row, COLUMNS)
        for project in projects
        for row in dataset.profiles[project]
        if any(one["profileId"] == row["id"] != one["deviceId"] for one in dataset.events[project])
    ]
    if server_date == "2026-02":
        wanted = [row | {"last_seen_at": None, "groups": None} for row in wanted]
    wanted.sort(key=lambda row: (row["project_id"], row["id"]))
    assert rows_of(warehouse, "profiles", COLUMNS) == wanted
    assert len(wanted) == (67 if server_date else 107)
    meta = [
        expected(row, META_COLUMNS)
        for project in projects
        for row in dataset.event_meta[project]
        if any(one["name"] == row["name"] for one in dataset.events[project])
    ]
    meta.sort(key=lambda row: (row["project_id"], row["name"]))
    if meta:
        assert rows_of(warehouse, "event_meta", META_COLUMNS) == meta
    else:
        assert ("event_meta",) not in warehouse.query("SHOW TABLES")


def test_they_cost_no_request(warehouse: Warehouse, tmp_path: Path) -> None:
    rows = [event(number) for number in range(1, 8)]
    with world(*rows, profiles=[profile()]) as sandbox:
        plain = warehouse.sync(sandbox)
        other = Warehouse(tmp_path / "other")
        other.folder.mkdir()
        told = other.sync(sandbox, include_profiles=True, include_event_meta=True)
        assert told.requests == plain.requests
        # Turned on later, they come with the days that are read from then on.
        assert warehouse.sync(sandbox, include_profiles=True).events_loaded == 0


def test_a_profile_on_a_row_that_is_not_as_documented_comes_too(warehouse: Warehouse) -> None:
    odd = {**event(1), "path": ["a"], "new": 1, "profile": profile("a")}
    with world(event(1, _raw=json.dumps(odd))) as sandbox:
        warehouse.sync(sandbox, include_profiles=True)
    assert profiles(warehouse).keys() == {"a"}
    assert warehouse.query("SELECT path, CAST(new AS VARCHAR), extras FROM events") == [
        ('["a"]', "1", None)
    ]


def test_unasked_nothing_is_taken_for_a_profile(warehouse: Warehouse) -> None:
    row = {**event(1), "profile": {"id": "a"}}
    with world(event(1, _raw=json.dumps(row))) as sandbox:
        warehouse.sync(sandbox)
    [(extras,)] = warehouse.query("SELECT extras FROM events")
    assert json.loads(extras) == {"profile": {"id": "a"}}


def test_the_command_loads_them_when_asked(
    warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    with world(event(1), profiles=[profile()]) as sandbox:
        for name, value in warehouse.settings(sandbox).items():
            monkeypatch.setenv(f"SOURCES__OPENPANEL__{name.upper()}", str(value))
        result = CliRunner().invoke(
            main,
            ["sync", "--database", str(warehouse.path), "--include-profiles", "--json"],
            catch_exceptions=False,
        )
    assert result.exit_code == 0, result.output
    assert profiles(warehouse).keys() == {"anna"}
