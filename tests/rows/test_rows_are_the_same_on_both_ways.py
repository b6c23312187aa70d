"""A row is loaded or rejected alike, whether its page is decoded in one go or row by row."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from openpanel_source.api.page import split_page
from openpanel_source.model.instants import parse_instant
from openpanel_source.rows.privacy import Privacy
from openpanel_source.rows.shape import ShapedPage, Shaper
from openpanel_source.verify.typed import instant
from tests.support.sandbox_world import event

DAY = date(2026, 11, 10)
KEY = b"a secret of sixteen or more"


def body(**raw: str) -> bytes:
    """A page of one event, some of its values as they are written."""
    texts = {name: json.dumps(value) for name, value in event().items()} | raw
    row = ",".join(f'"{name}":{text}' for name, text in texts.items())
    meta = '{"count":1,"totalCount":1,"pages":1,"current":1}'
    return f'{{"meta":{meta},"data":[{{{row}}}]}}'.encode()


def ways(page: bytes, privacy: Privacy | None = None) -> tuple[ShapedPage, ShapedPage]:
    shaper = Shaper(privacy)
    alone = shaper.rows(split_page(page, "GET x"), "web", DAY)
    return shaper.page(page, "web", DAY, "GET x"), alone


def same(page: bytes) -> list[dict[str, Any]]:
    """The row as it is loaded, on both ways; none if it is rejected on both."""
    first, second = ways(page)
    assert first.table.to_pylist() == second.table.to_pylist()
    assert [row.reason for row in first.rejected] == [row.reason for row in second.rejected]
    rows: list[dict[str, Any]] = first.table.to_pylist()
    return rows


@st.composite
def instants(draw: st.DrawFn) -> str:
    """Texts that are times, or nearly."""
    day = draw(st.sampled_from(["2026-11-10", "2026-11-09", "2026-11-31", "0000-01-01", "26-1-1"]))
    clock = draw(st.integers(0, 25)), draw(st.integers(0, 60)), draw(st.integers(0, 61))
    parts = [f"{part:02d}" for part in clock][: draw(st.integers(1, 3))]
    fraction = draw(
        st.sampled_from(["", "", ".", ",5"]) | st.from_regex(r"\.[0-9]{1,9}", fullmatch=True)
    )
    zone = draw(
        st.sampled_from(["", "Z", "z", " Z", "+2", "+02", "+02:00", "-0530", "+23:59", "+24:00"])
        | st.from_regex(r"[+-][0-9]{2}:?[0-9]{2}", fullmatch=True)
    )
    sign = draw(st.sampled_from(["T", " ", "t", "", "T "]))
    return f"{day}{sign}{':'.join(parts)}{fraction}{zone}"


@given(instants() | st.text(max_size=30))
@example("0000-01-01T00Z")
@example("0001-01-01T00:00+01:00")
@example("9999-12-31T23:59-01:00")
def test_any_time_is_loaded_or_rejected_on_both_ways(text: str) -> None:
    for field in ("createdAt", "importedAt"):
        same(body(**{field: json.dumps(text)}))


@given(instants() | st.text(max_size=30))
def test_who_compares_values_reads_times_alike(text: str) -> None:
    assert instant(text) == parse_instant(text)


@pytest.mark.parametrize(
    "text",
    ["2026-11-10T14:00:00+02:00", "2026-11-10T12:00Z", "2026-11-10 12:00:00Z", "2026-11-10T17-05"],
)
def test_an_offset_or_no_seconds_lose_no_row(text: str) -> None:
    [row] = same(body(createdAt=json.dumps(text)))
    assert row["created_at"].isoformat().startswith("2026-11-10T")


def spelled(whole: int) -> st.SearchStrategy[str]:
    return st.sampled_from([f"{whole}", f"{whole}.0", f"{whole}e0", f"{whole}.50", f"{whole}0e-1"])


wholes = st.integers(-(2**64), 2**64) | st.sampled_from(
    [2**53 + 1, -(2**53) - 1, -(2**63), -(2**63) - 1, 2**63 - 1, 2**63]
)


@given(wholes.flatmap(spelled))
def test_whole_numbers_are_loaded_exactly_or_rejected(text: str) -> None:
    exact = Decimal(text)
    fits = exact == int(exact) and -(2**63) <= exact < 2**63
    rows = same(body(revenue=text))
    assert [row["revenue"] for row in rows] == ([int(exact)] if fits else [])


WRITTEN = [
    "1e400", "-0.50", "1E2", '{"a": 1}', "[1,\t2.50]", '{"a":{"b":[ ]}}', "true", '"\\u00fc"',
    '"\\ud800"', '"a\\u0000"', '"\\u0000"', '""', "null", '{"\\ud800": "\\udfff", "n": 1e400}', "5",
]  # fmt: skip
values = st.recursive(st.none() | st.booleans() | st.integers() | st.text(), st.lists, max_leaves=5)
written = st.sampled_from(WRITTEN) | st.builds(
    json.dumps, values, ensure_ascii=st.booleans(), indent=st.sampled_from([None, 1])
)


@pytest.mark.long
@given(written)
def test_a_hash_is_the_same_in_a_rejected_row_as_in_a_loaded_one(text: str) -> None:
    if "\\ud" not in text and any("\ud800" <= letter <= "\udfff" for letter in text):
        return
    privacy = Privacy(hashed=frozenset({"city"}), key=KEY)
    loaded, _ = ways(body(city=text), privacy)
    _, apart = ways(body(city=text, id='""'), privacy)
    [value] = loaded.table.column("city").to_pylist()
    kept = privacy.redacted(apart.rejected[0])
    assert kept is not None
    held = json.loads(kept.raw)["city"]
    assert (held or None if "\0" not in str(held) else None) == (value or None)


@pytest.mark.long
@given(written)
def test_a_redacted_row_is_json_with_its_numbers_as_they_were(text: str) -> None:
    if any("\ud800" <= letter <= "\udfff" for letter in text):
        return
    privacy = Privacy(excluded=frozenset({"country"}))
    _, page = ways(body(city=text, mood=text, id='""'), privacy)
    kept = privacy.redacted(page.rejected[0])
    assert kept is not None

    def refuse(name: str) -> None:
        raise AssertionError(name)

    decoder = json.JSONDecoder(parse_float=str, parse_int=str, parse_constant=refuse)
    row = decoder.decode(kept.raw)
    assert "country" not in row
    assert row["city"] == row["mood"] == decoder.decode(text)


def test_a_row_that_is_no_json_loses_its_bytes() -> None:
    privacy = Privacy(excluded=frozenset({"country"}))
    _, page = ways(body(city="NaN"), privacy)
    kept = privacy.redacted(page.rejected[0])
    assert (kept and kept.raw) == ""
