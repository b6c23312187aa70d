"""Keys of the properties become typed columns."""

from __future__ import annotations

from datetime import date, datetime, timezone
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest
from dlt.common.normalizers.naming.snake_case import NamingConvention
from hypothesis import given
from hypothesis import strategies as st

from openpanel_source.errors import InvalidSettingError
from openpanel_source.model.schema import EVENTS
from openpanel_source.rows.promoted import Promotion
from openpanel_source.rows.property_columns import column_names, property_columns
from openpanel_source.sandbox import Sandbox
from tests.support.postgres import PostgresWarehouse, postgres, postgres_url
from tests.support.sandbox_world import NOW, Row, event, world
from tests.support.warehouse import Warehouse

__all__ = ["postgres", "postgres_url"]

pytestmark = pytest.mark.sampled(14)

OWN = {column.name for column in EVENTS.columns}
TYPES = {
    "label": "text",
    "qty": "bigint",
    "total": "double",
    "is_new": "bool",
    "paid_at": "timestamp",
    "purchased_on": "date",
    "price": "decimal",
}
GOOD = {
    "label": "Ünï 😀",
    "qty": "-7",
    "total": "12.5",
    "is_new": "True",
    "paid_at": "2026-11-10T12:00:00.25+02:00",
    "purchased_on": "2026-11-09",
    "price": "19.990000001",
}
READ = (
    "Ünï 😀",
    -7,
    12.5,
    True,
    datetime(2026, 11, 10, 10, 0, 0, 250_000, timezone.utc),
    date(2026, 11, 9),
    Decimal("19.990000001"),
)
NONE = (None,) * len(TYPES)
SELECT = f"SELECT {', '.join(TYPES)} FROM events ORDER BY id"
FAILURES = (
    "SELECT CAST(event_date AS VARCHAR(10)), property_key, sum(failed_rows), min(example)"
    " FROM property_failures GROUP BY 1, 2 ORDER BY 1, 2"
)


def typed(where: Warehouse, sandbox: Sandbox) -> None:
    where.sync(sandbox, properties=TYPES)
    held = where.query(SELECT)
    assert held == [READ, NONE, (READ[0], *NONE[1:])]
    failures = where.query(FAILURES)
    wrong = sorted(key for key in TYPES if key != "label")
    assert [row[:3] for row in failures] == [("2026-11-10", key, 1) for key in wrong]
    assert {row[3] for row in failures} == {"\\x1b[31m Ünï"}
    # What is read again is counted anew, not once more.
    where.sync(sandbox, properties=TYPES, reload=True)
    assert (where.query(SELECT), where.query(FAILURES)) == (held, failures)


def rows() -> list[Row]:
    wrong = dict.fromkeys(TYPES, "\x1b[31m Ünï") | {"label": "Ünï 😀"}
    return [event(1, properties=GOOD), event(2, properties={}), event(3, properties=wrong)]


def test_values_have_the_type_that_was_set_and_others_are_null_and_counted(
    warehouse: Warehouse,
) -> None:
    with world(*rows()) as sandbox:
        typed(warehouse, sandbox)


def test_postgresql_holds_the_same(postgres: PostgresWarehouse) -> None:
    with world(*rows()) as sandbox:
        typed(postgres, sandbox)


def test_a_key_that_is_added_is_filled_by_a_reload_and_one_removed_keeps_its_column(
    warehouse: Warehouse,
) -> None:
    old = event(1, properties={"total": "1", "qty": "x"}, createdAt="2026-11-01T00:00:00.000Z")
    new = event(2, properties={"total": "2", "qty": "3"}, createdAt="2026-11-02T00:00:00.000Z")
    select = "SELECT qty, total FROM events ORDER BY id"
    with world(old, new) as sandbox:
        warehouse.sync(sandbox, end_date="2026-11-01")
        warehouse.sync(sandbox, properties={"total": "bigint", "qty": "bigint"})
        assert warehouse.query(select) == [(None, None), (3, 2)]
        both = {"qty": "bigint", "total": "bigint"}
        warehouse.sync(sandbox, properties=both, reload=True)
        assert warehouse.query(select) == [(None, 1), (3, 2)]
        assert [row[:3] for row in warehouse.query(FAILURES)] == [("2026-11-01", "qty", 1)]
        warehouse.sync(sandbox, properties={"total": "bigint"}, reload=True)
        assert warehouse.query(select) == [(None, 1), (None, 2)]
        assert warehouse.query(FAILURES) == []


def test_the_tail_of_a_day_adds_to_what_failed_before(warehouse: Warehouse) -> None:
    today = NOW.date().isoformat()

    def late(number: int) -> Row:
        return event(number, properties={"qty": "x"}, createdAt=f"{today}T0{number}:00:00.000Z")

    settings = {"properties": {"qty": "bigint"}}
    with world(late(1)) as sandbox:
        warehouse.sync(sandbox, **settings)
    with world(late(1), late(2), late(3)) as sandbox:
        warehouse.sync(sandbox, **settings)
    assert warehouse.query(FAILURES) == [(today, "qty", 3, "x")]


