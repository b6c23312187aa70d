"""Every failure of a request is retried as it deserves and told with its remedy, never a secret."""

from __future__ import annotations

import json
import pickle
import socket
import threading
import traceback
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest
import requests

from openpanel_source import errors
from openpanel_source.api.client import Client
from openpanel_source.api.credentials import Credentials
from openpanel_source.api.query import Params
from openpanel_source.api.refusals import error_of
from openpanel_source.errors import OpenPanelError
from openpanel_source.sandbox import Sandbox
from openpanel_source.wire.body import Response
from openpanel_source.wire.retry import RetryPolicy
from tests.support.recorded import (
    FAST,
    NO_SECRET,
    READ,
    ROOT,
    WRITE,
    client_of,
    real_world,
    unknown_client,
)
from tests.support.sandbox_world import world

EVENTS = "/export/events"
SECRET = "sec_very_secret_0123456789"
DAYS: Params = [
    ("start", "2026-11-09T00:00:00.000Z"),
    ("end", "2026-11-11T00:00:00.000Z"),
    ("limit", "5"),
]
WEB: Params = [("projectId", "acme-web"), *DAYS]


@pytest.fixture(scope="module")
def server() -> Iterator[Sandbox]:
    with real_world() as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(server: Sandbox) -> Iterator[Sandbox]:
    server.behave()
    yield server
    server.behave()


def failure(client: Client, params: Params = WEB, path: str = EVENTS) -> OpenPanelError:
    with pytest.raises(OpenPanelError) as caught:
        client.get(path, params)
    assert_harmless(caught.value)
    client.close()
    return caught.value


def assert_harmless(error: BaseException) -> None:
    """No secret can be reached from the error, and it survives being sent to another process."""
    secrets = [SECRET, *(item.client_secret for item in (READ, ROOT, WRITE, NO_SECRET))]
    shown = "".join(traceback.format_exception(error))
    current: BaseException | None = error
    while current is not None:
        shown += f"{current} {current!r} {current.args!r} {vars(current)!r}"
        for holder in vars(current).values():
            shown += repr(getattr(holder, "headers", ""))
        current = current.__cause__ or current.__context__
    for secret in secrets:
        assert secret not in shown
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), str(again)) == (type(error), str(error))


@pytest.mark.parametrize(
    ("credentials", "params", "error", "remedy", "times"),
    [
        (
            Credentials("", SECRET),
            WEB,
            errors.InvalidClientIdError,
            "copy client_id again from OpenPanel's settings",
            1,
        ),
        (
            Credentials(READ.client_id.replace("2", "A"), SECRET),
            WEB,
            errors.InvalidClientIdError,
            "not a lowercase UUIDv4",
            1,
        ),
        (unknown_client(), WEB, errors.UnknownClientError, "check client_id and base_url", 1),
        (
            Credentials(READ.client_id, SECRET),
            WEB,
            errors.WrongSecretError,
            "check client_secret, or create a new client",
            1,
        ),
        (WRITE, WEB, errors.ClientNotAllowedError, "create one of type read or root", 1),
        (NO_SECRET, WEB, errors.ClientWithoutSecretError, "create a new client", 1),
        (
            READ,
            [("projectId", "acme-app"), *DAYS],
            errors.ProjectAccessError,
            "and none if it was created without one",
            1,
        ),
        (
            ROOT,
            [("projectId", "nonsense"), *DAYS],
            errors.ProjectNotFoundError,
            "the id in the dashboard's address",
            1,
        ),
        (
            ROOT,
            [("projectId", "ny-shop"), *DAYS],
            errors.ProjectNotFoundError,
            "no such project; check project_id",
            1,
        ),
        (ROOT, DAYS, errors.ProjectRequiredError, "set project_id", 1),
        (
            READ,
            [*WEB, ("page", "text")],
            errors.InvalidQueryError,
            "check events, filters and profile_id",
            1,
        ),
        (
            READ,
            [*WEB, ("filters", "garbage")],
            errors.InvalidQueryError,
            "whether the server is old",
            1,
        ),
        (
            READ,
            [("start", "20261109"), *DAYS[1:]],
            errors.InternalServerError,
            "it or its database is down or overloaded: run again later",
            3,
        ),
    ],
)
def test_each_refusal_of_the_server_names_its_remedy(
    sandbox: Sandbox,
    credentials: Credentials,
    params: Params,
    error: type[OpenPanelError],
    remedy: str,
    times: int,
) -> None:
    before = len(sandbox.requests)
    client = client_of(sandbox, credentials)
    found = failure(client, params)
    assert type(found) is error
    assert remedy in str(found)
    assert found.request is not None
    assert found.request.startswith(f"GET {sandbox.url}{EVENTS}?")
    assert len(sandbox.requests) - before == times == client.requests_sent


def test_a_url_that_is_too_long_is_refused(sandbox: Sandbox) -> None:
    found = failure(client_of(sandbox), [*WEB, ("profileId", "x" * 16_500)])
    assert type(found) is errors.QueryTooLongError
    assert "name fewer events or shorter filters" in str(found)


