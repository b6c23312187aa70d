"""A row becomes a row of ``events``, or is rejected alone; none is lost, and none stops others."""

from __future__ import annotations

import copy
import json
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from openpanel_source.model.schema import REJECTED_EVENTS
from openpanel_source.rows.shape import shape_rejected
from tests.support.recorded import Row, real_rows
from tests.support.shaped import DAY, FIELDS, event, expected, raw_event, shaped


def rejection(row: Row | bytes) -> str:
    page, found = shaped(event(id="before"), row, event(id="after"))
    assert [row["id"] for row in found] == ["before", "after"]
    assert len(page.rejected) == 1
    return page.rejected[0].reason


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
