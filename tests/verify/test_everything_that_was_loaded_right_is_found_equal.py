"""Rows that a sync loaded are found equal, on every destination and generation of servers."""

from __future__ import annotations

from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest

from openpanel_source.operations.audit import audit
from openpanel_source.operations.values.choose_days import ALL
from openpanel_source.operations.values.report import ValueReport
from openpanel_source.sandbox import Sandbox, load_dataset
from tests.support.destinations import NAMES, made
from tests.support.nasty import nasty_rows
from tests.support.postgres import postgres_url
from tests.support.recorded import ROOT
from tests.support.sandbox_world import event, world
from tests.support.warehouse import Warehouse
from tests.verify.test_what_differs_is_found import ODD, SETTINGS, rows

__all__ = ["postgres_url"]


def values(warehouse: Any, sandbox: Sandbox, **settings: Any) -> ValueReport:
    """What comparing all values of a warehouse finds."""
    report = audit(warehouse.pipeline(), values=ALL, **warehouse.settings(sandbox, **settings))
    assert report.values is not None
    return report.values


@pytest.mark.long
def test_nasty_rows(warehouse: Warehouse) -> None:
    rows = [event(number, _raw=row.raw) for number, row in enumerate(nasty_rows())]
    with world(*rows, *(event(n) for n in range(1000, 1100))) as sandbox:
        warehouse.sync(sandbox)
        found = values(warehouse, sandbox)
    assert found.differences == []
    assert found.rows > 100


DATASET = Path(__file__).parents[1] / "data" / "contract" / "dataset"
RECORDED_AT = datetime(2026, 11, 23, 3, 0, tzinfo=timezone.utc)
GENERATIONS = ["2025-03", "2025-11", "2026-02", "2026-03", "2026-04", "2026-08", "2026-09s"]
GENERATIONS += ["2026-09", "3"]


@pytest.mark.long
@pytest.mark.sampled(50)
@pytest.mark.parametrize("server_date", GENERATIONS)
def test_the_recorded_events_as_each_generation_of_servers_gives_them(
    warehouse: Warehouse, server_date: str
) -> None:
    settings = {
        "client_id": ROOT.client_id,
        "client_secret": ROOT.client_secret,
        "project_id": ["acme-app", "acme-old", "2024"],
        "now": RECORDED_AT,
    }
    dataset = load_dataset(DATASET)
    with Sandbox(
        dataset, server_date=server_date, rate_limit=None, now=lambda: RECORDED_AT
    ) as sandbox:
        warehouse.sync(sandbox, **settings)
        found = values(warehouse, sandbox, **settings)
    assert (found.differences, found.skipped) == ([], [])
    [(held,)] = warehouse.query("SELECT count(*) FROM events WHERE event_date < '2026-11-23'")
    assert found.rows == held > 1000


@pytest.mark.sampled(40)
@pytest.mark.parametrize("name", NAMES)
def test_each_kind_of_destination(
    name: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    held = made(name, tmp_path, lambda: request.getfixturevalue("postgres_url"))
    settings = SETTINGS | {"project_id": "web"}
    hostile = [row for row in nasty_rows() if len(row.raw) < 100_000]
    odd = [event(500 + number, _raw=row.raw) for number, row in enumerate(hostile)]
    with world(*rows(), ODD, *odd) as sandbox:
        held.sync(sandbox, **settings)
        found = values(held, sandbox, **settings)
        assert (found.differences, found.skipped) == ([], [])
        assert found.rows > 40
        # Each kind of damage that all of them have a way for.
        held.damage("event_date = '2026-11-11'")
        assert values(held, sandbox, **settings).kinds == {"missing here: id": 10}
