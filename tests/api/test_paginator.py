"""dlt's RESTClient with EventsPaginator reads all rows of a range, and always comes to an end."""

from __future__ import annotations

import inspect
import json
import textwrap
from datetime import date
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
import requests
from dlt.sources.helpers.rest_client.client import RESTClient
from hypothesis import given
from hypothesis import strategies as st

from openpanel_source import EventsPaginator
from openpanel_source.api.page import Meta
from openpanel_source.api.query import EventQuery, encode_string
from openpanel_source.errors import UnexpectedAnswerError
from openpanel_source.sandbox import Sandbox
from tests.support.recorded import READ, Row, page_of, rows_of_day
from tests.support.sandbox_world import HEADERS, event, event_id, world

DAY = date(2026, 11, 9)
PROFILE = "12345"


def read(sandbox: Sandbox, paginator: EventsPaginator | None = None, **params: Any) -> list[Row]:
    session = requests.Session()
    session.headers["openpanel-client-id"] = READ.client_id
    session.headers["openpanel-client-secret"] = READ.client_secret
    client = RESTClient(
        sandbox.url, paginator=paginator or EventsPaginator(), session=session, data_selector="data"
    )
    given_ = {"projectId": "acme-web", "limit": "100"} | days(DAY, DAY) | params
    with session:
        return [row for page in client.paginate("/export/events", params=given_) for row in page]


def days(first: date, last: date) -> dict[str, Any]:
    """The parameters that select whole days on every server since 2026-05."""
    params = EventQuery().params("", first, last)
    return {name: value for name, value in params if name in ("start", "end", "filters")}


def requests_made(sandbox: Sandbox, before: int) -> int:
    return len(sandbox.requests) - before


def ids(rows: list[Row]) -> list[str]:
    return sorted(row["id"] for row in rows)


