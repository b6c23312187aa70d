"""A sandbox misbehaves as it is told to, and only then."""

from __future__ import annotations

import time
from typing import Any

import pytest
import requests

from openpanel_source.sandbox import Sandbox
from tests.support.sandbox_world import DAYS, event, event_id, get, ids, world

BROKEN = (requests.ConnectionError, requests.exceptions.ChunkedEncodingError)


@pytest.fixture(scope="module")
def running() -> Any:
    with world(*(event(number) for number in range(1, 6))) as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(running: Sandbox) -> Any:
    yield running
    running.behave()


def page(sandbox: Sandbox, number: int = 1) -> requests.Response:
    return get(sandbox, f"{DAYS}&limit=2&page={number}")


def test_a_fault_hits_the_requests_it_names(sandbox: Sandbox) -> None:
    sandbox.behave(status=503, path="page=2", skip=1, times=2)
    statuses = [page(sandbox, number).status_code for number in (1, 2, 2, 3, 2, 2)]
    assert statuses == [200, 200, 503, 200, 503, 200]


def test_faults_combine(sandbox: Sandbox) -> None:
    sandbox.behave(faults=[{"drop_rows": 1}, {"meta_missing": True, "path": "page=2"}])
    assert ids(page(sandbox)) == [5]
    assert page(sandbox, 2).json().keys() == {"data"}
    sandbox.behave()
    assert ids(page(sandbox)) == [5, 4]


def test_behaviour_is_set_over_http(sandbox: Sandbox) -> None:
    url = f"{sandbox.url}/_sandbox/behaviour"
    requests.post(url, json={"html": True}, timeout=5)
    response = page(sandbox)
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    assert response.text.startswith("<!doctype html>")
    requests.post(url, json={}, timeout=5)
    assert ids(page(sandbox)) == [5, 4]


def test_any_answer_can_stand_in(sandbox: Sandbox) -> None:
    sandbox.behave(status=502, body="bad gateway", content_type="text/plain", headers={"via": 1})
    response = page(sandbox)
    assert (response.status_code, response.text) == (502, "bad gateway")
    assert (response.headers["content-type"], response.headers["via"]) == ("text/plain", "1")


def test_a_redirect_points_elsewhere(sandbox: Sandbox) -> None:
    sandbox.behave(redirect="https://elsewhere.example/")
    response = page(sandbox)
    assert (response.status_code, response.headers["location"]) == (
        302,
        "https://elsewhere.example/",
    )


def test_retry_after_is_overridden(sandbox: Sandbox) -> None:
    sandbox.behave(status=429, retry_after=7)
    assert page(sandbox).headers["retry-after"] == "7"


@pytest.mark.parametrize(
    "fault",
    [
        {"reset": "before_headers"},
        {"reset": "in_headers"},
        {"reset": "in_body"},
        {"reset": "last_byte"},
        {"truncate_body": 20},
        {"wrong_content_length": 5},
    ],
)
def test_a_broken_connection_is_an_error_to_the_client(
    sandbox: Sandbox, fault: dict[str, Any]
) -> None:
    sandbox.behave(**fault, times=1)
    with pytest.raises(BROKEN):
        page(sandbox)
    assert ids(page(sandbox)) == [5, 4]


def test_a_content_length_may_be_too_small(sandbox: Sandbox) -> None:
    whole = page(sandbox).text
    sandbox.behave(wrong_content_length=-5)
    assert page(sandbox).text == whole[:-5]


def test_malformed_json_has_a_fitting_length(sandbox: Sandbox) -> None:
    sandbox.behave(malformed_json=True)
    response = page(sandbox)
    assert response.status_code == 200
    with pytest.raises(ValueError, match="Expecting"):
        response.json()


@pytest.mark.parametrize(
    "fault", [{"delay": 0.2}, {"stall": 0.2}, {"drip": 0.02}, {"drip_headers": 0.02}]
)
def test_a_slow_answer_is_whole(sandbox: Sandbox, fault: dict[str, Any]) -> None:
    sandbox.behave(**fault)
    began = time.monotonic()
    assert ids(page(sandbox)) == [5, 4]
    assert time.monotonic() - began >= 0.2


@pytest.mark.parametrize("framing", ["chunked", "close"])
def test_a_body_may_end_without_a_length(sandbox: Sandbox, framing: str) -> None:
    for gzip in (False, True):
        sandbox.behave(framing=framing, gzip=gzip)
        response = page(sandbox)
        assert ids(response) == [5, 4]
        assert "content-length" not in response.headers
        assert ("content-encoding" in response.headers) == gzip


def test_a_bomb_is_small_on_the_way(sandbox: Sandbox) -> None:
    sandbox.behave(bomb=2)
    response = page(sandbox)
    assert len(response.content) == 2 * 2**20
    assert int(response.headers["content-length"]) < 2**14


@pytest.mark.parametrize(
    "fault", [{"hang": True}, {"delay": 60}, {"stall": 60}, {"drip": 60}, {"interim": 60}]
)
def test_stopping_does_not_wait_for_slow_answers(fault: dict[str, Any]) -> None:
    began = time.monotonic()
    with world(event()) as sandbox:
        sandbox.behave(**fault)
        with pytest.raises((requests.Timeout, requests.ConnectionError)):
            get(sandbox, timeout=0.2)
        if "hang" in fault:
            # The client may have given up before the server has read what it asks.
            while not sandbox.requests:
                time.sleep(0.01)
            assert [served.status for served in sandbox.requests] == [0]
    assert time.monotonic() - began < 10


def test_pages_may_lie(sandbox: Sandbox) -> None:
    sandbox.behave(empty_pages=True, stale_pages=1, lie_total="+3")
    answer = page(sandbox).json()
    assert answer == {"meta": {"count": 0, "totalCount": 8, "pages": 1, "current": 1}, "data": []}
    sandbox.behave(lie_total=1, data_object=True)
    answer = page(sandbox).json()
    assert answer["meta"]["totalCount"] == 1
    assert isinstance(answer["data"], dict)


def test_every_page_may_be_page_1(sandbox: Sandbox) -> None:
    sandbox.behave(repeat_page=True)
    assert ids(page(sandbox, 3)) == [5, 4]
    assert page(sandbox, 3).json()["meta"]["current"] == 3


def test_rows_come_and_go_between_pages() -> None:
    with world(*(event(number) for number in range(1, 6))) as sandbox:
        sandbox.behave(
            faults=[
                {"add_between": [event(9)], "path": "page=2"},
                {"remove_between": [event_id(9)], "path": "page=3"},
            ]
        )
        found = [ids(page(sandbox, number)) for number in (1, 2, 2, 3)]
    assert found == [[5, 4], [4, 3], [4, 3], [1]]
