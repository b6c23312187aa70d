"""What a row of a page says is what its row of ``events`` says, in any type and any script."""

from __future__ import annotations

import json
from collections import defaultdict
from datetime import date, datetime, timezone
from typing import Any

import pytest

from openpanel_source.rows.shape import Shaper
from tests.support.recorded import Row, page_of, real_rows
from tests.support.shaped import DAY, FIELDS, event, expected, kept, raw_event, shaped


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


def test_unknown_fields_of_moderate_depth_are_kept() -> None:
    assert kept(raw_event("deep", b"[" * 499 + b"]" * 499))["extras"] is not None


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


def test_numbers_of_any_size_are_kept_in_json() -> None:
    text = b'{"a":1e400,"b":%s}' % (b"9" * 5000)
    table = Shaper().page(page_of(raw_event("properties", text)), "web", DAY, "GET x").table
    assert table.column("properties")[0].as_py().encode() == text
    table = Shaper().page(page_of(raw_event("new", text)), "web", DAY, "GET x").table
    assert table.column("extras")[0].as_py().encode() == b'{"new":%s}' % text


def test_of_keys_sent_twice_the_last_one_counts() -> None:
    line = b'{"id":"a","id":"b","createdAt":"2026-11-10T00:00:00Z","name":"x","name":"y"}'
    assert (kept(line)["id"], kept(line)["name"]) == ("b", "y")


def test_the_millisecond_of_an_event_is_kept() -> None:
    row = kept(event(createdAt="2026-11-10T23:59:59.999Z", importedAt="2026-11-12T00:00:00.5Z"))
    assert row["created_at"] == datetime(2026, 11, 10, 23, 59, 59, 999_000, timezone.utc)
    assert row["imported_at"] == datetime(2026, 11, 12, 0, 0, 0, 500_000, timezone.utc)


@pytest.mark.parametrize("field", ["name", "id", "path"])
def test_half_an_emoji_becomes_the_replacement_character(field: str) -> None:
    row = kept(event(**{field: "cut \ud83d"}))
    assert row[FIELDS[field].name] == "cut \ufffd"


def test_half_an_emoji_in_properties_is_replaced_and_the_rest_kept() -> None:
    row = kept(event(properties={"__title": "cut \ud83d", "a": "å😀\udc00"}))
    assert row["properties"] == {"__title": "cut \ufffd", "a": "å😀\ufffd"}


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
