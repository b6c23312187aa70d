"""Every field that a server sends ends in a column, whatever generation it is of."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import dlt
import pytest

from openpanel_source.model.schema import EVENTS
from openpanel_source.rows.shape import Shaper
from tests.support.sandbox_recordings import CONTRACT
from tests.support.sandbox_world import event, world
from tests.support.warehouse import Warehouse

pytestmark = pytest.mark.sampled(12)

BESIDE_EVENTS = {"profile", "meta"}
"""What is loaded into tables of its own, if it is asked for; see docs/dimensions.md."""
COLUMNS = {column.field: column.name for column in EVENTS.columns if column.field}


def recorded_rows() -> Iterator[tuple[Path, dict[str, Any]]]:
    """The rows of all recorded answers of ``/export/events``, of every generation there is."""
    for path in sorted(CONTRACT.rglob("*.json")):
        recording = json.loads(path.read_text("utf-8"))
        request = recording.get("request", {}) if isinstance(recording, dict) else {}
        if "/export/events" not in request.get("url", ""):
            continue
        body = recording["response"]["body"]
        for row in body.get("data", []) if isinstance(body, dict) else []:
            yield path, row


def loaded(row: dict[str, Any]) -> dict[str, Any]:
    """A row as it is loaded."""
    body = json.dumps({"meta": {"totalCount": 1, "pages": 1}, "data": [row]}).encode()
    day = date.fromisoformat(row["createdAt"][:10])
    [found] = Shaper().page(body, row["projectId"], day, "GET x").table.to_pylist()
    return dict(found)


@pytest.mark.long
def test_no_field_of_any_recorded_answer_is_lost() -> None:
    fields = set()
    for path, row in recorded_rows():
        found = loaded(row)
        further = set(json.loads(found["extras"] or "{}")) - BESIDE_EVENTS
        assert not further, f"{path.name} has fields without a column"
        for field, value in row.items():
            fields.add(field)
            if field in BESIDE_EVENTS:
                continue
            held = found[COLUMNS[field]]
            if field in ("properties", "groups"):
                held = json.loads(held)
            if field in ("createdAt", "importedAt"):
                held = held.isoformat(timespec="milliseconds").replace("+00:00", "Z")
            is_none = isinstance(value, str) and not value.strip("\0")
            assert (held or None) == (None if is_none else value or None), f"{path.name}: {field}"
    assert fields >= {"duration", "revenue", "groups", "importedAt", "properties", *BESIDE_EVENTS}


@pytest.mark.parametrize(
    ("server_date", "expected"),
    [("2025-03", 88375), ("2025-11", 88375), ("2026-02", 88375), ("2026-03", None), (None, None)],
)
def test_the_duration_that_servers_before_march_2026_send_is_loaded(
    warehouse: Warehouse, server_date: str | None, expected: int | None
) -> None:
    with world(event(1, duration=88375), server_date=server_date) as sandbox:
        assert warehouse.sync(sandbox).is_verified
    assert warehouse.query("SELECT duration, typeof(duration) FROM events") == [
        (expected, "BIGINT")
    ]


def test_a_warehouse_without_the_column_gets_it_and_reads_no_day_again(
    warehouse: Warehouse,
) -> None:
    with world(event(1, duration=7), server_date="2026-02") as sandbox:
        warehouse.sync(sandbox)
        _forget(warehouse, "duration")
        # A machine that knows only what the destination remembers.
        warehouse.folder /= "elsewhere"
        before = warehouse.query("SELECT * FROM events")
        summary = warehouse.sync(sandbox)
        assert (summary.is_verified, summary.days_read) == (True, 0)
        assert [row[:-1] for row in warehouse.query("SELECT * FROM events")] == before
        late = event(2, createdAt="2026-11-12T10:00:00.000Z", duration=8)
        sandbox.add([late, event(3, createdAt="2026-11-23T10:00:00.000Z", duration=9)])
        warehouse.sync(sandbox)
    assert warehouse.query("SELECT duration FROM events ORDER BY id") == [(None,), (8,), (9,)]


def _forget(warehouse: Warehouse, column: str) -> None:
    """Leave a warehouse as a version that does not know a column would have."""
    pipeline: dlt.Pipeline = warehouse.pipeline()
    stored: dict[str, Any] = {**pipeline.default_schema.to_dict()}
    del stored["tables"]["events"]["columns"][column]
    schema = dlt.Schema.from_dict(stored)
    text = json.dumps(schema.to_dict()).replace("'", "''")
    warehouse.change(f"ALTER TABLE events DROP COLUMN {column}")
    warehouse.change(
        "DELETE FROM _dlt_version WHERE version < (SELECT max(version) FROM _dlt_version)"
    )
    warehouse.change(
        f"UPDATE _dlt_version SET schema = '{text}', version_hash = '{schema.version_hash}',"
        f" version = {schema.version}"
    )
