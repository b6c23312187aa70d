"""Any row of ``tests/data/nasty`` is loaded or rejected as documented, and stops nothing else."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from openpanel_source.model.schema import EVENTS
from openpanel_source.operations.audit import audit
from openpanel_source.operations.status import read_status
from openpanel_source.rows.decode import as_text
from openpanel_source.sandbox import Sandbox
from tests.support.nasty import Nasty, nasty_rows, parse
from tests.support.postgres import PostgresWarehouse, postgres, postgres_url
from tests.support.sandbox_world import event, event_id, get, pages_of, world
from tests.support.warehouse import Warehouse

__all__ = ["postgres", "postgres_url"]

ORDINARY = list(range(1000, 2000))
NO_JSON = {column.name for column in EVENTS.columns if column.type != "json"}


def nasty_world() -> Any:
    """A day of two pages: ordinary events, and nasty ones newer and older than they are."""
    rows = []
    for number, row in enumerate(nasty_rows()):
        rows.append(event(number if number % 2 else 2500 + number, _raw=row.raw))
    return world(*rows, *(event(number) for number in ORDINARY))


def held(warehouse: Warehouse, row: Nasty) -> dict[str, Any]:
    """What an event is loaded with, JSON parsed; of the columns that something is expected of."""
    expected = row.expected["columns"]
    event_id = expected.get("id", row.name)
    names = [name for name in expected if name != "id"] or ["name"]
    columns = ", ".join(name if name in NO_JSON else f"CAST({name} AS VARCHAR)" for name in names)
    sql = f"SELECT {columns} FROM events WHERE id = '{event_id}'"
    [values] = warehouse.query(sql)
    found = dict(zip(names, values, strict=True))
    for name in found.keys() - NO_JSON:
        found[name] = None if found[name] is None else parse(found[name])
    return found


def check(warehouse: Warehouse, sandbox: Sandbox) -> None:
    rows = nasty_rows()
    rejected = [row for row in rows if "rejected" in row.expected]
    loaded = [row for row in rows if "columns" in row.expected]
    summary = warehouse.sync(sandbox)
    assert summary.is_verified
    assert (summary.events_loaded, summary.rejected_rows) == (
        len(ORDINARY) + len(loaded),
        len(rejected),
    )
    assert warehouse.query(
        "SELECT verdict, total_count, rows_received, distinct_ids, rejected_rows FROM sync_days"
        " WHERE total_count > 0"
    ) == [
        (
            "complete",
            len(ORDINARY) + len(rows),
            len(ORDINARY) + len(rows),
            len(ORDINARY) + len(loaded),
            len(rejected),
        )
    ]
    for row in loaded:
        found = held(warehouse, row)
        assert {name: row.expected["columns"].get(name) for name in found} == found, row.name
    kept = dict(warehouse.query("SELECT raw, reason FROM rejected_events"))
    assert Counter(kept) == Counter({as_text(row.raw): kept[as_text(row.raw)] for row in rejected})
    for row in rejected:
        assert row.expected["rejected"] in kept[as_text(row.raw)], row.name
    ordinary = "SELECT count(*) FROM events WHERE id LIKE '00000000-%' AND properties IS NOT NULL"
    assert warehouse.query(ordinary) == [(len(ORDINARY),)]
    [status] = read_status(warehouse.pipeline())
    assert status.rejected_rows == len(rejected)
    again = warehouse.sync(sandbox)
    assert (again.days_read, again.events_loaded, again.rejected_rows) == (0, 0, 0)
    assert audit(warehouse.pipeline(), **warehouse.settings(sandbox)).differences == []


@pytest.mark.long
def test_nasty_rows_in_duckdb(warehouse: Warehouse) -> None:
    with nasty_world() as sandbox:
        check(warehouse, sandbox)


@pytest.mark.long
def test_nasty_rows_in_postgresql(postgres: PostgresWarehouse) -> None:
    with nasty_world() as sandbox:
        check(postgres, sandbox)


@pytest.mark.parametrize("mark", ["\ufeff", "\n \t"])
def test_a_page_that_begins_with_a_mark_is_read(warehouse: Warehouse, mark: str) -> None:
    with world(event(1)) as sandbox:
        day = pages_of("2026-11-10")
        page = get(sandbox, f"projectId=web&{day}includes=profile").text
        assert event_id(1) in page
        sandbox.behave(path=day, status=200, body=mark + page, times=1)
        assert warehouse.sync(sandbox).is_verified
    assert warehouse.numbers() == [1]
