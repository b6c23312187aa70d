"""However slow, large or endless an answer is, the request for it ends, and says why."""

from __future__ import annotations

import gzip
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import tracemalloc
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import datetime, timedelta, timezone
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
import requests
import trustme
import urllib3

from openpanel_source import errors
from openpanel_source.api.client import Client
from openpanel_source.api.credentials import Credentials
from openpanel_source.api.page import peek
from openpanel_source.api.query import Params
from openpanel_source.errors import OpenPanelError
from openpanel_source.sandbox import Sandbox
from openpanel_source.wire.body import read_response
from openpanel_source.wire.retry import RetryPolicy
from tests.support.listeners import tls
from tests.support.recorded import EVENTS, client_of, unknown_client
from tests.support.sandbox_world import CLIENT, HEADERS, NOW, SECRET, event, world

pytestmark = pytest.mark.sampled(24)

WEB: Params = [
    ("projectId", "web"),
    ("start", "2026-11-10T00:00:00.000Z"),
    ("end", "2026-11-11T00:00:00.000Z"),
]
TWICE = RetryPolicy(
    attempts=2, doubtful_attempts=2, limited_attempts=2, backoff_seconds=0.001, max_outage=0
)
KNOWN = Credentials(CLIENT, SECRET)
MIB = 2**20


@pytest.fixture(scope="module")
def server() -> Iterator[Sandbox]:
    with world(*(event(number) for number in range(1, 6))) as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(server: Sandbox) -> Iterator[Sandbox]:
    yield server
    server.behave()


def impatient(sandbox: Sandbox | str, **settings: Any) -> Client:
    """A client of its own limiter, that waits 0.3 s for a whole answer."""
    given = {"retry": TWICE, "timeout": (5, 5), "request_timeout": 0.3} | settings
    return client_of(sandbox, unknown_client(), **given)


def failure(client: Client) -> OpenPanelError:
    with closing(client), pytest.raises(OpenPanelError) as caught:
        client.get(EVENTS, WEB)
    return caught.value


@pytest.mark.sampled(12)
@pytest.mark.parametrize(
    "fault",
    [
        {"hang": True},
        {"stall": 60},
        {"drip": 0.1},
        {"drip_headers": 0.1},
        {"interim": 0.02},
        {"drip": 0.1, "framing": "chunked"},
        {"drip": 0.1, "framing": "close"},
        {"drip": 0.1, "gzip": True},
    ],
)
def test_an_answer_that_keeps_the_connection_busy_is_cut_off(
    sandbox: Sandbox, fault: dict[str, Any]
) -> None:
    sandbox.behave(status=200, body='{"a":"' + "x" * 500 + '"}', **fault)
    began = time.monotonic()
    found = failure(impatient(sandbox))
    assert type(found) is errors.RequestTimeoutError
    assert "no whole answer within 0.3 s" in str(found)
    assert "raise request_timeout" in str(found)
    assert 0.6 <= time.monotonic() - began < 3


def test_the_time_counts_anew_for_each_try_and_each_connection(sandbox: Sandbox) -> None:
    with closing(client_of(sandbox, request_timeout=0.4, credentials=KNOWN)) as client:
        for _ in range(5):
            sandbox.behave(delay=0.15)
            assert client.get(EVENTS, WEB).status == 200
        sandbox.behave(drip_headers=0.1, times=2)
        assert client.get(EVENTS, WEB).status == 200


def test_nothing_is_left_behind_when_a_client_is_closed(sandbox: Sandbox) -> None:
    before = set(threading.enumerate())
    client = client_of(sandbox, credentials=KNOWN)
    client.get(EVENTS, WEB)
    [watchdog] = (
        thread
        for thread in threading.enumerate()
        if thread.name == "openpanel-watchdog" and thread not in before
    )
    client.close()
    watchdog.join(timeout=30)
    assert not watchdog.is_alive()
    assert client.get(EVENTS, WEB).status == 200
    client.close()


