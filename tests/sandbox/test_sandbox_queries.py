"""How a sandbox reads the parameters of a request."""

from __future__ import annotations

import json
from http.client import HTTPConnection
from typing import Any
from urllib.parse import quote

import pytest

from openpanel_source.sandbox import Sandbox
from openpanel_source.sandbox.access import Access
from openpanel_source.sandbox.generation import generation_of
from openpanel_source.sandbox.query import js_string, parse_json
from tests.support.sandbox_world import DAYS, HEADERS, dataset, event, event_id, get, ids, world

ROOT = {
    "openpanel-client-id": "11111111-1111-4111-8111-111111111111",
    "openpanel-client-secret": "sec_root",
}


@pytest.fixture(scope="module")
def sandbox() -> Any:
    events = [
        event(1, name="404"),
        event(2, name="a,b", profileId="12345"),
        event(3, name='["x"]', properties={"__title": "Start"}, revenue=7, groups=["g"]),
        event(4, name="null", profileId="device"),
    ]
    with world(*events) as sandbox:
        yield sandbox


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("event=%22404%22", [1]),
        ("event=a,b", [2]),
        ("event=null", [4]),
        ("event=%5B%22404%22,%22null%22%5D", [4, 1]),
        ("event=a,b&event=null", [4, 2]),
        ("event=", []),
        ("event=[]", [4, 3, 2, 1]),
        ("event%5B%5D=null", [4, 3, 2, 1]),
        ("EVENT=null", [4, 3, 2, 1]),
        ("profileId=%2212345%22", [4, 3, 2, 1]),
        ("profileId=", [4, 3, 2, 1]),
        ("limit=2", [4, 3]),
        ("limit=%222%22", [4, 3]),
        ("limit=0", [4]),
        ("limit=", [4]),
        ("limit=-3", [4]),
        ("limit=true", [4]),
        ("limit=[2]", [4, 3]),
        ("limit=0x2", [4, 3]),
        ("limit=2&page=2", [2, 1]),
        ("limit=2&page=1.5", [3, 2]),
        ("limit=2&page=3", []),
        ("page=-1", [4, 3, 2, 1]),
        ("limit=1&page=1.0000000000000002", [3]),
        ("limit=1&page=1.5", [2]),
        ("limit=%zz1&limit", None),
        ("&&=&x", [4, 3, 2, 1]),
        ("projectId=", [4, 3, 2, 1]),
    ],
)
def test_values_mean_what_they_mean_to_the_server(
    sandbox: Sandbox, query: str, found: list[int] | None
) -> None:
    response = get(sandbox, f"{DAYS}&{query}")
    if found is None:
        assert response.status_code == 400
    else:
        assert ids(response) == found


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("limit=abc", "limit Invalid input: expected number, received NaN"),
        ("limit=1&limit=2", "limit Invalid input: expected number, received NaN"),
        ("page=Infinity", "page Invalid input: expected number, received number"),
        ("page={}", "page Invalid input: expected number, received NaN"),
        ("event=404", "event Invalid input"),
        ("event=[1]", "event Invalid input"),
        ("profileId=007", "profileId Invalid input: expected string, received number"),
        ("profileId=[]", "profileId Invalid input: expected string, received array"),
        ("projectId=2024", "projectId Invalid input: expected string, received number"),
        ("project_id={}", "project_id Invalid input: expected string, received object"),
        ("includes=true", "includes Invalid input: expected array, received boolean"),
        ("includes=[%22a%22,1]", "includes/1 Invalid input: expected string, received number"),
        ("filters=", "filters Invalid input: expected array, received undefined"),
        ("filters=null", "filters Invalid input: expected array, received null"),
        ("filters=5", "filters Invalid input: expected array, received number"),
        ("filters=[NaN]", "filters Invalid input: expected array, received undefined"),
        ("filters=[5]", "filters/0 Invalid input: expected object, received number"),
        (
            "page=x&limit=x",
            "page Invalid input: expected number, received NaN, "
            "querystring/limit Invalid input: expected number, received NaN",
        ),
    ],
)
def test_a_wrong_value_is_refused_in_the_words_of_the_server(
    sandbox: Sandbox, query: str, message: str
) -> None:
    response = get(sandbox, f"{DAYS}&{query}")
    assert response.status_code == 400
    assert response.json() == {"status": 400, "error": "Error", "message": f"querystring/{message}"}


