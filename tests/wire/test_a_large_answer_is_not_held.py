"""However large an answer is, or becomes when it is inflated, no more than was allowed is held."""

from __future__ import annotations

import gzip
import tracemalloc
from contextlib import closing
from io import BytesIO
from typing import Any

import pytest
import requests
import urllib3

from openpanel_source import errors
from openpanel_source.sandbox import Sandbox
from openpanel_source.wire.body import read_response
from tests.support.impatient import WEB, failure, patient
from tests.support.recorded import EVENTS

pytestmark = pytest.mark.long

MIB = 2**20


@pytest.mark.parametrize(
    "fault",
    [
        {"status": 200, "body": "x" * (2 * MIB)},
        {"status": 200, "body": "x" * (2 * MIB), "framing": "chunked"},
        {"status": 200, "body": "x" * (2 * MIB), "framing": "close"},
        {"status": 404, "body": "x" * (2 * MIB)},
        {"wrong_content_length": 10**15},
        {"bomb": 400},
        {"bomb": 400, "framing": "chunked"},
    ],
)
def test_an_answer_that_is_too_large_is_refused_without_holding_it(
    sandbox: Sandbox, fault: dict[str, Any]
) -> None:
    sandbox.behave(**fault)
    get = patient(sandbox, max_page_bytes=MIB)
    before = len(sandbox.requests)
    found = failure(get)
    assert type(found) is errors.AnswerTooLargeError
    assert "larger than max_page_bytes (1,048,576)" in str(found)
    assert len(sandbox.requests) - before == 1


def test_a_bomb_is_not_inflated_beyond_the_bound() -> None:
    body = gzip.compress(b" " * (100 * MIB))
    for layers in ("gzip", "gzip, gzip"):
        content = body if layers == "gzip" else gzip.compress(body)
        raw = urllib3.HTTPResponse(
            body=BytesIO(content),
            headers={"content-encoding": layers},
            preload_content=False,
        )
        answer = requests.Response()
        answer.raw, answer.status_code = raw, 200
        answer.headers.update(raw.headers)
        tracemalloc.start()
        with pytest.raises(errors.AnswerTooLargeError):
            read_response(answer, MIB, "GET x")
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert most < 10 * MIB


def test_an_answer_as_large_as_allowed_is_read(sandbox: Sandbox) -> None:
    body = '{"a":"' + "x" * 1000 + '"}'
    for fault in ({}, {"gzip": True}, {"framing": "chunked"}, {"framing": "close"}):
        sandbox.behave(status=200, body=body, **fault)
        with closing(patient(sandbox, max_page_bytes=len(body))) as client:
            assert client.get(EVENTS, WEB).content == body.encode()
        assert type(failure(patient(sandbox, max_page_bytes=len(body) - 1))) is (
            errors.AnswerTooLargeError
        )
