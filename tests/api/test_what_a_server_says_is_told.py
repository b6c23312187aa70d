"""What a server says of an error is found in whatever shape it comes, and moves no terminal."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator

import pytest

from openpanel_source import errors
from openpanel_source.api.refusals import error_of
from openpanel_source.sandbox import Sandbox
from openpanel_source.wire.body import Response
from tests.support.failures import WEB, failure
from tests.support.recorded import EVENTS, client_of


def answer(status: int, body: bytes) -> Response:
    return Response(status, {}, body)


@pytest.mark.parametrize(
    "body",
    [
        b'{"error":"Bad Request","message":"the reason"}',
        b'{"status":400,"message":"the reason"}',
        b'{"status":400,"error":"Bad Request","message":"the reason"}',
        b'{"message":"the reason","error":"Bad Request","statusCode":400}',
        b'{"error":"Bad Request","details":[{"path":["limit"],"message":"the reason"},5]}',
        b'"the reason"',
        b"the reason",
    ],
)
def test_the_reason_is_found_in_every_shape_of_an_error(body: bytes) -> None:
    for status in (400, 401, 403, 404, 418, 500):
        assert "the reason" in str(error_of(answer(status, body), "GET x"))


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"5", b"{}", b'{"message":5,"details":{}}', b"\xff\xfe", b"[" * 90_000]
)
def test_an_error_without_a_reason_is_told_without(body: bytes) -> None:
    for status in (400, 401, 403, 404, 418, 429, 431, 500, 503, 600, 199):
        error = error_of(answer(status, body), "GET x")
        assert error is not None
        assert str(error).endswith(". [GET x]")
    refused = error_of(answer(200, body), "GET x")
    assert (refused is None) == body.startswith(b"{")


@pytest.fixture
def nonsense() -> Iterator[str]:
    """A server that answers with something that is no HTTP, and would colour a terminal."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                connection.recv(65_536)
                connection.sendall(b"\x1b[31mRED\x07 nonsense\r\n\r\n")

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    thread.join(5)


@pytest.mark.long
def test_what_a_server_says_cannot_reach_the_terminal(sandbox: Sandbox, nonsense: str) -> None:
    found = failure(client_of(nonsense))
    assert type(found) is errors.ConnectionFailedError
    assert str(found).isprintable()
    for status in (400, 401, 403, 404, 418, 500):
        sandbox.behave(status=status, body='{"message":"\\u001b[31m\\u202eRED\\n"}')
        assert str(failure(client_of(sandbox))).isprintable()
        sandbox.behave(status=status, body="\x1b[31mRED\u2028\n", content_type="text/plain")
        assert str(failure(client_of(sandbox))).isprintable()


def test_the_address_in_a_message_can_be_read_and_moves_no_terminal(sandbox: Sandbox) -> None:
    sandbox.behave(path=EVENTS, status=404)
    hostile = "a\x1b[31m&b=\u202e #%"
    told = str(failure(client_of(sandbox), [*WEB, ("events", hostile), ("filters", "[1]")]))
    assert "?projectId=acme-web&start=2026-11-09T00:00:00.000Z&end=" in told
    assert "&events=a%1B[31m%26b%3D%E2%80%AE%20%23%25&filters=***]" in told
