"""A database whose sessions have a time zone, with its clock changes, changes no number."""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone
from pathlib import Path

import pytest

from openpanel_source import create_report, refresh_models
from tests.support.model_worlds import Event, ModelWorld, in_postgres, rows_of_models
from tests.support.postgres import PostgresWarehouse, postgres_url
from tests.support.sandbox_world import event, world
from tests.support.warehouse import Warehouse

__all__ = ["postgres_url"]

HOUR = 3_600_000
SANTIAGO = "America/Santiago"
"""Its clocks go from 2026-09-05T24:00 to 2026-09-06T01:00: no midnight begins that Sunday."""
NOW = datetime(2026, 9, 9, 12, tzinfo=timezone.utc)


def view(at: int, session: str = "s") -> Event:
    """A page seen."""
    who = {"profile_id": "anna", "device_id": "phone"}
    return {"at": at, "name": "screen_view", "session_id": session, "path": "/", **who}


def in_santiago(warehouse: PostgresWarehouse) -> PostgresWarehouse:
    """The same, whose sessions have the time zone."""
    warehouse.change(f"ALTER DATABASE {warehouse.database} SET timezone = '{SANTIAGO}'")
    return warehouse


@pytest.fixture
def santiago(tmp_path: Path, postgres_url: str) -> ModelWorld:
    made = in_postgres(tmp_path / "world", postgres_url)
    assert isinstance(made.warehouse, PostgresWarehouse)
    in_santiago(made.warehouse)
    return made


def test_a_session_over_the_change_keeps_the_events_of_its_last_day(santiago: ModelWorld) -> None:
    first, pipeline = date(2026, 9, 1), santiago.warehouse.pipeline()
    santiago.replace(
        [("web", first + timedelta(days=n), [view(12 * HOUR, f"o{n}")]) for n in range(12)]
    )
    days = [date(2026, 9, 5), date(2026, 9, 6), date(2026, 9, 7)]
    santiago.replace(("web", day, [view(24 * HOUR - 1)]) for day in days)
    refresh_models(pipeline)
    santiago.replace([("web", days[0], [view(24 * HOUR - 1), view(24 * HOUR - 2)])])
    assert not refresh_models(pipeline).rebuilt
    kept = santiago.rows()
    size = "SELECT events, last_event_date FROM sessions WHERE session_id = 's'"
    assert santiago.warehouse.query(size) == [(4, days[-1])]
    assert refresh_models(pipeline, rebuild=True).rebuilt
    assert santiago.rows() == kept
    refresh_models(pipeline, views=True)
    assert santiago.rows() == kept


@pytest.mark.long
def test_a_sync_its_models_and_its_report_are_those_of_duckdb(
    tmp_path: Path,
    postgres_url: str,
) -> None:
    for folder in ("here", "there"):
        (tmp_path / folder).mkdir()
    there = in_santiago(PostgresWarehouse(tmp_path / "there", postgres_url))
    rows, reports, verdicts = [], [], []
    instants = [
        f"2026-09-{day:02d}T{clock}:00.000Z"
        for day in range(3, 9)
        for clock in ("00:00", "03:59", "12:00", "23:59")
    ]
    first = [event(n, createdAt=at, sessionId=f"s{n // 3}") for n, at in enumerate(instants)]
    late = event(90, createdAt="2026-09-05T23:58:00.000Z", sessionId="s5", name="revenue")
    for warehouse in (Warehouse(tmp_path / "here"), there):
        with world(*first) as server:
            warehouse.sync(server, models=True, now=NOW)
            refresh_models(warehouse.pipeline(), timezone=SANTIAGO)
            server.add([late | {"revenue": 700}])
            done = warehouse.sync(server, now=NOW)
        assert done.models
        assert (done.models.rebuilt, done.models.days) == (False, 1)
        rows.append(rows_of_models(warehouse.query))
        pipeline, first_day, last_day = warehouse.pipeline(), date(2026, 9, 5), date(2026, 9, 7)
        report = create_report(pipeline, start_date=first_day, end_date=last_day, now=NOW)
        reports.append(report.numbers["scopes"])
        verdicts.append(
            warehouse.query("SELECT day, verdict, distinct_ids FROM day_status ORDER BY day")
        )
    assert rows[0] == rows[1]
    assert verdicts[0] == verdicts[1]
    assert reports[0] == reports[1]
    assert [row[0][-2:] for row in reports[0][""]["days"]] == ["05", "06", "07"]
