"""Whatever bytes come, each row is loaded or rejected with a reason, or the page is refused.

``OPENPANEL_SOURCE_FUZZ=long`` tries 20,000 examples, and as many pages with damaged bytes.
"""

from __future__ import annotations

import json
import os
import random
import time
from datetime import date
from functools import cache
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from openpanel_source.api.page import peek, split_page
from openpanel_source.errors import UnexpectedAnswerError
from openpanel_source.rows.shape import EVENTS_SCHEMA, ShapedPage, Shaper, shape_rejected
from tests.support.recorded import Row, page_of, real_rows

LONG = os.environ.get("OPENPANEL_SOURCE_FUZZ") == "long"
EXAMPLES = 20_000 if LONG else 500
DAY = date(2026, 11, 10)
SECONDS_A_PAGE = 5.0


@cache
def sample() -> list[Row]:
    rows = [json.loads(line) for line in real_rows()]
    return [row for row in rows if row["createdAt"].startswith(DAY.isoformat())][::40]


def check(body: bytes) -> ShapedPage | None:
    """Shape a page; None if it is refused."""
    started = time.process_time()
    try:
        rows = len(split_page(body, "GET x").data)
        page = Shaper().page(body, "web", DAY, "GET x")
        peek(body, "GET x")
    except UnexpectedAnswerError:
        return None
    finally:
        assert time.process_time() - started < SECONDS_A_PAGE
    assert page.table.schema == EVENTS_SCHEMA
    page.table.validate(full=True)
    assert page.table.num_rows == len(page.ids)
    assert len(page.ids) + len(page.rejected) == page.rows == rows
    for column in page.table.columns:
        for value in column.to_pylist():
            assert not isinstance(value, str) or "\0" not in value
    for name in ("properties", "groups", "extras"):
        for text in page.table.column(name).to_pylist():
            check_json(text)
    for row in page.rejected:
        assert row.reason
        assert "\0" not in row.raw
    assert shape_rejected(page.rejected, "web", DAY).num_rows == len(page.rejected)
    return page


def check_json(text: str | None) -> None:
    """JSON that PostgreSQL and DuckDB hold: no constant, no NUL, no half of a pair."""
    if text is not None:
        value = json.loads(text, parse_constant=refuse, parse_int=str)
        again = json.dumps(value, ensure_ascii=False)
        again.encode()
        assert "\\u0000" not in again.replace("\\\\", "")


def refuse(name: str) -> Any:
    raise AssertionError(f"{name} is no JSON")


HAZARDS = (
    rb"\ud800 \udfff \ud83d\ude00 \u0000 \\u0000 \\\ud800 1e400 -1e999999 NaN null true [] {} \\"
    rb' "" "\ud800" "\u0000\u0000" [[[[1]]]] {"a":{"a":1}} 99999999999999999999 "2026-11-10" "'
).split()
HAZARDS += [b"\xff", b"\xed\xa0\x80", b"\xef\xbb\xbf", b"\0", b"\x1b", b"[" * 600, b"]" * 600]
texts = st.text(st.characters(), max_size=6) | st.sampled_from(["\0", "\ud800", "é" * 3000, ""])
values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)


@st.composite
def pages(draw: st.DrawFn) -> tuple[bytes, int]:
    """A page of recorded rows, some changed in their fields, some in their text."""
    rows = []
    for _ in range(draw(st.integers(0, 4))):
        row = dict(draw(st.sampled_from(sample())))
        for name in draw(st.lists(st.sampled_from([*row, "new", "extras", ""]), max_size=3)):
            kind = draw(st.integers(0, 3))
            if kind == 0:
                row.pop(name, None)
            elif kind == 1:
                row["properties"] = {"a": "b", draw(texts): draw(values)}
            else:
                row[name] = draw(values)
        text = json.dumps(row).encode()
        if draw(st.integers(0, 3)) == 0:
            # In place of a value, so that the row still is one.
            old = draw(st.sampled_from([b'"screen_view"', b"{}", b"[]", b'""', b"0", b"web"]))
            text = text.replace(old, draw(st.sampled_from(HAZARDS)), 1)
        rows.append(text)
    return page_of(*rows), len(rows)


@pytest.mark.long
@settings(max_examples=EXAMPLES, suppress_health_check=list(HealthCheck))
@given(pages())
def test_no_row_of_a_changed_page_is_lost(given_: tuple[bytes, int]) -> None:
    body, rows = given_
    page = check(body)
    try:
        json.loads(body)
    except (ValueError, RecursionError):
        return
    # What is JSON to Python is a page, and has all its rows.
    assert page is not None
    assert page.rows == rows


def damaged(body: bytes, dice: random.Random) -> bytes:
    """The bytes with some parts changed, left out, doubled, swapped or made nasty."""
    for _ in range(dice.randint(1, 6)):
        start = dice.randrange(len(body) + 1)
        end = min(len(body), start + dice.choice([0, 1, 1, 2, 5, 50]))
        new = dice.choice(
            [
                b"",
                bytes([dice.randrange(256)]),
                body[start:end] * 2,
                dice.choice(HAZARDS),
                dice.choice([b'"', b"\\", b"{", b"}", b"[", b"]", b",", b":", b"\\u", b"\\ud8"]),
                body[end : end + 30],
            ]
        )
        body = body[:start] + new + body[end:]
    return body


@pytest.mark.timeout(3600 if LONG else 300)
def test_no_row_of_a_page_with_damaged_bytes_is_lost(
    capsys: pytest.CaptureFixture[str],
) -> None:
    dice = random.Random(20261110)
    fates = {"loaded": 0, "with rejected rows": 0, "refused": 0}
    for _ in range(EXAMPLES):
        rows = [json.dumps(row).encode() for row in dice.sample(sample(), dice.randint(0, 3))]
        page = check(damaged(page_of(*rows), dice))
        fate = "refused" if page is None else "with rejected rows" if page.rejected else "loaded"
        fates[fate] += 1
    assert all(fates.values())
    with capsys.disabled():
        print(f"\n{EXAMPLES:,} damaged pages: {fates}")  # noqa: T201 - what make fuzz is for