@pytest.mark.parametrize(
    "query",
    [
        "limit=2.5",
        "limit=3&page=1.5",
        "page=9999999999999999999999",
        "start=20261110&end=20261111",
        "start=2026-11-10&end=tomorrow",
        "start=2026-11-10&end=12026-11-11",
        "start=true&end=null",
    ],
)
def test_what_the_server_does_not_foresee_is_a_plain_500(sandbox: Sandbox, query: str) -> None:
    given = query if "start" in query else f"{DAYS}&{query}"
    response = get(sandbox, given)
    assert (response.status_code, response.text) == (500, "Internal server error")
    assert response.headers["content-type"] == "text/plain; charset=utf-8"


@pytest.mark.parametrize(
    ("start", "end", "found"),
    [
        ("2026-11-10", "2026-11-10", True),
        ("2026-11-10T23:59:59Z", "2026-11-10T00:00:00Z", True),
        ('"2026-11-10"', '["2026-11-10"]', True),
        ("2026", "2026-11", False),
        ("2026", "2027", True),
        ("Nov 10, 2026", "11/10/2026", True),
        ("2026-11-11T01:00:00+02:00", "2026-11-10", True),
        ("2026-11-11", "2026-11-10", False),
        ("1900-01-01", "2200-01-01", True),
        ("1900-01-01", "9999-12-31", False),
    ],
)
def test_days_are_chosen_by_whatever_javascript_takes_for_a_date(
    start: str, end: str, found: bool
) -> None:
    with world(event(1), server_date="2026-08") as sandbox:
        answer = get(sandbox, f"start={quote(start)}&end={quote(end)}")
    assert ids(answer) == ([1] if found else [])


def test_escapes_that_are_wrong_are_left_as_they_are() -> None:
    with world(event(1, name="100%zz"), event(2, name="%ff")) as sandbox:
        for text in ("100%zz", "%ff"):
            connection = HTTPConnection("127.0.0.1", int(sandbox.url.rpartition(":")[2]))
            # Other clients mend such a URL.
            connection.request("GET", f"/export/events?{DAYS}&event={text}", headers=HEADERS)
            answer = json.load(connection.getresponse())
            connection.close()
            assert [row["name"] for row in answer["data"]] == [text]


def test_a_root_client_names_its_project(sandbox: Sandbox) -> None:
    assert get(sandbox, f"{DAYS}&project_id=web", headers=ROOT).status_code == 200
    assert ids(get(sandbox, f"{DAYS}&projectId=web&project_id=nope", headers=ROOT)) == [4, 3, 2, 1]
    assert get(sandbox, DAYS, headers=ROOT).json()["message"].endswith("projectId is required")


def test_fields_come_when_they_are_included(sandbox: Sandbox) -> None:
    row = get(sandbox, f"{DAYS}&limit=1&page=2").json()["data"][0]
    assert "properties" not in row
    assert row["groups"] == []
    query = f"{DAYS}&limit=1&page=2&includes=properties,revenue, groups,nope,duration"
    row = get(sandbox, query).json()["data"][0]
    assert row["properties"] == {"__title": "Start"}
    assert (row["revenue"], row["groups"]) == (7, ["g"])
    assert "duration" not in row
    several = get(sandbox, f"{DAYS}&limit=1&includes=properties,revenue&includes=os").json()
    assert "properties" not in several["data"][0]


