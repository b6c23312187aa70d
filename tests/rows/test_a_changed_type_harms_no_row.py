"""Whatever type a known field comes with, its row is loaded or rejected, and no other touched."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from openpanel_source.model.schema import EVENTS
from openpanel_source.rows.event import Event
from openpanel_source.rows.shape import Shaper
from tests.support.nasty import parse
from tests.support.postgres import PostgresWarehouse, postgres, postgres_url
from tests.support.recorded import page_of
from tests.support.sandbox_world import event, world
from tests.support.warehouse import Warehouse

__all__ = ["postgres", "postgres_url"]

COLUMNS = {column.field: column for column in EVENTS.columns if column.field}
FIELDS = [name for name in COLUMNS if name != "projectId"]
VALUES: list[Any] = [None, True, 0, -7, 2.5, 1e300, 2**80, "", "text", "12", [], [1, "a"], {}]
VALUES += [{"a": {"b": None}}, "2026-11-10T01:02:03.000Z"]
DAY = date(2026, 11, 10)
REJECTED = object()


def expected(field: str, value: Any) -> Any:
    """What the column of a field holds, or that the row is rejected; JSON parsed."""
    kind = COLUMNS[field].type
    if value is None or (field == "id" and value == ""):
        return REJECTED if field in ("id", "createdAt") else None
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if kind == "text":
        return _text(value)
    fits = {
        "double": is_number,
        "bigint": is_number and value == int(value) and abs(value) < 2**63,
        "timestamp": isinstance(value, str) and value.startswith("2026-11-10T"),
    }
    if not fits.get(kind, True):
        return REJECTED
    # What is written counts, to the last digit: a float of beyond 2**53 may be another number.
    return int(Decimal(json.dumps(value))) if kind == "bigint" else value


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


values = st.recursive(
    st.sampled_from(VALUES) | st.integers() | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text("ab"), inner, max_size=2),
    max_leaves=4,
)


@given(st.sampled_from(FIELDS), values)
@example("duration", 7.039539537553971e16)
def test_a_row_with_any_type_in_any_field_is_loaded_or_rejected(field: str, value: Any) -> None:
    lines = [json.dumps(row).encode() for row in (event(1), event(2) | {field: value}, event(3))]
    page = Shaper().page(page_of(*lines), "web", DAY, "GET x")
    wanted = expected(field, value)
    assert len(page.rejected) == (wanted is REJECTED)
    assert all(row.reason for row in page.rejected)
    rows = page.table.to_pylist()
    assert [rows[0]["id"], rows[-1]["id"]] == [event(1)["id"], event(3)["id"]]
    assert rows[0]["country"] == rows[-1]["country"] == "SE"
    if wanted is not REJECTED:
        assert _same(rows[1][COLUMNS[field].name], wanted, COLUMNS[field].type)


def _same(held: Any, wanted: Any, kind: str) -> bool:
    if held is None or wanted is None:
        return held is wanted
    if kind == "timestamp":
        return bool(str(held)[:19] == wanted[:19].replace("T", " "))
    if kind == "json" or (kind == "text" and held[:1] in ("[", "{")):
        return bool(parse(held) == parse(json.dumps(wanted) if kind == "json" else wanted))
    return bool(held == wanted)


def test_every_field_that_is_decoded_is_tried() -> None:
    assert len(FIELDS) + 1 == len(Event.__struct_fields__)


def check(warehouse: Warehouse) -> None:
    """Every field with every type, through a sync."""
    rows: list[dict[str, Any]] = []
    wanted: dict[int, tuple[str, Any]] = {}
    for field in FIELDS:
        for value in VALUES:
            number = len(rows) + 1
            row = event(number)
            outcome = expected(field, value)
            if field != "id":
                wanted[number] = (field, outcome)
            rows.append({**row, "_raw": json.dumps(row | {field: value})})
    with world(*rows, event(900)) as sandbox:
        summary = warehouse.sync(sandbox)
    assert summary.is_verified
    rejected = [number for number, (_, outcome) in wanted.items() if outcome is REJECTED]
    assert summary.rejected_rows == len(rejected) + sum(value in (None, "") for value in VALUES)
    names = [column.name for column in EVENTS.columns]
    columns = ", ".join(
        f'CAST("{column.name}" AS VARCHAR)' if column.type == "json" else f'"{column.name}"'
        for column in EVENTS.columns
    )
    held = {
        row[names.index("id")]: dict(zip(names, row, strict=True))
        for row in warehouse.query(f"SELECT {columns} FROM events")
    }
    assert event(900)["id"] in held
    for number, (field, outcome) in wanted.items():
        found = held.get(event(number)["id"])
        assert (found is None) == (outcome is REJECTED), (field, outcome)
        if found is not None and field in COLUMNS:
            value = found[COLUMNS[field].name]
            kind = COLUMNS[field].type
            assert _same(value, outcome, kind), (field, outcome, value)


def test_all_types_of_all_fields_come_to_duckdb(warehouse: Warehouse) -> None:
    check(warehouse)


@pytest.mark.long
def test_all_types_of_all_fields_come_to_postgresql(postgres: PostgresWarehouse) -> None:
    check(postgres)
