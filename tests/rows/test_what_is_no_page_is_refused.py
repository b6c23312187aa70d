"""A page is read whole, even an empty one, and what is none is an unexpected answer."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest

from openpanel_source.api.page import peek
from openpanel_source.errors import UnexpectedAnswerError
from openpanel_source.rows.shape import EVENTS_SCHEMA, Shaper
from tests.support.recorded import page_of
from tests.support.shaped import DAY, event


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