def test_what_an_erased_profile_sent_fails_nothing(warehouse: Warehouse) -> None:
    texts = {"a": "bad of a", "b": "bad of b", "c": "1"}
    rows = [
        event(number, profileId=profile, properties={"qty": text})
        for number, (profile, text) in enumerate(texts.items(), 1)
    ]
    with world(*rows) as sandbox:
        warehouse.sync(sandbox, properties={"qty": "bigint"}, erased_profiles=["a"])
    assert warehouse.query("SELECT qty FROM events ORDER BY id") == [(None,), (1,)]
    assert warehouse.query(FAILURES) == [("2026-11-10", "qty", 1, "bad of b")]


def test_pages_have_the_same_columns_whatever_they_hold() -> None:
    promotion = Promotion(property_columns({"__price": "decimal"}, {}))
    schema = EVENTS.arrow_schema
    kept = [field.with_nullable(True) for field in schema]
    tables = [
        pa.Table.from_pylist([{"properties": text}] * rows, pa.schema(kept))
        for text, rows in (('{"__price":"1.5"}', 1), ("{}", 2), (None, 1), ("{}", 0))
    ]
    filled = [promotion.fill(table) for table in tables]
    assert {table.schema for table in filled} == {filled[0].schema}
    values = pa.concat_tables(filled).column(promotion.columns[0].name).to_pylist()
    assert values == [Decimal("1.5"), None, None, None]


def test_another_type_is_refused_before_any_request(warehouse: Warehouse) -> None:
    with world(event(1, properties={"total": "1"})) as sandbox:
        warehouse.sync(sandbox, properties={"total": "bigint"})
        with pytest.raises(InvalidSettingError, match=r"'total'.*holds bigint"):
            warehouse.sync(sandbox, properties={"total": "text"}, reload=True)
        assert warehouse.query("SELECT total FROM events") == [(1,)]


def test_keys_that_meet_keep_apart_and_keep_their_columns(warehouse: Warehouse) -> None:
    values = {"userId": "a", "user_id": "b", "User ID": "c", "id": "d", "order": "e", "": "f"}
    types = dict.fromkeys(values, "text")
    with world(event(1, properties=values)) as sandbox:
        warehouse.sync(sandbox, properties={"userId": "text"})
        assert warehouse.query("SELECT user_id FROM events") == [("a",)]
        warehouse.sync(sandbox, properties=types, reload=True)
    schema = warehouse.pipeline().default_schema
    columns = schema.get_table_columns("events")
    names = {hints.get("x-property"): name for name, hints in columns.items()}
    assert names["userId"] == "user_id"
    assert (names["id"], names["order"]) == ("property_id", "property_order")
    held = warehouse.query(f"SELECT {', '.join(names[key] for key in values)} FROM events")
    assert held == [tuple(values.values())]


@given(st.lists(st.text(), unique=True, max_size=8), st.lists(st.text(), unique=True, max_size=8))
def test_names_are_plain_and_never_change_when_keys_are_added(
    keys: list[str], more: list[str]
) -> None:
    first = property_columns(dict.fromkeys(keys, "text"), {})
    stored: dict[str, Any] = {}
    for column in (*EVENTS.columns, *first):
        hint = {"x-property": column.property_key} if column.property_key is not None else {}
        stored[column.name] = {"data_type": column.type, **hint}
    names = column_names({*keys, *more}, stored)
    assert {key: names[key] for key in keys} == {c.property_key: c.name for c in first}
    assert len(set(names.values())) == len(names)
    naming = NamingConvention(max_length=63)
    for name in names.values():
        assert naming.normalize_identifier(name) == name
        assert name not in OWN
        assert name[0].isalpha()


def test_hidden_keys_and_columns_stay_hidden(warehouse: Warehouse) -> None:
    values = {"email": "a@b.example", "phone": "1", "card": "2", "userId": "u"}
    with world(event(1, properties=values)) as sandbox:
        warehouse.sync(
            sandbox,
            properties=dict.fromkeys(values, "text"),
            hash_columns=["properties.email", "user_id"],
            hash_key="a secret of sixteen or more",
            drop_properties=["card"],
            exclude_columns=["phone"],
        )
        with pytest.raises(InvalidSettingError, match="no text"):
            warehouse.sync(
                sandbox, properties={"n": "bigint"}, hash_columns=["n"], hash_key="x" * 16
            )
    held = warehouse.query("SELECT email, phone, card, user_id FROM events")[0]
    assert [value and len(value) for value in held] == [64, None, None, 64]


@pytest.mark.parametrize("hashed", ["properties.phone", "properties.*", "user.phone"])
def test_a_hashed_key_is_text_or_refused(warehouse: Warehouse, hashed: str) -> None:
    key = hashed if hashed == "user.phone" else "phone"
    settings = {"hash_columns": [hashed], "hash_key": "a secret of sixteen or more"}
    with world(event(1, properties={key: "1"})) as sandbox:
        with pytest.raises(InvalidSettingError, match=rf"bigint for the key '{key}'.*text"):
            warehouse.sync(sandbox, properties={key: "bigint"}, **settings)
        assert sandbox.requests == []
        assert warehouse.sync(sandbox, properties={key: "text"}, **settings).is_verified