def test_all_rows_of_a_range_arrive_once_in_as_many_requests_as_there_are_pages(
    sandbox: Sandbox,
) -> None:
    expected = rows_of_day(DAY)
    before = len(sandbox.requests)
    assert len(expected) > 200
    assert ids(read(sandbox)) == ids(expected)
    assert requests_made(sandbox, before) == -(-len(expected) // 100)


def test_a_day_without_rows_costs_one_request(sandbox: Sandbox) -> None:
    before = len(sandbox.requests)
    assert read(sandbox, **days(date(2020, 1, 1), date(2020, 1, 1))) == []
    assert requests_made(sandbox, before) == 1


def test_a_paginator_can_be_used_again(sandbox: Sandbox) -> None:
    paginator = EventsPaginator()
    assert read(sandbox, paginator) == read(sandbox, paginator)


def test_rows_of_a_profile_beyond_the_counted_ones_arrive(sandbox: Sandbox) -> None:
    params = {
        "profileId": encode_string(PROFILE),
        "limit": "50",
        **days(date(2026, 10, 1), date(2026, 11, 30)),
    }
    counted = read(sandbox, EventsPaginator(), **params)
    listed = read(sandbox, EventsPaginator(until_empty=True), **params)
    assert len(listed) == 280  # page 6 of "5" holds 30 more: events_profileId_stitched_page6
    assert len(counted) < len(listed)


EXAMPLES = {
    "docs": (Path(__file__).parents[2] / "docs" / "python.md").read_text(encoding="utf-8"),
    "docstring": inspect.getdoc(inspect.getmodule(EventsPaginator)) or "",
}


@pytest.mark.parametrize("place", EXAMPLES)
@pytest.mark.parametrize("server_date", ["2026-08", "2026-09", "2026-09s", "3"])
def test_the_example_reads_exactly_one_day_whatever_the_bounds_mean(
    place: str, server_date: str
) -> None:
    lines = EXAMPLES[place].splitlines()
    first = next(n for n, line in enumerate(lines) if "before = {" in line)
    last = next(n for n, line in enumerate(lines) if n > first and line.strip() == "...")
    code = textwrap.dedent("\n".join(lines[first:last])) + "\n    rows += page"
    code = code.replace("https://api.openpanel.dev", "{url}").replace("shop", "web")
    moments = (
        "10-31T23:59:59.999",
        "11-01T00:00:00.000",
        "11-01T23:59:59.999",
        "11-02T00:00:00.000",
    )
    held = [event(n, createdAt=f"2026-{moment}Z") for n, moment in enumerate(moments)]
    rows: list[Row] = []
    with world(*held, server_date=server_date) as sandbox:
        exec(
            code.replace("{url}", sandbox.url).replace("{...}", repr(HEADERS)),
            {
                "RESTClient": RESTClient,
                "EventsPaginator": EventsPaginator,
                "json": json,
                "rows": rows,
            },
        )
    assert ids(rows) == [event_id(1), event_id(2)]


def test_a_number_of_pages_that_is_too_small_ends_nothing(sandbox: Sandbox) -> None:
    sandbox.behave(stale_pages=1)
    assert ids(read(sandbox)) == ids(rows_of_day(DAY))


def test_a_number_of_pages_that_is_too_large_ends_with_an_empty_page(sandbox: Sandbox) -> None:
    sandbox.behave(stale_pages=10_000)
    before = len(sandbox.requests)
    expected = rows_of_day(DAY)
    assert ids(read(sandbox)) == ids(expected)
    assert requests_made(sandbox, before) == -(-len(expected) // 100) + 1


def test_a_short_page_is_not_taken_for_the_end(sandbox: Sandbox) -> None:
    sandbox.behave(path="page=2", drop_rows=60)
    assert len(read(sandbox)) == len(rows_of_day(DAY)) - 60


def test_an_empty_page_is_the_end(sandbox: Sandbox) -> None:
    sandbox.behave(empty_pages=True, lie_total=1_000_000)
    before = len(sandbox.requests)
    assert read(sandbox) == []
    assert requests_made(sandbox, before) == 1


@pytest.mark.parametrize("until_empty", [False, True])
@pytest.mark.parametrize("lie", [{}, {"lie_total": "+5000"}, {"stale_pages": 9_999}])
def test_a_server_that_repeats_a_page_for_ever_is_left(
    sandbox: Sandbox, until_empty: bool, lie: dict[str, Any]
) -> None:
    first_page = read(sandbox)[:100]
    sandbox.behave(repeat_page=True, **lie)
    before = len(sandbox.requests)
    rows = read(sandbox, EventsPaginator(until_empty=until_empty))
    assert set(ids(rows)) == set(ids(first_page))
    assert requests_made(sandbox, before) <= 4


@pytest.mark.parametrize("lie", [{"meta_missing": True}, {"data_object": True}])
def test_what_is_no_page_is_an_error_and_not_the_end(sandbox: Sandbox, lie: dict[str, Any]) -> None:
    sandbox.behave(skip=1, **lie)
    with pytest.raises(UnexpectedAnswerError, match="not a page of events"):
        read(sandbox)


def follow(paginator: EventsPaginator, pages: list[tuple[int, int, int]], **known: int) -> int:
    """How many of these pages (rows, total, pages) are asked for."""
    for number, (rows, total, count) in enumerate(pages, 1):
        paginator.observe(Meta(total_count=total, pages=count), rows, **known)
        if not paginator.has_next_page:
            return number
    return len(pages) + 1


counts = st.integers(0, 3_000)


@given(st.lists(st.tuples(st.integers(1, 1_000), counts, counts), max_size=20), st.booleans())
def test_it_ends_only_where_all_counted_rows_came(
    pages: list[tuple[int, int, int]], until_empty: bool
) -> None:
    paginator = EventsPaginator(until_empty=until_empty)
    asked = follow(paginator, pages)
    if asked <= len(pages):
        assert not until_empty
        assert paginator.rows == sum(rows for rows, _, _ in pages[:asked])
        assert paginator.rows >= pages[asked - 1][1]
        assert asked >= pages[asked - 1][2]


@given(st.lists(st.tuples(counts, counts, counts), max_size=20), st.booleans())
def test_an_empty_page_is_always_the_end(
    pages: list[tuple[int, int, int]], until_empty: bool
) -> None:
    paginator = EventsPaginator(until_empty=until_empty)
    assert follow(paginator, [*pages, (0, 10**9, 10**9)]) <= len(pages) + 1


def test_pages_that_bring_nothing_new_end_it_where_the_caller_knows() -> None:
    paginator = EventsPaginator(until_empty=True)
    assert follow(paginator, [(1_000, 10**9, 10**9)] * 10, new_rows=0) == 3


def test_a_new_row_now_and_then_keeps_it_going() -> None:
    paginator = EventsPaginator(until_empty=True)
    for new_rows in (0, 0, 1, 0, 0, 1):
        paginator.observe(Meta(total_count=9, pages=9), 1_000, new_rows)
    assert paginator.has_next_page


def test_page_numbers_are_added_to_the_parameters_given() -> None:
    paginator = EventsPaginator()
    request = requests.Request("GET", "http://x", params={"limit": 5})
    paginator.init_request(request)
    assert request.params == {"limit": 5, "page": 1}
    response = requests.Response()
    response.raw = BytesIO(page_of({"id": "a"}, total=2, pages=2))
    paginator.update_state(response)
    paginator.update_request(request)
    assert request.params == {"limit": 5, "page": 2}


def test_pages_that_always_bring_new_rows_end_after_a_million() -> None:
    paginator = EventsPaginator()
    for _ in range(999_999):
        paginator.observe(Meta(10**15, 10**12), 1000, 1000)
    with pytest.raises(UnexpectedAnswerError, match="have no end"):
        paginator.observe(Meta(10**15, 10**12), 1000, 1000)
