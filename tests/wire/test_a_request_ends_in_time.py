"""However slow or endless an answer is, the request for it ends, and says why."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from openpanel_source import errors
from openpanel_source.sandbox import Sandbox
from openpanel_source.wire.retry import RetryPolicy
from tests.support.impatient import KNOWN, WEB, failure, impatient
from tests.support.recorded import EVENTS, client_of
from tests.support.sandbox_world import HEADERS, NOW, SECRET

pytestmark = pytest.mark.sampled(24)

PAGES = ("page=3", "page=4")


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
    # Less than two waits of the 5 s that a single read may take.
    assert 0.6 <= time.monotonic() - began < 9


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
    hangs, fails = PAGES
    sandbox.behave(faults=[{"hang": True, "path": hangs}, {"status": 503, "path": fails}])
    client = client_of(sandbox, retry=RetryPolicy(backoff_seconds=30), credentials=KNOWN)
    client.get(EVENTS, WEB)
    with closing(client), ThreadPoolExecutor(2) as pool:
        under_way = [
            pool.submit(client.get, EVENTS, [*WEB, ("page", page.removeprefix("page="))])
            for page in PAGES
        ]
        while not all(any(page in one.url for one in sandbox.requests) for page in PAGES):
            time.sleep(0.01)
        began = time.monotonic()
        client.abort()
        for future in under_way:
            with pytest.raises((errors.RequestAbortedError, errors.ServerUnavailableError)):
                future.result(20)
        # One would wait for its answer for ever, the other for 15 s at least.
        assert time.monotonic() - began < 10
        sandbox.behave()
        assert client.get(EVENTS, WEB).status == 200


def test_a_proxy_that_never_lets_through_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def drip() -> None:
            for _ in range(2):
                connection, _ = listener.accept()
                with connection:
                    try:
                        connection.recv(65_536)
                        for _ in range(1000):
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
    assert time.monotonic() - began < 20


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
