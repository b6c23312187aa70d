"""A field that the API begins to send becomes a column of events, and no run fails for it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from dlt.common.normalizers.naming.snake_case import NamingConvention
from hypothesis import given
from hypothesis import strategies as st

from openpanel_source.model.schema import EVENTS
from openpanel_source.rows.new_fields import MOST, NewFields, column_name
from openpanel_source.rows.shape import Shaper
from openpanel_source.rows.spill import SpilledTables
from openpanel_source.source.events_file import EventsFile
from tests.support.postgres import PostgresWarehouse, postgres_url
from tests.support.recorded import page_of
from tests.support.sandbox_world import event, event_id, world
from tests.support.warehouse import Warehouse

pytestmark = pytest.mark.sampled(28)

__all__ = ["postgres_url"]

NAMES = {column.name for column in EVENTS.columns}
naming = NamingConvention()


@pytest.fixture(params=["duckdb", "postgres"])
def anywhere(request: pytest.FixtureRequest, tmp_path: Any) -> Iterator[Warehouse]:
    if request.param == "duckdb":
        yield Warehouse(tmp_path)
    else:
        yield PostgresWarehouse(tmp_path, request.getfixturevalue("postgres_url"))


def sent(number: int, day: int = 10, **fields: Any) -> dict[str, Any]:
    """An event of a day in November with further fields."""
    known = event(number)
    known["createdAt"] = known["createdAt"].replace("11-10", f"11-{day:02d}")
    known["createdAt"] = fields.get("createdAt", known["createdAt"])
    return {**known, "_raw": json.dumps({**known, **fields})}


MOOD = ("pageMood", "mood")


def shaped(numbers: list[int], fields: Any) -> pa.Table:
    """Rows of events that have a column for each of some fields."""
    known = NewFields(dict(fields))
    rows = [json.dumps(event(number) | dict.fromkeys(dict(fields), number)) for number in numbers]
    page = page_of(*(row.encode() for row in rows))
    return Shaper(fields=known).page(page, "web", date(2026, 11, 10), "GET x").table


def held(warehouse: Warehouse, column: str) -> dict[int, Any]:
    """The values of a column of JSON by the number of the event."""
    rows = warehouse.query(f'SELECT id, CAST("{column}" AS VARCHAR) FROM events')
    return {int(name[-12:]): None if text is None else json.loads(text) for name, text in rows}


def columns(warehouse: Warehouse) -> list[str]:
    """The columns of events that are made of new fields, in order."""
    rows = warehouse.query(
        "SELECT column_name FROM information_schema.columns WHERE table_name = 'events'"
        " AND table_schema = 'openpanel' ORDER BY ordinal_position"
    )
    return [name for (name,) in rows if name not in NAMES]


@pytest.mark.sampled(12)
def test_a_field_that_appears_on_the_second_day_is_a_column_from_then_on(
    anywhere: Warehouse,
) -> None:
    with world(event(1), event(2)) as sandbox:
        anywhere.sync(sandbox)
        assert columns(anywhere) == []
        sandbox.add([sent(3, 11, pageMood="good"), sent(4, 11), sent(5, 11, pageMood=None)])
        assert anywhere.sync(sandbox).is_verified
        assert columns(anywhere) == ["page_mood"]
        assert held(anywhere, "page_mood") == {1: None, 2: None, 3: "good", 4: None, 5: None}
        assert anywhere.sync(sandbox).days_read == 0
        # It changes its type, and another one comes; then both are gone.
        sandbox.add([sent(6, 12, pageMood=3.5, isNew=True)])
        sandbox.add([sent(7, 13, pageMood={"a": [1, None]}), sent(8, 14)])
        assert anywhere.sync(sandbox).is_verified
        assert columns(anywhere) == ["page_mood", "is_new"]
        later = {6: 3.5, 7: {"a": [1, None]}, 8: None}
        assert held(anywhere, "page_mood").items() >= later.items()
        assert held(anywhere, "is_new")[6] is True
        before = held(anywhere, "page_mood")
        # All days in one package, as they come with different columns; rows are replaced.
        summary = anywhere.sync(sandbox, reload=True)
        assert (summary.is_verified, summary.events_loaded) == (True, 8)
        assert held(anywhere, "page_mood") == before
        assert set(held(anywhere, "extras").values()) == {None}
        assert anywhere.sync(sandbox).runs == 0


@pytest.mark.sampled(12)
def test_a_field_that_appears_in_the_middle_of_a_big_day_loses_no_row(
    anywhere: Warehouse,
) -> None:
    # The newest rows come first: the oldest of them have the field, then a nasty one.
    rows = [sent(number, score=number) for number in range(1500)]
    rows += [event(number) for number in range(1500, 3200)]
    rows[700] = sent(700, score=700, **{"no name": 1})
    with world(*rows) as sandbox:
        assert anywhere.sync(sandbox).is_verified
        assert anywhere.numbers() == list(range(3200))
        found = held(anywhere, "score")
        assert found == {n: n if n < 1500 else None for n in range(3200)}
        assert held(anywhere, "extras")[700] == {"no name": 1}
        assert anywhere.sync(sandbox).days_read == 0


def test_the_open_day_is_tailed_when_a_field_appears(warehouse: Warehouse) -> None:
    with world(sent(1, 23, createdAt="2026-11-23T01:00:00.000Z")) as sandbox:
        warehouse.sync(sandbox)
        sandbox.add([sent(2, 23, createdAt="2026-11-23T02:00:00.000Z", mood="new")])
        assert warehouse.sync(sandbox).events_loaded == 1
    assert held(warehouse, "mood") == {1: None, 2: "new"}


def test_days_read_before_get_the_values_when_they_are_read_again(warehouse: Warehouse) -> None:
    contract = {"tables": "evolve", "columns": "freeze", "data_type": "freeze"}
    with world(sent(1, mood="good")) as sandbox:
        source = warehouse.source(sandbox)
        source.schema_contract = contract
        warehouse.pipeline().run(source)
        # The contract is the user's: it permits no column, and nothing is lost.
        assert columns(warehouse) == []
        assert held(warehouse, "extras") == {1: {"mood": "good"}}
        warehouse.sync(sandbox, reload=True)
        assert held(warehouse, "mood") == {1: "good"}
        assert held(warehouse, "extras") == {1: None}


def test_another_pipeline_and_a_new_machine_know_the_columns(warehouse: Warehouse) -> None:
    with world(sent(1, userMood=1)) as sandbox:
        warehouse.sync(sandbox)
        sandbox.add([sent(2, 11, user_mood=2)])
        warehouse.folder /= "elsewhere"
        warehouse.sync(sandbox)
    # Both would have the same name: the one that came first has the column, on any machine.
    assert held(warehouse, "user_mood") == {1: 1, 2: None}
    assert held(warehouse, "extras") == {1: None, 2: {"user_mood": 2}}


HOSTILE = {
    "a\0b": 1,
    "x" * 10_000: 2,
    'a" TEXT); DROP TABLE events; --': 3,
    "": 4,
    "søk": 5,
    "a.b": 6,
    "__proto__ ": 7,
    "1st": 8,
    "\ud800": 9,
    "mood_": 10,
    "Mood": 11,
    "MOOD": 12,
    "__": 13,
    "_extras": 14,
    "profile": 15,
    "meta": 16,
}
PLAIN = {
    "mood": 13,
    "event_date": 14,
    "extras": 15,
    "_dlt_id": 16,
    "DLTLoadID": 17,
    "select": 18,
    "_unknown": 20,
    "order": 19,
    "HTTPStatus2xx": 21,
    "Id": 22,
}


@pytest.mark.sampled(12)
def test_names_that_make_no_sound_column_stay_in_extras(anywhere: Warehouse) -> None:
    # The newest row is the first that comes.
    with world(sent(1, **HOSTILE), sent(2), sent(3, **PLAIN, **HOSTILE)) as sandbox:
        assert anywhere.sync(sandbox).is_verified
        assert anywhere.sync(sandbox).days_read == 0
    assert columns(anywhere) == [
        "mood",
        "field_event_date",
        "field_extras",
        "field_dlt_id",
        "field_dlt_load_id",
        "select",
        "field_unknown",
        "order",
        "http_status2xx",
        "field_id",
    ]
    for value, name in zip(PLAIN.values(), columns(anywhere), strict=True):
        assert held(anywhere, name) == {1: None, 2: None, 3: value}
    kept = {name.replace("\0", "\ufffd").replace("\ud800", "\ufffd") for name in HOSTILE}
    extras = held(anywhere, "extras")
    assert extras[2] is None
    assert set(extras[1]) == set(extras[3]) == kept


def test_no_more_than_fifty_fields_ever_become_columns(warehouse: Warehouse) -> None:
    with world(sent(1, **{f"field{n}": n for n in range(MOST - 1)})) as sandbox:
        warehouse.sync(sandbox)
        sandbox.add([sent(2, 11, **{f"other{n}": n for n in range(200)})])
        assert warehouse.sync(sandbox).is_verified
    assert len(columns(warehouse)) == MOST
    assert held(warehouse, "other0")[2] == 0
    assert held(warehouse, "extras")[2] == {f"other{n}": n for n in range(1, 200)}


def test_what_is_said_of_extras_holds_for_new_fields(warehouse: Warehouse) -> None:
    key = "0123456789abcdef"
    fields: dict[str, Any] = {"mood": "good", "mail": {"to": "a@b", "n": 1}, "gone": "x"}
    with world(sent(1, **fields)) as sandbox:
        warehouse.sync(
            sandbox, drop_properties=["gone", "mail.n"], hash_columns=["extras.mood"], hash_key=key
        )
        assert len(held(warehouse, "mood")[1]) == 64
        assert held(warehouse, "mail")[1] == {"to": "a@b"}
        assert held(warehouse, "gone")[1] is None
        warehouse.sync(sandbox, exclude_columns=["extras"], reload=True)
        assert [held(warehouse, name)[1] for name in fields] == [None, None, None]


def test_only_the_first_page_with_a_field_is_taken_row_by_row() -> None:
    fields = NewFields(reserved=NAMES)
    assert fields.learn(["mood", "no name", "mood"], ())
    known = fields.known
    assert known == (("mood", "mood"),)
    assert not fields.learn(["mood", "no name"], known)
    # Another page learned it meanwhile.
    assert fields.learn(["mood"], ())
    assert fields.known is known


def test_rows_that_wait_in_files_keep_the_columns_they_came_with() -> None:
    buffer = SpilledTables(most_bytes=1_000)
    tables = [shaped([number], fields) for number in range(9) for fields in ((), (MOOD,))]
    for table in tables:
        buffer.append(table)
    found = list(buffer)
    assert pa.concat_tables(found, promote_options="default") == pa.concat_tables(
        tables, promote_options="default"
    )
    assert list(buffer) == found
    assert {table.num_columns for table in found} == {len(NAMES), len(NAMES) + 1}


def test_a_package_has_a_file_for_each_set_of_columns_and_those_of_the_table_first(
    tmp_path: Path,
) -> None:
    names = ["mood", *(column.name for column in EVENTS.columns)]
    with EventsFile(str(tmp_path), names) as file:
        for fields in ((), (MOOD,), (), (MOOD, ("more", "more"))):
            file.add(shaped([len(fields)], fields))
        file.finish()
        found = [pq.read_table(path) for path in file.paths]
    assert [table.num_rows for table in found] == [1, 2, 1]
    assert found[0].schema.names == names[1:]
    assert found[1].schema.names == names
    assert found[2].schema.names == [*names, "more"]


@given(st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,49}", fullmatch=True))
def test_dlt_takes_the_names_of_columns_as_they_are(field: str) -> None:
    name = column_name(field, NAMES)
    assert name is None or naming.normalize_identifier(name) == name
    assert name is None or not name.startswith("_")


@pytest.mark.parametrize("name", ["utmSource", "UTMSource", "__utm_source", "Utm_Source"])
def test_a_name_that_is_taken_gets_a_prefix(name: str) -> None:
    assert column_name(name, {"utm_source"}) == "field_utm_source"
    assert column_name(name, {"utm_source", "field_utm_source"}) is None


def test_ids_are_those_that_were_sent(warehouse: Warehouse) -> None:
    with world(sent(1, mood=1), sent(2, mood=2, longitude="east"), sent(3)) as sandbox:
        warehouse.sync(sandbox)
    assert warehouse.numbers() == [1, 3]
    [(raw,)] = warehouse.query("SELECT raw FROM rejected_events")
    assert json.loads(raw)["id"] == event_id(2)
