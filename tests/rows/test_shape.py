"""Rows of a page become rows of ``events`` unchanged, or are rejected; none is lost."""

from __future__ import annotations

import copy
import json
from collections import defaultdict
from datetime import date, datetime, timezone
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from openpanel_source.api.page import peek
from openpanel_source.errors import UnexpectedAnswerError
from openpanel_source.model.schema import EVENTS, REJECTED_EVENTS
from openpanel_source.rows.shape import EVENTS_SCHEMA, ShapedPage, Shaper, shape_rejected
from tests.support.recorded import Row, page_of, real_rows

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


def rejection(row: Row | bytes) -> str:
    page, found = shaped(event(id="before"), row, event(id="after"))
    assert [row["id"] for row in found] == ["before", "after"]
    assert len(page.rejected) == 1
    return page.rejected[0].reason


@pytest.mark.parametrize("project", ["acme-web", "acme-app", "2024", "acme-old", "ny-shop"])
def test_every_field_of_every_recorded_row_arrives(project: str) -> None:
    days: dict[date, list[bytes]] = defaultdict(list)
    for line in real_rows(project):
        days[date.fromisoformat(json.loads(line)["createdAt"][:10])].append(line)
    for day, lines in days.items():
        page = Shaper().page(page_of(*lines), project, day, "GET x")
        table = page.table
        assert page.rejected == []
        rows = table.to_pylist()
        for row, line in zip(rows, lines, strict=True):
            for name in ("properties", "groups"):
                row[name] = None if row[name] is None else json.loads(row[name])
            assert row == expected(json.loads(line))


def test_properties_stay_byte_for_byte() -> None:
    text = b'{ "a" : "\\u00e5",  "b.c":"1.50", "a":"twice" }'
    table = Shaper().page(page_of(raw_event("properties", text)), "web", DAY, "GET x").table
    assert table.column("properties")[0].as_py().encode() == text


@pytest.mark.parametrize("country", ["\0\0", "\0"])
def test_a_country_of_nul_is_null(country: str) -> None:
    assert kept(event(country=country))["country"] is None
    assert kept(event(country=country, unknown=1))["country"] is None


def test_empty_text_stays_empty() -> None:
    assert kept(event(city="", country="SE"))["city"] == ""


def test_missing_fields_are_null() -> None:
    row = kept({"id": "a", "createdAt": "2026-11-10T00:00:00Z"})
    given_ = {"project_id", "event_date", "id", "created_at"}
    assert {name for name, value in row.items() if value is not None} == given_


def test_null_json_is_null() -> None:
    row = kept(raw_event("properties", b" null "))
    assert row["properties"] is None


def test_unknown_fields_are_kept_as_extras() -> None:
    row = kept(event(newField={"a": [1, None]}, other="å\ud83d\ude00"))
    assert row["extras"] == {"newField": {"a": [1, None]}, "other": "å😀"}


@pytest.mark.parametrize(
    ("field", "value", "text"),
    [
        ("name", 404, "404"),
        ("city", True, "true"),
        ("os", ["a", 1.5], '["a", 1.5]'),
        ("id", 7, "7"),
    ],
)
def test_a_value_of_another_type_is_kept_as_text(field: str, value: Any, text: str) -> None:
    assert kept(event(**{field: value}))[FIELDS[field].name] == text