@pytest.mark.parametrize("path", ["/export/nothing", "/export/events/", "/api/export/events"])
def test_a_base_url_that_leads_elsewhere_is_told(sandbox: Sandbox, path: str) -> None:
    found = failure(client_of(sandbox), path=path)
    assert type(found) is errors.EndpointNotFoundError
    assert "check base_url" in str(found)


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
        ({"stall": 5}, errors.RequestTimeoutError, "raise read_timeout", 6),
    ],
)
def test_a_failure_that_lasts_is_told_after_so_many_tries(
    sandbox: Sandbox, fault: dict[str, Any], error: type[OpenPanelError], remedy: str, times: int
) -> None:
    sandbox.behave(**fault)
    before = len(sandbox.requests)
    # A client of its own, so that the pauses a 429 asks for touch no other test.
    found = failure(client_of(sandbox, unknown_client(), timeout=(1, 0.1)))
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
        {"stall": 5, "times": 2},
    ],
)
def test_a_failure_that_passes_is_healed_by_trying_again(
    sandbox: Sandbox, fault: dict[str, Any]
) -> None:
    sandbox.behave(**fault)
    before = len(sandbox.requests)
    client = client_of(sandbox, ROOT, timeout=(1, 0.2))
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


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_never_followed(sandbox: Sandbox, status: int) -> None:
    with world() as elsewhere:
        sandbox.behave(redirect=f"{elsewhere.url}{EVENTS}", status=status)
        before = len(sandbox.requests)
        found = failure(client_of(sandbox))
        assert type(found) is errors.RedirectedError
        assert "set base_url to the address of the API itself" in str(found)
        assert elsewhere.requests == []
    assert len(sandbox.requests) - before == 1


def test_credentials_of_the_netrc_file_are_not_sent(
    sandbox: Sandbox, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login me password mine\n")
    monkeypatch.setenv("NETRC", str(netrc))
    prepared: list[requests.PreparedRequest] = []
    send = requests.Session.send

    def watched(
        session: requests.Session, request: requests.PreparedRequest, **options: Any
    ) -> requests.Response:
        prepared.append(request)
        return send(session, request, **options)

    monkeypatch.setattr(requests.Session, "send", watched)
    with closing(client_of(sandbox)) as client:
        client.get(EVENTS, WEB)
    sent = prepared[0].headers
    assert "authorization" not in {name.lower() for name in sent}
    assert sent["openpanel-client-secret"] == READ.client_secret


def closed_port() -> int:
    with closing(socket.socket()) as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
    return port


def test_a_server_that_is_not_there_is_told() -> None:
    found = failure(client_of(f"http://127.0.0.1:{closed_port()}"))
    assert type(found) is errors.ConnectionFailedError
    assert "Connection refused" in str(found)


def test_a_host_that_does_not_exist_is_told() -> None:
    found = failure(client_of("https://no-such-host.invalid", timeout=(2, 2)))
    assert type(found) in (errors.UnknownHostError, errors.RequestTimeoutError)
    assert "check base_url" in str(found)


def test_a_server_that_does_not_speak_tls_is_told(sandbox: Sandbox) -> None:
    found = failure(client_of(sandbox.url.replace("http:", "https:"), timeout=(2, 2)))
    assert type(found) is errors.ConnectionFailedError
    assert "REQUESTS_CA_BUNDLE" in str(found)


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


def test_what_a_server_says_cannot_reach_the_terminal(sandbox: Sandbox, nonsense: str) -> None:
    found = failure(client_of(nonsense))
    assert type(found) is errors.ConnectionFailedError
    assert str(found).isprintable()
    for status in (400, 401, 403, 404, 418, 500):
        sandbox.behave(status=status, body='{"message":"\\u001b[31m\\u202eRED\\n"}')
        assert str(failure(client_of(sandbox))).isprintable()
        sandbox.behave(status=status, body="\x1b[31mRED\u2028\n", content_type="text/plain")
        assert str(failure(client_of(sandbox))).isprintable()


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


def test_a_client_never_shows_its_secret() -> None:
    credentials = Credentials(READ.client_id, SECRET)
    client = Client("https://host", credentials, retry=FAST)
    assert SECRET not in f"{credentials} {credentials!r} {client} {client!r}"


def test_the_address_in_a_message_can_be_read_and_moves_no_terminal(sandbox: Sandbox) -> None:
    sandbox.behave(path=EVENTS, status=404)
    hostile = "a\x1b[31m&b=\u202e #%"
    told = str(failure(client_of(sandbox), [*WEB, ("events", hostile), ("filters", "[1]")]))
    assert "?projectId=acme-web&start=2026-11-09T00:00:00.000Z&end=" in told
    assert "&events=a%1B[31m%26b%3D%E2%80%AE%20%23%25&filters=***]" in told
