"""Days that pipelines of partitions have loaded are not read again, on any destination."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from openpanel_source.operations.sync import sync
from tests.support.destinations import NAMES, made
from tests.support.equality import SELECT_EVENTS, difference, expected, keyed, server_rows
from tests.support.postgres import postgres_url
from tests.support.sandbox_world import HEADERS, event, world

__all__ = ["postgres_url"]

DAYS = range(10, 24)
ROWS = [
    event(10 * day + number, createdAt=f"2026-11-{day}T10:00:0{number}.000Z")
    for day in DAYS
    for number in range(3)
]


@pytest.mark.long
@pytest.mark.sampled(6)
@pytest.mark.parametrize("name", NAMES)
def test_only_today_is_read_after_a_backfill(
    name: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    warehouse: Any = made(name, tmp_path, lambda: request.getfixturevalue("postgres_url"))
    with world(*ROWS) as sandbox:
        for start, end in (("2026-11-16", "2026-11-22"), ("2026-11-10", "2026-11-15")):
            settings = warehouse.settings(sandbox, start_date=start, end_date=end)
            sync(warehouse.pipeline(f"partition_{start[-2:]}"), **settings)
        nightly = warehouse.sync(sandbox)
        assert (nightly.days_adopted, nightly.days_read) == (13, 1)
        wanted = expected(server_rows(sandbox, HEADERS, "web"))
        assert difference(wanted, keyed(warehouse.query(SELECT_EVENTS))) == ""