@pytest.mark.parametrize("value", [0, -1, 2**53 + 1, 2**63 - 1, 12.0, None])
@pytest.mark.parametrize("field", ["revenue", "duration"])
def test_revenue_and_duration_are_kept_exactly(field: str, value: Any) -> None:
    assert kept(event(**{field: value}))[field] == value
    assert kept(event(**{field: value}, unknown=1))[field] == value


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (b"[1]", "not a JSON object"),
        (b"null", "not a JSON object"),
        (b'"text"', "not a JSON object"),
        (b"{}", "id is missing"),
        ({"id": "a"}, "created_at is missing"),
        (event(id=None), "id is missing"),
        (event(id=""), "id is missing"),
        (event(createdAt=None), "created_at is missing"),
        (event(createdAt=""), "created_at is missing|createdAt is not"),
        (event(createdAt="yesterday"), "createdAt is not an ISO date"),
        (event(createdAt=1762776000), "createdAt is not an ISO date"),
        (event(createdAt="0000-01-01T00:00:00Z"), "createdAt is not an ISO date"),
        (event(createdAt="292279-01-01T00:00:00Z"), "createdAt is not an ISO date"),
        (event(createdAt="2026-02-30T00:00:00Z"), "createdAt is not an ISO date"),
        (event(createdAt="２０２６-11-10T00:00:00Z"), "createdAt is not an ISO date"),
        (event(createdAt="2026-11-10T23:59:60.000Z"), "createdAt is not an ISO date"),
        (event(createdAt="2026-11-09T24:00:00.000Z"), "createdAt is not an ISO date"),
        (event(createdAt="2026-11-11T00:00:00.000Z"), "does not lie in the day asked for"),
        (event(createdAt="2026-11-09T23:59:59.999Z"), "does not lie in the day asked for"),
        (event(createdAt="1500-01-01T00:00:00Z"), "does not lie in the day asked for"),
        (event(importedAt="yesterday"), "importedAt is not an ISO date"),
        (event(importedAt=""), "importedAt is not an ISO date"),
        (event(importedAt=5), "importedAt is not an ISO date"),
        (event(longitude="1.5"), "itude is not a number"),
        (event(latitude=True), "itude is not a number"),
        (raw_event("longitude", b"1e400"), "not finite"),
        (raw_event("latitude", b"1" + b"0" * 400), "not finite"),
        (event(revenue=2**63), "does not fit 64 bits"),
        (event(revenue=2**64 - 1), "does not fit 64 bits"),
        (event(revenue=-(2**64)), "does not fit 64 bits"),
        (event(revenue=1.5), "revenue is not an integer"),
        (event(revenue="5"), "revenue is not an integer"),
        (raw_event("revenue", b"1e400"), "revenue does not fit 64 bits"),
        (raw_event("revenue", b"1e" + b"9" * 30), "revenue does not fit 64 bits"),
        (raw_event("revenue", b"1" * 5000), "limit|does not fit"),
        (event(duration=2**63), "duration does not fit 64 bits"),
        (event(duration=1.5), "duration is not an integer"),
        (event(duration="5"), "duration is not an integer"),
        (raw_event("properties", b'{"a":"\xff"}'), "can't decode byte"),
        (raw_event("name", b'"\xc3"'), "can't decode byte"),
        (raw_event("new", b'{"a":NaN}'), "invalid character"),
        (raw_event("new", b'{"a" 1}'), "expected ':'"),
        (raw_event("name", b'"a line\nbreak"'), "invalid character"),
        (event(id="\0\0"), "id is missing"),
        (raw_event("properties", b"[" * 501 + b"]" * 501), "nests deeper than 500 levels"),
        (raw_event("new", b"[" * 500 + b"]" * 500), "nests deeper than 500 levels"),
        (raw_event("properties", b"[" * 100_000 + b"]" * 100_000), "nests deeper than 500 levels"),
    ],
)
def test_a_row_that_fits_no_column_is_rejected_alone(row: Row | bytes, reason: str) -> None:
    assert reason.split("|", maxsplit=1)[0] in rejection(row) or reason.rsplit("|", maxsplit=1)[
        -1
    ] in rejection(row)


def test_a_rejected_row_keeps_its_bytes_as_text_that_every_destination_stores() -> None:
    page, _ = shaped(raw_event("name", b'"\xff\x00"'.replace(b"\x00", b"\\u0000")))
    (rejected,) = page.rejected
    assert "\\xff" in rejected.raw
    assert "\0" not in rejected.raw
    table = shape_rejected(page.rejected, "web", DAY)
    assert table.schema == REJECTED_EVENTS.arrow_schema
    assert table.to_pylist()[0]["position"] == 0


