"""Clients are limited to a number of requests in a fixed window."""

from __future__ import annotations

import pytest
import requests

from openpanel_source.sandbox import Sandbox
from openpanel_source.sandbox.http.ratelimit import RateLimit
from tests.support.sandbox_world import CLIENT, DAYS, HEADERS, dataset, event, get, world


class Clock:
    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


def test_the_window_begins_with_the_first_request_and_rejections_do_not_prolong_it() -> None:
    clock = Clock()
    limit = RateLimit(2, 10, clock)
    assert limit.count("a") == (True, headers(1, 10))
    clock.seconds = 4.5
    assert limit.count("a") == (True, headers(0, 6))
    assert limit.count("a") == (False, headers(0, 6) | {"retry-after": "6"})
    assert limit.count("b") == (True, headers(1, 10))
    clock.seconds = 10
    assert limit.count("a") == (True, headers(1, 10))


def headers(remaining: int, reset: int) -> dict[str, str]:
    return {
        "x-ratelimit-limit": "2",
        "x-ratelimit-remaining": str(remaining),
        "x-ratelimit-reset": str(reset),
    }


def test_every_answer_tells_the_limit_and_it_comes_before_everything_else() -> None:
    wrong = HEADERS | {"openpanel-client-secret": "wrong"}
    with world(event(), rate_limit=3, window_seconds=3600) as sandbox:
        answers = [get(sandbox), get(sandbox, "page=x"), get(sandbox, DAYS, headers=wrong)]
        answers.append(get(sandbox, "page=x", headers=wrong))
        assert get(sandbox, headers={}).status_code == 401
    assert [answer.status_code for answer in answers] == [200, 400, 401, 429]
    remaining = [answer.headers["x-ratelimit-remaining"] for answer in answers]
    assert remaining == ["2", "1", "0", "0"]
    assert answers[-1].headers["retry-after"] == answers[-1].headers["x-ratelimit-reset"]


def test_without_a_limit_the_headers_tell_of_one_that_nobody_reaches() -> None:
    with world(event()) as sandbox:
        assert get(sandbox).headers["x-ratelimit-limit"] == "1000000"


def test_the_limit_is_that_of_the_servers_time() -> None:
    for server_date, limit in ((None, "100"), ("2025-03", "10")):
        with world(event(), rate_limit="default", server_date=server_date) as sandbox:
            assert get(sandbox).headers["x-ratelimit-limit"] == limit


@pytest.mark.parametrize("limit", [0, -1])
def test_a_limit_that_lets_nothing_through_is_refused(limit: int) -> None:
    with pytest.raises(ValueError, match="rate_limit must be 1 or more"):
        Sandbox(dataset(), rate_limit=limit)


ALL = ("2025-03", "2026-02", "2026-04", "2026-08", "2026-09", "2026-09s", "3")


@pytest.mark.parametrize("server_date", ALL)
def test_requests_to_other_routes_are_counted_with_those_to_export(server_date: str) -> None:
    with world(event(), rate_limit=10, window_seconds=3600, server_date=server_date) as sandbox:
        sandbox.spend(CLIENT, 4)
        statuses = [get(sandbox).status_code for _ in range(7)]
        url = f"{sandbox.url}/_sandbox/requests"
        spent = [{"client_id": "another", "requests": 10}]
        assert requests.post(url, json=spent, timeout=5).json() == {"clients": 1}
        elsewhere = get(sandbox, headers={"openpanel-client-id": "another"}).status_code
    assert statuses == [200] * 6 + [429]
    assert elsewhere == 429


def test_openpanel_3_tells_nothing_of_its_limit() -> None:
    with world(event(), rate_limit=1, window_seconds=3600, server_date="3") as sandbox:
        answers = [get(sandbox), get(sandbox)]
    assert [answer.status_code for answer in answers] == [200, 429]
    told = {name.lower() for answer in answers for name in answer.headers}
    assert not [name for name in told if "ratelimit" in name or name == "retry-after"]
    message = "You have exceeded the rate limit for this endpoint."
    body = {"statusCode": 429, "error": "Too Many Requests", "message": message}
    assert answers[1].json() == body


def test_openpanel_3_counts_what_it_found_valid_credentials_or_not() -> None:
    wrong = HEADERS | {"openpanel-client-secret": "wrong"}
    with world(event(), rate_limit=2, window_seconds=3600, server_date="3") as sandbox:
        assert [get(sandbox, "limit=abc").status_code for _ in range(3)] == [400] * 3
        assert get(sandbox, path="/export/nothing").status_code == 404
        assert get(sandbox, DAYS, headers=wrong).status_code == 401
        assert get(sandbox, "series=[]", path="/export/charts").status_code == 200
        assert get(sandbox, DAYS, headers=wrong).status_code == 429
        assert get(sandbox, "limit=abc").status_code == 400


def test_openpanel_3_allows_a_hundred_requests_in_ten_seconds() -> None:
    with world(event(), rate_limit="default", server_date="3") as sandbox:
        sandbox.spend(CLIENT, 99)
        assert [get(sandbox).status_code for _ in range(2)] == [200, 429]
