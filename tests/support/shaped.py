"""Rows of a page, and the rows of ``events`` that are made of them."""

from __future__ import annotations

import json
from datetime import date, datetime
from typing import Any

from openpanel_source.model.schema import EVENTS
from openpanel_source.rows.shape import EVENTS_SCHEMA, ShapedPage, Shaper
from tests.support.recorded import Row, page_of

DAY = date(2026, 11, 10)
FIELDS = {column.field: column for column in EVENTS.columns if column.field}


def instant(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text.replace("Z", "+00:00"))


def expected(row: Row) -> dict[str, Any]:
    """The row of ``events`` that a row of the API stands for."""
    made: dict[str, Any] = {"event_date": date.fromisoformat(row["createdAt"][:10]), "extras": None}
    made |= {column.name: None for column in EVENTS.columns if column.property_key}
    for field, column in FIELDS.items():
        value = row.get(field)
        if column.type == "timestamp":
            value = instant(value)
        elif isinstance(value, str) and value and not value.strip("\0") and column.nullable:
            value = None
        made[column.name] = value
    return made


def shaped(*rows: Row | bytes, day: date = DAY) -> tuple[ShapedPage, list[dict[str, Any]]]:
    """The page and the rows made of it, JSON parsed."""
    page = Shaper().page(page_of(*rows), "web", day, "GET x")
    table = page.table
    assert table.schema == EVENTS_SCHEMA
    table.validate(full=True)
    found = table.to_pylist()
    assert len(found) == len(page.ids)
    assert page.rows == len(rows)
    for row in found:
        for column in EVENTS.columns:
            assert column.nullable or row[column.name] is not None
            if column.type == "json" and row[column.name] is not None:
                row[column.name] = json.loads(row[column.name], parse_constant=_no_constant)
                assert row[column.name] is not None
    return page, found


def _no_constant(name: str) -> Any:
    raise AssertionError(f"{name} is not JSON")


def event(**values: Any) -> Row:
    row: Row = {"id": "a", "createdAt": "2026-11-10T12:00:00.000Z", "name": "x", "properties": {}}
    return row | values


def raw_event(field: str, value: bytes) -> bytes:
    """An event with a field that json.dumps would not write."""
    return json.dumps(event(**{field: "VALUE"})).encode().replace(b'"VALUE"', value)


def kept(row: Row | bytes) -> dict[str, Any]:
    page, found = shaped(row, event(id="beside"))
    assert page.rejected == []
    assert found[1]["id"] == "beside"
    return found[0]
