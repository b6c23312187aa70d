"""A failure is tried again as often as it deserves, and told when it lasts."""

from __future__ import annotations

import json
from contextlib import closing
from typing import Any

import pytest

from openpanel_source import errors
from openpanel_source.errors import OpenPanelError
from openpanel_source.sandbox import Sandbox
from openpanel_source.wire.retry import RetryPolicy
from tests.support.failures import WEB, failure
from tests.support.recorded import EVENTS, ROOT, client_of, unknown_client


@pytest.mark.sampled(2)
@pytest.mark.parametrize(
    ("fault", "error", "remedy", "times"),
    [
        (
            {"status": 401, "body": '{"message":"Client ID seems to be malformed"}'},
            errors.ServerUnavailableError,
            "its database is down or being restarted, and nothing is wrong with client_id",
            6,
        ),
        ({"status": 401}, errors.CredentialsError, "run again later", 3),
        ({"status": 500}, errors.InternalServerError, "it or its database is down", 3),
        ({"status": 502}, errors.ServerUnavailableError, "run again later", 6),
        ({"status": 503}, errors.ServerUnavailableError, "run again later", 6),
        ({"status": 504}, errors.ServerUnavailableError, "run again later", 6),
        ({"status": 429, "retry_after": 0}, errors.RateLimitedError, "stop other readers", 20),
        ({"status": 418}, errors.UnexpectedAnswerError, "check that base_url leads to", 3),
        ({"status": 204}, errors.UnexpectedAnswerError, "check that base_url leads to", 3),
        ({"html": True}, errors.UnexpectedAnswerError, "login page", 3),
        ({"status": 408}, errors.ServerUnavailableError, "run again later", 6),
        ({"status": 522}, errors.ServerUnavailableError, "run again later", 6),
        ({"reset": "before_headers"}, errors.ConnectionFailedError, "check base_url", 6),
        ({"reset": "in_headers"}, errors.ConnectionFailedError, "check base_url", 6),
        ({"reset": "in_body"}, errors.IncompleteBodyError, "run again later", 6),
        ({"reset": "last_byte"}, errors.IncompleteBodyError, "run again later", 6),
        ({"truncate_body": 10}, errors.IncompleteBodyError, "run again later", 6),
        ({"wrong_content_length": 7}, errors.IncompleteBodyError, "run again later", 6),
        ({"hang": True}, errors.RequestTimeoutError, "raise read_timeout", 6),
        ({"stall": 60}, errors.RequestTimeoutError, "raise read_timeout", 6),
    ],
)
def test_a_failure_that_lasts_is_told_after_so_many_tries(
    sandbox: Sandbox, fault: dict[str, Any], error: type[OpenPanelError], remedy: str, times: int
) -> None:
    sandbox.behave(**fault)
    before = len(sandbox.requests)
    # What is answered may be late on a busy machine: that would be another failure.
    patience = 0.1 if fault.keys() & {"hang", "stall"} else 60
    # A client of its own, so that the pauses a 429 asks for touch no other test.
    found = failure(client_of(sandbox, unknown_client(), timeout=(60, patience)))
    assert type(found) is error
    assert remedy in str(found)
    assert len(sandbox.requests) - before == times


@pytest.mark.sampled(2)
@pytest.mark.parametrize(
    "fault",
    [
        {"status": 401, "body": '{"message":"Client ID seems to be malformed"}', "times": 2},
        {"status": 500, "times": 2},
        {"status": 502, "times": 5},
        {"status": 503, "times": 5},
        {"status": 504, "times": 5},
        {"status": 429, "retry_after": 0, "times": 19},
        {"status": 429, "times": 3},
        {"reset": "before_headers", "times": 5},
        {"reset": "in_headers", "times": 5},
        {"reset": "in_body", "times": 5},
        {"reset": "last_byte", "times": 5},
        {"truncate_body": 10, "times": 5},
        {"hang": True, "times": 2},
        {"stall": 60, "times": 2},
    ],
)
def test_a_failure_that_passes_is_healed_by_trying_again(
    sandbox: Sandbox, fault: dict[str, Any]
) -> None:
    sandbox.behave(**fault)
    before = len(sandbox.requests)
    # The answer that comes in the end may be late on a busy machine.
    patience = 3 if fault.keys() & {"hang", "stall"} else 60
    client = client_of(sandbox, ROOT, timeout=(60, patience))
    with closing(client):
        response = client.get(EVENTS, WEB)
    assert len(json.loads(response.content)["data"]) == 5
    assert len(sandbox.requests) - before == fault["times"] + 1 == client.requests_sent


def test_credentials_that_have_worked_are_tried_again_when_refused(sandbox: Sandbox) -> None:
    body = '{"message":"Export: Invalid client secret"}'
    with closing(client_of(sandbox)) as client:
        client.get(EVENTS, WEB)
        sandbox.behave(status=401, body=body, times=2)
        assert client.get(EVENTS, WEB).status == 200
        sandbox.behave(status=401, body=body)
        with pytest.raises(errors.WrongSecretError):
            client.get(EVENTS, WEB)


def test_a_refusal_that_names_no_time_is_waited_out_with_backoff(sandbox: Sandbox) -> None:
    waits: list[int] = []

    class Patient(RetryPolicy):
        def wait(self, attempt: int) -> float:
            waits.append(attempt)
            return 0.0

    client = client_of(sandbox, retry=Patient(limited_attempts=4))
    client.get(EVENTS, WEB)
    sandbox.behave(status=429)
    failure(client)
    assert waits[:3] == [1, 2, 3]


def test_waits_double_up_to_half_a_minute() -> None:
    policy = RetryPolicy(backoff_seconds=0.5)
    for attempt in range(1, 60):
        longest = min(0.5 * 2.0 ** (attempt - 1), 30.0)
        assert longest / 2 <= policy.wait(attempt) <= longest
