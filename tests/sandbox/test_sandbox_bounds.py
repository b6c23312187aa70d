"""What start and end select: whole days until 2026-08, instants from 2026-09 on."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any
from urllib.parse import quote

import pytest

from openpanel_source.sandbox import Sandbox
from tests.support.sandbox_world import event, get, ids, world

DATES = ("2026-08", "2026-09", "2026-09s", "3")
EXACT = DATES[1:]
NOW = datetime(2026, 11, 27, 12, 0, tzinfo=timezone.utc)
TIMES = (
    "2026-11-10T00:00:00.000Z",
    "2026-11-10T12:00:00.000Z",
    "2026-11-10T12:00:00.250Z",
    "2026-11-10T12:00:00.500Z",
    "2026-11-10T12:00:00.999Z",
    "2026-11-10T23:59:59.000Z",
    "2026-11-10T23:59:59.999Z",
    "2026-11-11T00:00:00.000Z",
    "2026-11-11T00:00:00.001Z",
)
ROWS = [event(number, createdAt=time) for number, time in enumerate(TIMES)]
ALL = set(range(9))
THE_DAY = set(range(7))


@pytest.fixture(scope="module", params=DATES)
def date(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def sandbox(date: str) -> Any:
    with world(*ROWS, server_date=date, now=lambda: NOW) as sandbox:
        yield sandbox


def found(sandbox: Sandbox, start: str | None, end: str | None, more: str = "") -> set[int]:
    """The rows that are listed, which are also counted."""
    given = {"start": start, "end": end}
    query = "&".join(f"{name}={quote(text)}" for name, text in given.items() if text is not None)
    response = get(sandbox, f"limit=1000&{query}{more}")
    listed = ids(response)
    assert response.json()["meta"]["totalCount"] == len(listed)
    return set(listed)


@pytest.mark.parametrize(
    ("start", "end", "days", "milliseconds", "seconds"),
    [
        ("2026-11-10", "2026-11-10", THE_DAY, {0}, {0}),
        ("2026-11-10", "2026-11-11", ALL, THE_DAY | {7}, THE_DAY | {7}),
        ("2026-11-10T00:00:00.000Z", "2026-11-10T23:59:59.999Z", THE_DAY, THE_DAY, THE_DAY - {6}),
        ("2026-11-10T00:00:00Z", "2026-11-10T23:59:59Z", THE_DAY, THE_DAY - {6}, THE_DAY - {6}),
        ("2026-11-10T00:00:00.000Z", "2026-11-11T00:00:00.000Z", ALL, ALL - {8}, ALL - {8}),
        ("2026-11-10T12:00:00.250Z", "2026-11-10T12:00:00.250Z", THE_DAY, {2}, {1}),
        ("2026-11-10T12:00:00.250Z", "2026-11-10T12:00:00.999Z", THE_DAY, {2, 3, 4}, {1}),
        ("2026-11-10T23:59:59.999Z", "2026-11-11T00:00:00.001Z", ALL, {6, 7, 8}, {5, 6, 7}),
        ("2026-11-10T18:59:59.999-05:00", "2026-11-10T19:00:00.000-05:00", ALL, {6, 7}, {5, 6, 7}),
        ("2026-11-10 12:00:00.250", "2026-11-10 12:00:00.500", THE_DAY, {2, 3}, {1}),
        ("Nov 10 2026", "Nov 11 2026", ALL, ALL - {8}, ALL - {8}),
        ("2026-11", "2027", ALL, ALL, ALL),
        ("2026-02-30", "2026-11-10", THE_DAY, {0}, {0}),
        ("2026-11-11", "2026-11-10", set(), set(), set()),
        ("0001-01-01", "9999-12-31", set(), ALL, ALL),
    ],
)
def test_a_pair(
    sandbox: Sandbox,
    date: str,
    start: str,
    end: str,
    days: set[int],
    milliseconds: set[int],
    seconds: set[int],
) -> None:
    meant = {"2026-08": days, "2026-09s": seconds}.get(date, milliseconds)
    assert found(sandbox, start, end) == meant
    assert found(sandbox, f'"{start}"', f'"{end}"') == meant


@pytest.mark.parametrize(
    ("start", "end", "exact"),
    [
        ("2026-11-11", None, {7, 8}),
        ("2026-11-11", "", {7, 8}),
        (None, "2026-11-10", {0}),
        ("", "2026-11-10", {0}),
        ("2100-01-01", None, set()),
        (None, "2000-01-01", set()),
        ("1900-01-01", None, ALL),
    ],
)
def test_one_bound_alone_counts_where_bounds_are_exact(
    sandbox: Sandbox, date: str, start: str | None, end: str | None, exact: set[int]
) -> None:
    # Page 2 has no window, which hides rows of page 1 where a bound alone is none.
    meant = ALL if date == "2026-08" else exact
    first = get(sandbox, _query(start, end, limit=1)).json()["meta"]["totalCount"]
    assert first == len(meant)
    assert set(ids(get(sandbox, _query(start, end, limit=512, page=1.001953125)))) == {
        *sorted(meant, reverse=True)[1:]
    }


def _query(start: str | None, end: str | None, **more: float) -> str:
    given = {"start": start, "end": end, **more}
    return "&".join(f"{name}={value}" for name, value in given.items() if value is not None)


@pytest.mark.parametrize("text", ["abc", "20261110", "1794268800000", "2026-13-01", "null"])
def test_what_is_no_date_fails_and_is_ignored_by_openpanel_3(
    sandbox: Sandbox, date: str, text: str
) -> None:
    def status(query: str) -> int:
        return get(sandbox, query).status_code

    assert status(f"start={text}&end={text}") == (200 if date == "3" else 500)
    alone = 500 if date in ("2026-09", "2026-09s") else 200
    assert (status(f"start={text}"), status(f"end={text}")) == (alone, alone)
    if date == "3":
        assert found(sandbox, text, text) == ALL
        assert found(sandbox, text, "2026-11-10") == {0}


@pytest.mark.parametrize("text", ["+010000-01-01T00:00:00Z", "-000001-01-01T00:00:00Z"])
def test_a_year_that_has_not_four_digits_fails(sandbox: Sandbox, text: str) -> None:
    assert get(sandbox, f"start={quote(text)}&end=2026-11-10").status_code == 500


def test_the_day_is_exact_everywhere_with_a_filter_at_the_next_midnight(sandbox: Sandbox) -> None:
    name = quote('[{"name":"created_at","operator":"lt","value":["2026-11-11 00:00:00.000"]}]')
    start, end = "2026-11-10T00:00:00.000Z", "2026-11-11T00:00:00.000Z"
    assert found(sandbox, start, end, f"&filters={name}") == THE_DAY


@pytest.mark.parametrize("server_date", DATES)
def test_any_bound_lifts_the_window_of_page_1_where_bounds_are_exact(server_date: str) -> None:
    rows = [event(number, createdAt=f"2026-10-0{number}T00:00:00.000Z") for number in (1, 2)]
    recent = event(3, createdAt="2026-11-27T11:00:00.000Z")
    with world(*rows, recent, server_date=server_date, now=lambda: NOW) as sandbox:
        without = ids(get(sandbox, "limit=9"))
        alone = ids(get(sandbox, "limit=9&start=2026-01-01"))
    assert without == ([3, 2, 1] if server_date == "3" else [3])
    assert alone == ([3] if server_date == "2026-08" else [3, 2, 1])


@pytest.mark.parametrize("server_date", EXACT)
def test_bounds_hold_for_the_count_and_the_stitched_rows_of_a_profile(server_date: str) -> None:
    rows = [
        event(1, profileId="device", createdAt=TIMES[0]),
        event(2, createdAt=TIMES[1]),
        event(3, createdAt=TIMES[8]),
    ]
    with world(*rows, server_date=server_date) as sandbox:
        response = get(sandbox, "profileId=anna&start=2026-11-10&end=2026-11-11")
    assert ids(response) == [2, 1]
    assert response.json()["meta"]["totalCount"] == 1
