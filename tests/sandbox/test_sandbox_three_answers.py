"""OpenPanel 3 writes answers, errors and headers as it does."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from openpanel_source.sandbox import Sandbox
from tests.support.sandbox_world import DAYS, HEADERS, chart, event, event_id, get, ids, world

ROOT = {
    "openpanel-client-id": "11111111-1111-4111-8111-111111111111",
    "openpanel-client-secret": "sec_root",
}


@pytest.fixture(scope="module")
def three() -> Any:
    with world(event(1), event(2), server_date="3") as sandbox:
        yield sandbox


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ("filters=[{}]", "filters.0.name Invalid input: expected string, received undefined"),
        ("limit=abc&page=abc", "page Invalid input: expected number, received NaN"),
        ("filters=", "filters Invalid input: expected array, received undefined"),
        ("filters=garbage", "filters Invalid input: expected array, received undefined"),
        ("filters=5", "filters Invalid input: expected array, received number"),
        ("event=5&profileId=5", "profileId Invalid input: expected string, received number"),
    ],
)
def test_a_400_names_the_first_problem_with_dots(three: Sandbox, query: str, told: str) -> None:
    response = get(three, query, headers={})
    message = f"querystring/{told}"
    assert response.json() == {"status": 400, "error": "Error", "message": message}


def test_the_errors_of_access_are_those_of_older_servers(three: Sandbox) -> None:
    wrong = HEADERS | {"openpanel-client-secret": "wrong"}
    refused = get(three, headers=wrong)
    assert refused.json() == {"error": "Unauthorized", "message": "Export: Invalid client secret"}
    denied = get(three, "projectId=empty")
    message = "You do not have access to this project"
    assert denied.json() == {"status": 403, "message": message}
    missing = get(three, headers=ROOT)
    message = "project_id or projectId is required"
    assert missing.json() == {"status": 400, "message": message}


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/export"),
        ("GET", "/export//events"),
        ("GET", "/export/events//"),
        ("GET", "/Export/events"),
        ("POST", "/export/events"),
        ("GET", "/documentation"),
    ],
)
def test_other_routes_and_methods_are_not_found(three: Sandbox, method: str, path: str) -> None:
    request = requests.Request(method, three.url).prepare()
    request.url = three.url + path
    with requests.Session() as session:
        response = session.send(request, timeout=5)
    assert response.status_code == 404
    assert response.json() == {"status": 404, "error": "Error", "message": "NOT_FOUND"}


def test_a_slash_at_the_end_is_accepted(three: Sandbox) -> None:
    assert ids(get(three, f"{DAYS}&limit=1", path="/export/events/")) == [2]
    assert requests.get(f"{three.url}/healthz/live/", timeout=5).json() == {"live": True}


@pytest.mark.parametrize(
    "path", ["/", "/healthcheck", "/healthz/live", "/healthz/ready", "/openapi.json"]
)
def test_routes_without_credentials(three: Sandbox, path: str) -> None:
    response = requests.get(three.url + path, timeout=5)
    assert response.status_code == 200
    assert response.headers["content-type"] == "application/json;charset=utf-8"
    assert isinstance(response.json(), dict)


def test_browsers_may_ask_from_anywhere(three: Sandbox) -> None:
    headers = HEADERS | {"origin": "https://x.example"}
    told = get(three, "limit=abc", headers=headers).headers
    assert told["access-control-allow-origin"] == "https://x.example"
    assert told["access-control-allow-credentials"] == "true"
    assert told["access-control-allow-methods"] == "GET"
    assert "openpanel-client-secret" in told["access-control-allow-headers"].split(", ")
    assert told["access-control-expose-headers"] == told["access-control-allow-headers"]
    assert told["vary"] == "Origin"
    assert get(three).headers["access-control-allow-origin"] == "*"
    assert "content-encoding" not in told


def test_browsers_may_ask_whether_they_may(three: Sandbox) -> None:
    asks = {"access-control-request-headers": "x", "access-control-request-method": "GET"}
    response = requests.options(f"{three.url}/anything", headers=asks, timeout=5)
    assert (response.status_code, response.content) == (204, b"")
    assert "content-type" not in response.headers
    assert response.headers["access-control-allow-headers"] == "x"
    assert response.headers["access-control-allow-methods"] == "GET"
    assert response.headers["access-control-max-age"] == "604800"


def test_a_url_that_is_too_long_gets_no_body(three: Sandbox) -> None:
    response = get(three, f"x={'a' * 17_000}")
    assert (response.status_code, response.content) == (431, b"")
    assert "content-type" not in response.headers


def test_head_has_no_body(three: Sandbox) -> None:
    response = requests.head(f"{three.url}/export/events?limit=1", headers=HEADERS, timeout=5)
    assert (response.status_code, response.content) == (200, b"")
    assert response.headers["access-control-allow-methods"] == "HEAD"


@pytest.mark.parametrize(("server_date", "nothing"), [("3", ""), ("2026-09", "\0\0")])
def test_an_unknown_country_is_empty_in_events_but_not_in_charts(
    server_date: str, nothing: str
) -> None:
    unknown = [event(1, country="\0\0"), event(2, country="")]
    with world(*unknown, server_date=server_date) as sandbox:
        told = [row["country"] for row in get(sandbox, "start=2026-11-01").json()["data"]]
        series = chart(sandbox, breakdowns=[{"name": "country"}])["series"][0]
    assert told == [nothing, nothing]
    assert series["names"] == ["purchase", "\0\0"]
    assert series["event"]["breakdowns"] == {"country": "\0\0"}


def test_no_duration_is_told_and_profiles_are_made_up() -> None:
    with world(event(1, duration=5, deviceId="anna"), server_date="3") as sandbox:
        query = "start=2026-11-10&includes=duration,profile"
        (row,) = get(sandbox, query).json()["data"]
    assert "duration" not in row
    assert row["profile"]["createdAt"] == row["profile"]["lastSeenAt"]


def test_counts_are_live() -> None:
    with world(event(1), event(2), server_date="3") as sandbox:
        assert get(sandbox, "limit=1").json()["meta"]["totalCount"] == 2
        sandbox.remove([event_id(1)])
        assert get(sandbox, "limit=1").json()["meta"]["totalCount"] == 1


@pytest.mark.parametrize(("server_date", "found"), [("3", [2, 1]), ("2026-09", [3, 2, 1])])
def test_only_anonymous_events_of_a_device_are_stitched(server_date: str, found: list[int]) -> None:
    rows = [
        event(1, profileId="device"),
        event(2, profileId="anna"),
        event(3, profileId="another"),
    ]
    with world(*rows, server_date=server_date) as sandbox:
        assert ids(get(sandbox, "profileId=anna&start=2026-11-01")) == found