def test_requests_under_way_end_at_once_when_they_are_of_no_more_use(sandbox: Sandbox) -> None:
    sandbox.behave(faults=[{"hang": True, "path": "page=1"}, {"status": 503, "path": "page=2"}])
    patient = RetryPolicy(backoff_seconds=30)
    client = client_of(sandbox, retry=patient, credentials=KNOWN)
    client.get(EVENTS, WEB)
    with closing(client), ThreadPoolExecutor(2) as pool:
        under_way = [pool.submit(client.get, EVENTS, [*WEB, ("page", page)]) for page in ("1", "2")]
        time.sleep(0.3)
        began = time.monotonic()
        client.abort()
        for future in under_way:
            with pytest.raises((errors.RequestAbortedError, errors.ServerUnavailableError)):
                future.result(5)
        assert time.monotonic() - began < 1
        sandbox.behave()
        assert client.get(EVENTS, WEB).status == 200


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
    get = impatient(sandbox, timeout=(5, 30), request_timeout=30, max_page_bytes=MIB)
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
        with closing(impatient(sandbox, max_page_bytes=len(body))) as client:
            assert client.get(EVENTS, WEB).content == body.encode()
        assert type(failure(impatient(sandbox, max_page_bytes=len(body) - 1))) is (
            errors.AnswerTooLargeError
        )


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (365 * 86_400, "for 365 days"),
        ("301", "for 5 minutes"),
        ("7300", "for 2 hours"),
        ("1e300", "for 1000000 days"),
        ("Fri, 31 Dec 9999 23:59:59 GMT", "days"),
    ],
)
def test_a_refusal_for_longer_than_a_run_waits_ends_it(
    sandbox: Sandbox, value: int | str, words: str
) -> None:
    sandbox.behave(status=429, retry_after=value)
    began, before = time.monotonic(), len(sandbox.requests)
    found = failure(impatient(sandbox))
    assert type(found) is errors.LongRefusalError
    assert words in str(found)
    assert "run again then" in str(found)
    assert len(sandbox.requests) - before == 1
    assert time.monotonic() - began < 1


@pytest.mark.parametrize("value", [0, -1, "soon", "Thu, 01 Jan 1970 00:00:00 GMT"])
def test_a_refusal_for_no_time_is_tried_again_until_the_tries_are_used(
    sandbox: Sandbox, value: int | str
) -> None:
    sandbox.behave(status=429, retry_after=value)
    before = len(sandbox.requests)
    assert type(failure(impatient(sandbox))) is errors.RateLimitedError
    assert len(sandbox.requests) - before == 2


def test_refusals_are_not_waited_out_for_ever(sandbox: Sandbox) -> None:
    sandbox.behave(status=429, retry_after=0)
    before = len(sandbox.requests)
    patience = RetryPolicy(limited_attempts=1_000_000, limited_seconds=0.2)
    assert type(failure(impatient(sandbox, retry=patience))) is errors.RateLimitedError
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


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> tuple[trustme.CA, str]:
    ca = trustme.CA()
    path = tmp_path_factory.mktemp("tls") / "ca.pem"
    ca.cert_pem.write_to_path(str(path))
    return ca, str(path)


