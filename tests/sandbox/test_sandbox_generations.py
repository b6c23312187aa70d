"""Servers of the past answer as they did."""

from __future__ import annotations

from datetime import datetime, timedelta
from urllib.parse import quote

import pytest

from openpanel_source.sandbox import Sandbox
from openpanel_source.sandbox.generation import GENERATIONS
from tests.support.sandbox_world import (
    DAYS,
    HEADERS,
    NOW,
    ask_chart,
    event,
    event_id,
    get,
    ids,
    world,
)

SAME_TIME = "2026-11-23T11:00:00.000Z"
DAY = "start=2026-11-23&end=2026-11-23"
CREDENTIALS_FIRST = ("2025-03", "2025-11", "2026-02", "2026-03")
ROOT = {
    "openpanel-client-id": "11111111-1111-4111-8111-111111111111",
    "openpanel-client-secret": "sec_root",
}


class Clock:
    def __init__(self) -> None:
        self.time = NOW

    def __call__(self) -> datetime:
        return self.time


def test_an_unknown_generation_is_refused_with_those_there_are() -> None:
    with (
        pytest.raises(
            ValueError,
            match="2025-03, 2025-11, 2026-02, 2026-03, 2026-04, 2026-08, 2026-09, 2026-09s, 3",
        ),
        world(server_date="2024-01"),
    ):
        pass


@pytest.mark.parametrize("server_date", ["2025-11", "2026-02"])
def test_page_1_hides_rows_behind_its_window(server_date: str) -> None:
    rows = [
        event(1, createdAt="2026-11-21T11:00:00.000Z"),
        event(2, createdAt="2026-11-21T13:00:00.000Z"),
        event(3, createdAt="2025-10-01T13:00:00.000Z"),
    ]
    with world(*rows, server_date=server_date) as sandbox:
        assert ids(get(sandbox)) == [2]
        assert ids(get(sandbox, f"{DAYS}&limit=1&page=2")) == [1]
        assert ids(get(sandbox, f"{DAYS}&limit=512&page=1.001953125")) == [1]
        far = "start=2025-10-01&end=2025-10-01"
        assert ids(get(sandbox, far)) == []
        assert get(sandbox, f"{far}&includes=x1").json()["meta"]["totalCount"] == 1


@pytest.mark.parametrize("server_date", ["2025-03", "2026-03", "2026-04", None])
def test_page_1_shows_all_rows_of_the_days_on_other_servers(server_date: str | None) -> None:
    rows = [event(number, createdAt=f"2026-11-{number:02d}T11:00:00.000Z") for number in (5, 6)]
    with world(*rows, server_date=server_date) as sandbox:
        assert ids(get(sandbox)) == [6, 5]


@pytest.mark.parametrize("server_date", ["2025-03", "2025-11", "2026-02"])
def test_counts_are_cached_for_ten_minutes_whatever_the_days(server_date: str) -> None:
    clock = Clock()
    rows = [event(1), event(2), event(3, createdAt="2026-11-23T11:00:00.000Z")]
    with world(*rows, server_date=server_date, now=clock) as sandbox:

        def total(query: str) -> int:
            answer: int = get(sandbox, query).json()["meta"]["totalCount"]
            return answer

        assert total("start=2026-09-01&end=2026-09-01") == 0
        assert total(DAYS) == 0
        assert total(f"{DAYS}&limit=1&page=2") == 0
        assert total(f"{DAYS}&includes=x8f3a") == 3
        assert total(f"{DAYS}&event=purchase") == 3
        sandbox.remove([event_id(1)])
        assert total(f"{DAYS}&event=purchase") == 3
        clock.time += timedelta(minutes=10)
        assert total(DAYS) == 2


def test_counts_are_live_since_march_2026() -> None:
    with world(event(1), event(2), server_date="2026-03") as sandbox:
        assert get(sandbox).json()["meta"]["totalCount"] == 2
        sandbox.remove([event_id(1)])
        assert get(sandbox).json()["meta"]["totalCount"] == 1