@pytest.mark.parametrize("field", ["name", "id", "path"])
def test_half_an_emoji_becomes_the_replacement_character(field: str) -> None:
    row = kept(event(**{field: "cut \ud83d"}))
    assert row[FIELDS[field].name] == "cut \ufffd"


def test_half_an_emoji_in_properties_is_replaced_and_the_rest_kept() -> None:
    row = kept(event(properties={"__title": "cut \ud83d", "a": "å😀\udc00"}))
    assert row["properties"] == {"__title": "cut \ufffd", "a": "å😀\ufffd"}


def test_of_keys_sent_twice_the_last_one_counts() -> None:
    line = b'{"id":"a","id":"b","createdAt":"2026-11-10T00:00:00Z","name":"x","name":"y"}'
    assert (kept(line)["id"], kept(line)["name"]) == ("b", "y")


def test_unknown_fields_of_moderate_depth_are_kept() -> None:
    assert kept(raw_event("deep", b"[" * 499 + b"]" * 499))["extras"] is not None


def test_numbers_of_any_size_are_kept_in_json() -> None:
    text = b'{"a":1e400,"b":%s}' % (b"9" * 5000)
    table = Shaper().page(page_of(raw_event("properties", text)), "web", DAY, "GET x").table
    assert table.column("properties")[0].as_py().encode() == text
    table = Shaper().page(page_of(raw_event("new", text)), "web", DAY, "GET x").table
    assert table.column("extras")[0].as_py().encode() == b'{"new":%s}' % text


@pytest.mark.parametrize("beside", [{}, {"unknown": 1}])
@pytest.mark.parametrize(
    ("sent", "held"),
    [
        (rb"a\u0000b", "a\ufffdb"),
        (rb"a\ud800b", "a\ufffdb"),
        (rb"\udc00\ud800\ud83d\ude00", "\ufffd\ufffd😀"),
        (rb"\\u0000\\\u0000", "\\u0000\\\ufffd"),
        (rb"\\ud800\\\ud800", "\\ud800\\\ufffd"),
        (rb"\u0001\u00e5\u202e\ufeff", "\x01å\u202e\ufeff"),
    ],
)
def test_what_no_destination_holds_becomes_a_replacement_character(
    sent: bytes, held: str, beside: Row
) -> None:
    row = json.dumps(event(id="ID", name="NAME", properties={"KEY": "VALUE"}, **beside)).encode()
    for name in (b"ID", b"NAME", b"KEY", b"VALUE"):
        row = row.replace(name, sent)
    page, [found] = shaped(row)
    assert (found["id"], found["name"], found["properties"]) == (held, held, {held: held})
    assert page.ids == [held]


def test_a_page_with_a_byte_order_mark_is_a_page() -> None:
    body = b"\xef\xbb\xbf" + page_of(event())
    assert Shaper().page(body, "web", DAY, "GET x").ids == ["a"]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b"{}",
        b"<html>",
        b'{"data":[]}',
        b'{"meta":{},"data":[]}',
        b"\xff",
        b'{"meta":{"totalCount":1,"pages":1},"data":{}}',
        page_of(event())[:-3],
        b'"text"',
        b'{"meta":{"totalCount":-1,"pages":1},"data":[]}',
        b'{"meta":null,"data":[]}',
        b'{"meta":{"totalCount":"1","pages":1},"data":[]}',
        b"[" * 100000,
        page_of(event()) + b"]",
        b'{"meta":{"totalCount":1,"pages":1},"data":["\xff]}',
        b'{"meta":{"totalCount":1,"pages":1},"data":[\xff}]',
        b"1e400",
        b"NaN",
        b'{"meta":{"totalCount":%d,"pages":1},"data":[]}' % 10**30,
    ],
)
def test_what_is_no_page_is_an_unexpected_answer(body: bytes) -> None:
    with pytest.raises(UnexpectedAnswerError, match=r"base_url .* \[GET http://x\]"):
        Shaper().page(body, "web", DAY, "GET http://x")
    with pytest.raises(UnexpectedAnswerError):
        peek(body, "GET http://x")