def test_a_certificate_of_a_trusted_authority_is_accepted(
    authority: tuple[trustme.CA, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    ca, path = authority
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", path)
    with (
        tls(ca.issue_cert("localhost")) as url,
        closing(impatient(url, request_timeout=10)) as client,
    ):
        assert client.get(EVENTS, WEB).content == b"{}"


@pytest.mark.parametrize("kind", ["unknown", "expired", "of another host"])
def test_a_certificate_that_is_not_trusted_is_refused(
    authority: tuple[trustme.CA, str], monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    ca, path = authority
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", path)
    issuer = trustme.CA() if kind == "unknown" else ca
    host = "elsewhere.example" if kind == "of another host" else "localhost"
    past = datetime.now(timezone.utc) - timedelta(days=1)
    certificate = issuer.issue_cert(host, not_after=past if kind == "expired" else None)
    with tls(certificate) as url:
        found = failure(impatient(url, request_timeout=10))
    assert type(found) is errors.ConnectionFailedError
    assert "certificate is not trusted" in str(found)
    assert "REQUESTS_CA_BUNDLE" in str(found)


@pytest.mark.parametrize("where", ["plain", "same"])
def test_a_redirect_from_https_is_not_followed(
    authority: tuple[trustme.CA, str], monkeypatch: pytest.MonkeyPatch, sandbox: Sandbox, where: str
) -> None:
    ca, path = authority
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", path)
    location = f"{sandbox.url}{EVENTS}" if where == "plain" else "/elsewhere"
    before = len(sandbox.requests)
    with tls(ca.issue_cert("localhost"), forward=location) as url:
        found = failure(impatient(url, request_timeout=10))
    assert type(found) is errors.RedirectedError
    assert len(sandbox.requests) == before


def test_a_proxy_that_never_lets_through_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def drip() -> None:
            for _ in range(2):
                connection, _ = listener.accept()
                with connection:
                    try:
                        connection.recv(65_536)
                        for _ in range(100):
                            connection.sendall(b"H")
                            time.sleep(0.05)
                    except OSError:
                        pass

        thread = threading.Thread(target=drip, daemon=True)
        thread.start()
        proxy = f"http://127.0.0.1:{listener.getsockname()[1]}"
        monkeypatch.setenv("HTTPS_PROXY", proxy)
        monkeypatch.delenv("NO_PROXY", raising=False)
        monkeypatch.delenv("no_proxy", raising=False)
        began = time.monotonic()
        found = failure(impatient("https://no-such-host.invalid"))
        thread.join(10)
    assert type(found) is errors.RequestTimeoutError
    assert time.monotonic() - began < 3


@pytest.mark.sampled(16)
@pytest.mark.parametrize(
    ("fault", "end"),
    [
        ({"status": 429, "retry_after": 200, "path": "end=2101-01-01"}, signal.SIGINT),
        ({"status": 429, "retry_after": 200, "path": "end=2101-01-01"}, signal.SIGTERM),
        ({"status": 429, "retry_after": 200, "path": "limit=1000"}, signal.SIGINT),
        ({"status": 429, "retry_after": 200, "path": "limit=1000"}, signal.SIGTERM),
        ({"hang": True, "path": "limit=1000"}, signal.SIGINT),
        ({"drip_headers": 1, "path": "limit=1000"}, signal.SIGINT),
        ({"status": 503, "path": "limit=1000"}, signal.SIGINT),
    ],
)
def test_a_command_that_waits_for_the_server_can_be_interrupted(
    sandbox: Sandbox, tmp_path: Path, fault: dict[str, Any], end: signal.Signals
) -> None:
    sandbox.behave(**fault)
    before = len(sandbox.requests)
    settings = {
        "CLIENT_ID": HEADERS["openpanel-client-id"],
        "CLIENT_SECRET": SECRET,
        "PROJECT_ID": "web",
        "BASE_URL": sandbox.url,
        "NOW": NOW.isoformat(),
        "BACKOFF_SECONDS": "30",
    }
    environment = {f"SOURCES__OPENPANEL__{name}": value for name, value in settings.items()}
    with subprocess.Popen(
        [sys.executable, "-m", "openpanel_source.cli", "sync"],
        cwd=tmp_path,
        env=os.environ | environment | {"HOME": str(tmp_path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as command:
        until = time.monotonic() + 30
        while not any(fault["path"] in served.url for served in sandbox.requests[before:]):
            assert time.monotonic() < until
            time.sleep(0.02)
        time.sleep(0.3)
        assert command.poll() is None
        began = time.monotonic()
        command.send_signal(end)
        output, _ = command.communicate(timeout=20)
        seconds = time.monotonic() - began
    # Far less than the wait that is cut off, however busy the machine is.
    assert seconds < 20
    assert command.returncode == (130 if end is signal.SIGINT else 143)
    assert ("interrupted:" if end is signal.SIGINT else "asked to stop:") in output
    assert "Stopped; run sync again to continue." in output