def paged(sandbox: Sandbox, limit: int, rows: int) -> set[int]:
    pages = range(1, rows // limit + 2)
    return {n for page in pages for n in ids(get(sandbox, f"{DAY}&limit={limit}&page={page}"))}


def test_rows_of_one_millisecond_are_lost_between_pages_in_february_2026() -> None:
    rows = [event(number, createdAt=SAME_TIME) for number in range(1500)]
    with world(*rows, server_date="2026-02") as sandbox:
        distinct = [len(paged(sandbox, limit, 1500)) for limit in (1000, 500, 50)]
        once, again = (ids(get(sandbox, f"{DAY}&limit=50&page=3")) for _ in range(2))
    assert all(900 < found < 1450 for found in distinct)
    assert once == again
    assert len(set(once)) == 50


@pytest.mark.parametrize("server_date", ["2025-03", "2025-11"])
def test_rows_of_one_millisecond_came_by_profile_and_name(server_date: str) -> None:
    rows = [
        event(1, createdAt=SAME_TIME, profileId="a", name="x"),
        event(2, createdAt=SAME_TIME, profileId="b", name="x"),
        event(3, createdAt=SAME_TIME, profileId="b", name="y"),
    ]
    with world(*rows, server_date=server_date) as sandbox:
        assert ids(get(sandbox, DAY)) == [3, 2, 1]


def test_the_oldest_server_gives_50_rows_and_knows_no_profiles_or_revenue() -> None:
    with world(*(event(number) for number in range(60)), server_date="2025-03") as sandbox:
        answer = get(sandbox, f"{DAYS}&limit=1000&includes=revenue&profileId=nobody").json()
    assert answer["meta"] == {"count": 50, "totalCount": 60, "pages": 2, "current": 1}
    assert "revenue" not in answer["data"][0]


@pytest.mark.parametrize(("server_date", "is_there"), [("2025-11", False), ("2026-02", True)])
def test_revenue_came_in_december_2025(server_date: str, is_there: bool) -> None:
    with world(event(1, revenue=100), server_date=server_date) as sandbox:
        [row] = get(sandbox, f"{DAYS}&includes=revenue").json()["data"]
        assert ("revenue" in row) == is_there
        asked = {"name": "revenue", "operator": "is", "value": ["100"]}
        for filters, breakdowns in ([], [{"name": "revenue"}]), ([asked], []):
            series = [{"name": "*", "segment": "event", "filters": filters}]
            answer = ask_chart(sandbox, series=series, breakdowns=breakdowns)
            assert answer.status_code == (200 if is_there else 500)


def test_revenue_beyond_what_javascript_counts_is_rounded() -> None:
    sizes = (2**53, 2**53 + 1, 2**64 - 1)
    with world(*(event(number, revenue=size) for number, size in enumerate(sizes))) as sandbox:
        text = get(sandbox, f"{DAYS}&includes=revenue").text
    for size in ("9007199254740992", "18446744073709552000"):
        assert f'"revenue":{size}' in text
    assert "9007199254740993" not in text


@pytest.mark.parametrize(
    ("server_date", "there", "missing"),
    [
        ("2025-03", "duration", "groups"),
        ("2025-11", "duration", "groups"),
        ("2026-02", "duration", "groups"),
        ("2026-03", "groups", "duration"),
        (None, "groups", "duration"),
    ],
)
def test_rows_had_a_duration_before_they_had_groups(
    server_date: str | None, there: str, missing: str
) -> None:
    row = event(1, createdAt=SAME_TIME, groups=["g"], duration=88_375)
    with world(row, server_date=server_date) as sandbox:
        row = get(sandbox, f"{DAYS}&includes=groups&includes=profile").json()["data"][0]
    assert row[there] == {"duration": 88_375, "groups": ["g"]}[there]
    assert missing not in row
    assert ("lastSeenAt" in row["profile"]) == (there == "groups")


@pytest.mark.parametrize(
    ("server_date", "included"),
    [
        ("2025-03", 0),
        ("2025-11", 0),
        ("2026-02", 0),
        ("2026-03", 2),
        ("2026-04", 2),
        ("2026-08", 2),
    ],
)
def test_includes_with_commas_are_known_since_march_2026(server_date: str, included: int) -> None:
    with world(event(createdAt=SAME_TIME), server_date=server_date) as sandbox:
        row = get(sandbox, f"{DAY}&includes=properties,region").json()["data"][0]
        repeated = get(sandbox, f"{DAY}&includes=properties&includes=region").json()["data"][0]
    assert len(row.keys() & {"properties", "region"}) == included
    assert repeated.keys() >= {"properties", "region"}


@pytest.mark.parametrize("server_date", ["2025-11", "2026-02", "2026-03"])
def test_values_were_not_decoded(server_date: str) -> None:
    rows = [event(1, name="404", createdAt=SAME_TIME), event(2, createdAt=SAME_TIME)]
    with world(*rows, server_date=server_date) as sandbox:
        assert ids(get(sandbox, f"{DAY}&event=404")) == [1]
        assert ids(get(sandbox, f"{DAY}&event=404&event=purchase&limit=9")) != [1]
        assert ids(get(sandbox, f"{DAY}&event=%22404%22")) == []
        assert ids(get(sandbox, f"{DAY}&filters=garbage&event=404")) == [1]
        refused = get(sandbox, f"{DAY}&limit=%221%22&profileId=a&profileId=b")
    nan = {"code": "invalid_type", "expected": "number", "received": "nan", "path": ["limit"]}
    array = {"code": "invalid_type", "expected": "string", "received": "array"}
    assert refused.json() == {
        "error": "Bad Request",
        "message": "Invalid query parameters",
        "details": [
            array | {"path": ["profileId"], "message": "Expected string, received array"},
            nan | {"message": "Expected number, received nan"},
        ],
    }


@pytest.mark.parametrize("server_date", [None, *GENERATIONS])
def test_the_order_of_credentials_and_query_changed(server_date: str | None) -> None:
    wrong = HEADERS | {"openpanel-client-secret": "wrong"}
    with world(server_date=server_date) as sandbox:
        status = get(sandbox, "limit=abc", headers=wrong).status_code
    assert status == (401 if server_date in CREDENTIALS_FIRST else 400)


def test_filters_are_ignored_before_may_2026_even_when_they_are_garbage() -> None:
    nothing = quote('[{"name":"name","operator":"is","value":["x"]}]')
    with world(event(1), server_date="2026-04") as sandbox:
        assert ids(get(sandbox, f"{DAYS}&filters={nothing}")) == [1]
        assert ids(get(sandbox, f"{DAYS}&filters=garbage")) == [1]


def test_the_oldest_server_names_its_errors() -> None:
    with world(server_date="2025-03") as sandbox:
        denied = get(sandbox, f"{DAYS}&projectId=nope", headers=ROOT)
        nothing = get(sandbox, DAYS, headers=ROOT)
    assert denied.json() == {"error": "Not Found", "message": "Project not found"}
    assert nothing.json() == {"error": "Bad Request", "message": "project_id is required"}


def test_infinity_was_a_number() -> None:
    with world(event(createdAt=SAME_TIME), server_date="2026-02") as sandbox:
        assert get(sandbox, "page=Infinity").status_code == 500
        assert ids(get(sandbox, "limit=Infinity")) == [1]
