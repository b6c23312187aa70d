"""A server that refuses, or answers what cannot be read, is asked again, but not for ever."""

from __future__ import annotations

import time
from contextlib import closing
from typing import Any

import pytest

from openpanel_source import errors
from openpanel_source.api.page import peek
from openpanel_source.sandbox import Sandbox
from openpanel_source.wire.retry import RetryPolicy
from tests.support.impatient import KNOWN, TWICE, WEB, failure, patient
from tests.support.recorded import EVENTS, client_of

pytestmark = pytest.mark.sampled(24)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("Fri, 31 Dec 9999 23:59:59 GMT", "days"),
        (365 * 86_400, "for 365 days"),
        ("301", "for 5 minutes"),
        ("7300", "for 2 hours"),
        ("1e300", "for 1000000 days"),
    ],
)
def test_a_refusal_for_longer_than_a_run_waits_ends_it(
    sandbox: Sandbox, value: int | str, words: str
) -> None:
    sandbox.behave(status=429, retry_after=value)
    began, before = time.monotonic(), len(sandbox.requests)
    found = failure(patient(sandbox))
    assert type(found) is errors.LongRefusalError
    assert words in str(found)
    assert "run again then" in str(found)
    assert len(sandbox.requests) - before == 1
    assert time.monotonic() - began < 60


@pytest.mark.parametrize("value", [0, -1, "soon", "Thu, 01 Jan 1970 00:00:00 GMT"])
def test_a_refusal_for_no_time_is_tried_again_until_the_tries_are_used(
    sandbox: Sandbox, value: int | str
) -> None:
    sandbox.behave(status=429, retry_after=value)
    before = len(sandbox.requests)
    assert type(failure(patient(sandbox))) is errors.RateLimitedError
    assert len(sandbox.requests) - before == 2


def test_refusals_are_not_waited_out_for_ever(sandbox: Sandbox) -> None:
    sandbox.behave(status=429, retry_after=0)
    before = len(sandbox.requests)
    patience = RetryPolicy(limited_attempts=1_000_000, limited_seconds=2)
    assert type(failure(patient(sandbox, retry=patience))) is errors.RateLimitedError
    assert 2 <= len(sandbox.requests) - before < 1000


@pytest.mark.parametrize("fault", [{"malformed_json": True}, {"meta_missing": True}])
def test_an_answer_that_cannot_be_decoded_is_asked_for_again(
    sandbox: Sandbox, fault: dict[str, Any]
) -> None:
    sandbox.behave(**fault, times=1)
    with closing(client_of(sandbox, retry=TWICE, credentials=KNOWN)) as client:
        assert client.read(EVENTS, WEB, peek)[0].total_count == 5
        sandbox.behave(**fault)
        with pytest.raises(errors.UnexpectedAnswerError):
            client.read(EVENTS, WEB, peek)