@pytest.mark.parametrize(
    ("rows", "first"),
    [([], None), ([event(id="b"), event()], "b"), ([b"5"], None), ([event(id=5)], None)],
)
def test_a_peek_tells_the_count_and_the_first_id(rows: list[Any], first: str | None) -> None:
    meta, found = peek(page_of(*rows, total=7, pages=3), "GET x")
    assert (meta.total_count, meta.pages, found) == (7, 3, first)


def test_an_empty_page_is_an_empty_table_of_the_same_columns() -> None:
    page = Shaper().page(page_of(), "web", DAY, "GET x")
    assert (page.rows, page.table.num_rows, page.table.schema) == (0, 0, EVENTS_SCHEMA)


def test_tables_of_all_kinds_of_pages_can_be_joined() -> None:
    pages = [page_of(), page_of(event()), page_of(event(new=1), b"5"), page_of(event(country="\0"))]
    tables = [Shaper().page(page, "web", DAY, "GET x").table for page in pages]
    assert pa.concat_tables(tables).num_rows == 3


def test_the_millisecond_of_an_event_is_kept() -> None:
    row = kept(event(createdAt="2026-11-10T23:59:59.999Z", importedAt="2026-11-12T00:00:00.5Z"))
    assert row["created_at"] == datetime(2026, 11, 10, 23, 59, 59, 999_000, timezone.utc)
    assert row["imported_at"] == datetime(2026, 11, 12, 0, 0, 0, 500_000, timezone.utc)


SAMPLE = [row for row in map(json.loads, real_rows()[:4000:50]) if row["createdAt"] < "2100"]
anything = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats()
    | st.text(st.characters(), max_size=8)
    | st.sampled_from(["\0\0", "\ud800", "2026-11-10T00:00:00.000Z", "2026-11-10", ""]),
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2)
    ),
    max_leaves=4,
)


@st.composite
def mutated_rows(draw: st.DrawFn) -> bytes:
    """A recorded row with some fields missing, replaced, added, or its bytes damaged."""
    row = copy.deepcopy(draw(st.sampled_from(SAMPLE)))
    for name in draw(st.lists(st.sampled_from([*FIELDS, "duration", "profile", "x"]), max_size=3)):
        if draw(st.booleans()):
            row.pop(name, None)
        else:
            row[name] = draw(anything)
    text: bytes = json.dumps(row).encode()
    return text.replace(b"S", b"\xff", 1) if draw(st.integers(0, 9)) == 0 else text


@settings(max_examples=150)
@given(st.lists(mutated_rows(), max_size=5), st.booleans())
def test_every_row_is_an_event_or_rejected_whatever_the_server_sends(
    rows: list[bytes], same_day: bool
) -> None:
    day = DAY
    if same_day and rows:
        found = json.loads(rows[0].replace(b"\xff", b"S")).get("createdAt")
        if isinstance(found, str) and found[:2] == "20" and found[10:11] == "T":
            day = date.fromisoformat(found[:10])
    page, made = shaped(*rows, day=day)
    assert len(page.ids) + len(page.rejected) == len(rows)
    assert all(row["event_date"] == day and row["created_at"].date() == day for row in made)
    assert shape_rejected(page.rejected, "web", day).num_rows == len(page.rejected)
    for rejected in page.rejected:
        assert rejected.reason
        rejected.raw.encode()


@settings(max_examples=100)
@given(st.sampled_from(SAMPLE), st.dictionaries(st.sampled_from(["x", "y", "meta"]), anything))
def test_what_a_good_row_says_survives_unknown_fields_beside_it(row: Row, unknown: Row) -> None:
    day = date.fromisoformat(row["createdAt"][:10])
    page, made = shaped({**unknown, **row}, day=day)
    if page.rejected:
        assert "malformed" in page.rejected[0].reason  # NaN and Infinity are no JSON
        return
    assert {**made[0], "extras": None} == {**expected(row), "project_id": "web"}