def test_a_profile_is_the_stored_one_or_made_up() -> None:
    stored = {"id": "anna", "email": "a@example.org", "properties": {"plan": {"name": "pro"}}}
    events = event(1), event(2, profileId="device"), event(3, profileId="bert")
    with world(*events, profiles=[stored]) as sandbox:
        rows = get(sandbox, f"{DAYS}&includes=profile,meta").json()["data"]
        found = get(sandbox, f"{DAYS}&filters=" + quote(_filter("profile.properties.plan.name")))
    assert [row["profile"]["email"] for row in rows] == ["", "", "a@example.org"]
    assert rows[0]["profile"]["createdAt"] == "2026-11-23T12:00:00.000Z"
    assert "meta" not in rows[0]
    assert ids(found) == [1]


def _filter(name: str) -> str:
    return f'[{{"name":"{name}","operator":"is","value":["pro"]}}]'


def test_the_definition_of_an_event_comes_when_there_is_one() -> None:
    data = dataset(event(1), event(2, name="other"), event(3))
    data.event_meta["web"] = [{"id": "m", "name": "purchase", "conversion": True}]
    with Sandbox(data) as sandbox:
        rows = get(sandbox, f"{DAYS}&includes=meta").json()["data"]
    assert [row.get("meta", {}).get("id") for row in rows] == ["m", None, "m"]
    assert "profile" not in rows[0]


def test_rows_of_one_millisecond_come_in_the_order_of_their_ids_second_half() -> None:
    first, last = "ffffffff-0000-4000-8000-000000000001", "00000000-0000-4000-8000-000000000002"
    rows = [event(id=last, createdAt="2026-11-10T00:00:00.000Z")]
    rows += [event(id=first, createdAt="2026-11-10T00:00:00.000Z")] * 2
    with world(*rows) as sandbox:
        answer = get(sandbox).json()
    assert [row["id"] for row in answer["data"]] == [first, first, last]
    assert answer["meta"] == {"count": 3, "totalCount": 3, "pages": 1, "current": 1}


def test_events_of_a_profiles_devices_are_listed_but_not_counted() -> None:
    with world(event(1), event(2, profileId="device"), event(3, deviceId="other")) as sandbox:
        answer = get(sandbox, f"{DAYS}&profileId=anna")
    assert ids(answer) == [3, 2, 1]
    assert answer.json()["meta"]["totalCount"] == 2


def test_without_both_dates_page_1_looks_back_no_further_than_it_must() -> None:
    rows = [
        event(1, createdAt="2026-11-20T00:00:00.000Z"),
        event(2, createdAt="2026-11-22T00:00:00.000Z"),
    ]
    with world(*rows, server_date="2026-08") as sandbox:
        assert ids(get(sandbox, "start=2026-11-01")) == [2]
        assert ids(get(sandbox, "limit=1&page=2")) == [1]
        assert get(sandbox, "").json()["meta"]["totalCount"] == 2
        sandbox.remove([event_id(1), event_id(2)])
        assert ids(get(sandbox, "")) == []


def test_credentials_are_looked_at_after_the_query(sandbox: Sandbox) -> None:
    wrong = HEADERS | {"openpanel-client-secret": "wrong"}
    assert get(sandbox, "page=abc", headers=wrong).status_code == 400
    assert get(sandbox, "", headers=wrong).status_code == 401


@pytest.mark.parametrize(
    ("json_text", "text"),
    [
        ("1.5", "1.5"),
        ("100", "100"),
        ("-0", "0"),
        ("123456789012345680000", "123456789012345680000"),
        ("1e21", "1e+21"),
        ("0.000001", "0.000001"),
        ("1.5e-7", "1.5e-7"),
        ("-1e400", "-Infinity"),
        ("1e400", "Infinity"),
        ('[1, null, ["a", true]]', "1,,a,true"),
        ("{}", "[object Object]"),
        ("null", "null"),
    ],
)
def test_values_become_text_as_in_javascript(json_text: str, text: str) -> None:
    assert js_string(parse_json(json_text)) == text


def test_json_may_not_be_endlessly_deep() -> None:
    with pytest.raises(ValueError, match="too deep"):
        parse_json("[" * 100_000)


def test_projects_know_their_time_zone() -> None:
    access = Access(dataset().accounts, generation_of(None))
    assert access.timezone("web") == "UTC"
