"""The endpoints under /_sandbox/ change and show what a running sandbox holds."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from openpanel_source.sandbox import Sandbox
from tests.support.sandbox_world import CLIENT, DAYS, NOW, event, event_id, get, ids, world

SPENT = {"client_id": CLIENT, "requests": 2}
NOT_SPENT = "client_id must be a text, and requests a number above 0"


def post(sandbox: Sandbox, path: str, body: Any, method: str = "POST") -> requests.Response:
    return requests.request(method, f"{sandbox.url}/_sandbox/{path}", json=body, timeout=5)


def test_events_come_and_go() -> None:
    with world(event(1), rate_limit=1) as sandbox:
        assert post(sandbox, "events", [event(2), event(3)]).json() == {"added": 2}
        assert post(sandbox, "events", [event_id(1)], "DELETE").json() == {"ids": 1}
        assert ids(get(sandbox)) == [3, 2]


def test_an_event_that_says_little_gets_the_servers_defaults() -> None:
    little = {"projectId": "web", "name": 5, "deviceId": "d"}
    little |= {"properties": {"a": {"b": 1}, "c": None}}
    with world() as sandbox:
        post(sandbox, "events", [little])
        everything = "properties,region,longitude,revenue,importedAt,groups"
        (row,) = get(sandbox, f"{DAYS}&includes={everything}").json()["data"]
    assert len(row.pop("id")) == 36
    assert row == {
        "name": "5",
        "deviceId": "d",
        "profileId": "d",
        "projectId": "web",
        "sessionId": "",
        "properties": {"a.b": "1"},
        "createdAt": NOW.strftime("%Y-%m-%dT%H:%M:%S.000Z"),
        "country": "\0\0",
        "city": "",
        "region": "",
        "longitude": None,
        "os": "",
        "browser": "",
        "path": "",
        "revenue": 0,
        "groups": [],
    }


def test_an_event_may_be_dated_anywhen_and_have_any_id() -> None:
    rows = [
        event(id="b", createdAt="2031-01-01T00:00:00.000Z"),
        event(id="a", createdAt="2031-01-01T00:00:00.000Z"),
    ]
    with world(event(1)) as sandbox:
        sandbox.add(rows)
        answer = get(sandbox, "start=2031-01-01&end=2031-01-01").json()
    assert [row["id"] for row in answer["data"]] == ["a", "b"]


def test_a_row_may_be_given_as_text() -> None:
    with world(event(1)) as sandbox:
        sandbox.add([event(2, _raw='{"id": "x", "createdAt": ')])
        text = get(sandbox).text
    assert '"data":[{"id": "x", "createdAt": ,{"id":' in text


@pytest.mark.parametrize(
    ("path", "body", "message"),
    [
        ("events", {}, "the body must be a JSON array of events"),
        ("events", None, "the body must be a JSON array of events"),
        ("events", ["x"], "an event must be an object, not 'x'"),
        ("events", [{"name": "x"}], "unknown project None"),
        ("events", [{"projectId": "nope"}], "unknown project 'nope'"),
        ("events", [event(createdAt="soon")], "createdAt 'soon' is not a date"),
        ("events", [event(importedAt=5)], "importedAt 5 is not a date"),
        ("events", [event(revenue=-1)], "revenue -1 is not a whole number of 64 bits"),
        ("events", [event(latitude="north")], "latitude 'north' is not a number"),
        ("events", [event(properties=[1])], "properties must be an object"),
        ("behaviour", [], "the body must be a JSON object"),
        ("behaviour", {"status": "503"}, "status must be int, not '503'"),
        ("behaviour", {"html": 1}, "html must be bool, not 1"),
        ("behaviour", {"times": True}, "times must be int, not True"),
        ("behaviour", {"delay": "1"}, "delay must be int or float, not '1'"),
        ("behaviour", {"faults": {}}, "faults must be an array, and the only key"),
        ("behaviour", {"faults": [], "html": True}, "faults must be an array, and the only key"),
        ("behaviour", {"faults": [5]}, "a fault must be an object"),
        ("behaviour", {"add_between": [{}]}, "unknown project None"),
        ("requests", {}, "the body must be a JSON array of client_id and requests"),
        ("requests", [{}], "an item must have client_id and requests, not {}"),
        ("requests", [SPENT | {"requests": 0}], NOT_SPENT),
        ("requests", [SPENT | {"requests": True}], NOT_SPENT),
        ("requests", [SPENT | {"client_id": 5}], NOT_SPENT),
        ("behaviour", {"lie_total": "many"}, "lie_total must be a number, or a text such as +3"),
    ],
)
def test_a_wrong_body_is_refused_with_the_reason(path: str, body: Any, message: str) -> None:
    with world() as sandbox:
        response = post(sandbox, path, body)
        assert response.status_code == 400
        assert response.json() == {"message": message}


def test_an_unknown_route_is_named() -> None:
    with world() as sandbox:
        response = post(sandbox, "nothing", [])
        assert response.status_code == 404
        assert response.json() == {"message": "there is no POST /_sandbox/nothing"}


def test_ids_are_texts() -> None:
    with world() as sandbox:
        response = post(sandbox, "events", [5], "DELETE")
        assert response.json() == {"message": "ids must be texts"}
        assert (
            requests.post(f"{sandbox.url}/_sandbox/events", data="[", timeout=5).status_code == 400
        )


def test_unknown_behaviour_is_refused_with_what_is_known() -> None:
    with world() as sandbox:
        message = post(sandbox, "behaviour", {"explode": True}).json()["message"]
        assert message.startswith("unknown behaviour 'explode': use path, skip, times, status")
        assert (
            "one of before_headers" in post(sandbox, "behaviour", {"reset": "x"}).json()["message"]
        )


def test_requests_are_remembered_until_they_are_forgotten() -> None:
    with world(event(1)) as sandbox:
        get(sandbox)
        requests.get(sandbox.url, timeout=5)
        first, second = requests.get(f"{sandbox.url}/_sandbox/requests", timeout=5).json()
        assert (first["method"], first["url"]) == ("GET", f"/export/events?{DAYS}")
        assert (first["client_id"], first["status"]) == (CLIENT, 200)
        assert second["client_id"] is None
        assert 0 <= first["at"] <= second["at"]
        assert [served.url for served in sandbox.requests] == [first["url"], "/"]
        assert post(sandbox, "requests", None, "DELETE").json() == {"ok": True}
        assert sandbox.requests == []
