"""The models count as OpenPanel's charts do, and DuckDB's are PostgreSQL's."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from datetime import date, datetime, timezone
from pathlib import Path
from typing import Any

import pytest

from openpanel_source import Chart, Series, refresh_models
from openpanel_source.models.definitions import models
from openpanel_source.sandbox import Sandbox, load_dataset
from tests.support.postgres import PostgresWarehouse, postgres_url  # noqa: F401 - a fixture
from tests.support.sandbox_recordings import DATASET
from tests.support.warehouse import Warehouse

pytestmark = pytest.mark.sampled(2)

RECORDED_AT = datetime(2026, 11, 23, 2, 47, 8, tzinfo=timezone.utc)
NEW_YORK = "America/New_York"
ACME = ["acme-web", "acme-app", "acme-old", "acme-empty", "2024"]
NUMBERS = {"events": "event", "active_visitors": "user", "active_sessions": "session"}
"""Columns of models, and the segments of charts that define them."""


def _charts() -> list[Chart]:
    charts = []
    for column, segment in NUMBERS.items():
        every = [Series("*", segment)]
        charts += [
            Chart(f"{column}_day", every, start="2025-01-01"),
            Chart(f"{column}_country", every, breakdowns=["country"], start="2025-01-01"),
        ]
    return charts


def _load(warehouse: Warehouse, *, charts: bool) -> None:
    """Load all projects of the dataset."""
    accounts = json.loads((DATASET / "accounts.json").read_text())
    secrets = {client["id"]: client["secret"] for client in accounts["clients"]}
    with Sandbox(load_dataset(DATASET), rate_limit=None, now=lambda: RECORDED_AT) as sandbox:
        for projects, zone, digit in ((ACME, "UTC", "1"), (["ny-shop"], NEW_YORK, "4")):
            client = f"{digit * 8}-{digit * 4}-4{digit * 3}-8{digit * 3}-{digit * 12}"
            summary = warehouse.sync(
                sandbox,
                project_id=projects,
                client_id=client,
                client_secret=secrets[client],
                charts=_charts() if charts else [],
                timezone=zone,
                now=RECORDED_AT,
            )
            assert summary.exit_code == 0


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Warehouse:
    warehouse = Warehouse(tmp_path_factory.mktemp("views"))
    _load(warehouse, charts=True)
    return warehouse


@pytest.fixture(scope="module")
def in_zone(loaded: Warehouse, request: pytest.FixtureRequest) -> Warehouse:
    refresh_models(loaded.pipeline(), timezone=request.param)
    return loaded


def _delivered_again(project: str, *, by_country: bool) -> Counter[tuple[Any, ...]]:
    """How often events of a UTC day, and a country, came a second time: charts count those."""
    again: Counter[tuple[Any, ...]] = Counter()
    seen = set()
    with gzip.open(DATASET / f"{project}.events.jsonl.gz") as lines:
        for row in map(json.loads, lines):
            event = (row["createdAt"][:10], row["id"])
            if event in seen:
                day, country = date.fromisoformat(event[0]), row["country"].strip("\0") or None
                again[(day, country) if by_country else (day,)] += 1
            seen.add(event)
    return again


@pytest.mark.long
@pytest.mark.sampled(11)
@pytest.mark.parametrize("by_country", [False, True], ids=["of a day", "of a country"])
@pytest.mark.parametrize(
    ("project", "in_zone"),
    [*((project, "UTC") for project in ACME), ("ny-shop", NEW_YORK)],
    indirect=["in_zone"],
)
def test_a_view_counts_as_a_chart(in_zone: Warehouse, project: str, by_country: bool) -> None:
    view, keys, label = "daily_metrics", "day", ""
    if by_country:
        view, keys, label = "daily_countries", "day, country", ", nullif(breakdown_1, '')"
    for column in NUMBERS:
        counted = _by_key(
            in_zone,
            f"SELECT {keys}, {column} FROM {view} WHERE project_id = '{project}' AND {column} <> 0",
        )
        if column == "events":
            counted += _delivered_again(project, by_country=by_country)
        drawn = _by_key(
            in_zone,
            f"SELECT bucket_date[:10]::DATE{label}, value"
            " FROM chart_points JOIN chart_series USING (chart_id, series_key)"
            " JOIN charts USING (chart_id) WHERE value <> 0"
            f" AND project_id = '{project}' AND name = '{column}_{keys.split(', ')[-1]}'",
        )
        assert counted == drawn, column
        assert bool(counted) == (project != "acme-empty")


def _by_key(warehouse: Warehouse, sql: str) -> Counter[tuple[Any, ...]]:
    return Counter({row[:-1]: row[-1] for row in warehouse.query(sql)})


@pytest.mark.long
def test_views_of_postgresql_hold_the_rows_of_duckdb(
    loaded: Warehouse,
    tmp_path: Path,
    postgres_url: str,  # noqa: F811
) -> None:
    refresh_models(loaded.pipeline(), timezone="UTC")
    postgres = PostgresWarehouse(tmp_path, postgres_url)
    _load(postgres, charts=False)
    refresh_models(postgres.pipeline(), timezone="UTC")
    for model in models():
        ours, theirs = _rows(loaded, model.name), _rows(postgres, model.name)
        assert len(ours) > 1
        different = set(ours) ^ set(theirs)
        assert not different, f"{model.name}: {sorted(different)[:4]}"
        assert len(ours) == len(theirs)


def _rows(warehouse: Warehouse, view: str) -> list[str]:
    """The rows of a view as text, in order; numbers to six digits."""
    rows = warehouse.query(f"SELECT * FROM {view}")
    return sorted(
        str([float(f"{cell:.6g}") if isinstance(cell, float) else _utc(cell) for cell in row])
        for row in rows
    )


def _utc(cell: Any) -> Any:
    return cell.astimezone(timezone.utc).isoformat() if isinstance(cell, datetime) else cell
