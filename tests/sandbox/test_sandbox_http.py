"""A sandbox as an HTTP server: connections, routes, starting and stopping."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import threading
import time
from typing import Any

import pytest
import requests

from openpanel_source import sandbox as package
from openpanel_source.sandbox import Sandbox
from tests.support.sandbox_world import DAYS, HEADERS, dataset, event, get, world


@pytest.fixture(scope="module")
def sandbox() -> Any:
    with world(event()) as sandbox:
        yield sandbox


def address(sandbox: Sandbox) -> tuple[str, int]:
    return "127.0.0.1", int(sandbox.url.rpartition(":")[2])


def said(sandbox: Sandbox, text: bytes) -> bytes:
    """What comes back on a connection until it is closed."""
    with socket.create_connection(address(sandbox), timeout=5) as connection:
        connection.sendall(text)
        connection.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: connection.recv(65536), b""))


def test_a_connection_is_used_for_many_requests(sandbox: Sandbox) -> None:
    request = b"GET / HTTP/1.1\r\nhost: x\r\n\r\n"
    assert said(sandbox, request * 3).count(b"HTTP/1.1 200 OK") == 3


def test_head_has_the_headers_of_get_and_no_body(sandbox: Sandbox) -> None:
    got = get(sandbox)
    head = requests.head(got.url, headers=HEADERS, timeout=5)
    assert head.status_code == 200
    assert head.headers["content-length"] == got.headers["content-length"]
    assert head.content == b""


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/export/events/"),
        ("GET", "/export"),
        ("POST", "/export/events?x=1"),
        ("PUT", "/"),
        ("DELETE", "/export/events"),
    ],
)
def test_other_routes_and_methods_are_not_found(sandbox: Sandbox, method: str, path: str) -> None:
    response = requests.request(method, sandbox.url + path, timeout=5)
    message = f"Route {method}:{path} not found"
    assert response.json() == {"message": message, "error": "Not Found", "statusCode": 404}
    assert response.status_code == 404


@pytest.mark.parametrize("path", ["/", "/healthcheck", "/healthz/ready", "/healthz/live"])
def test_the_server_tells_that_it_is_well(sandbox: Sandbox, path: str) -> None:
    assert requests.get(sandbox.url + path, timeout=5).status_code == 200


@pytest.mark.parametrize("size", [16_400, 70_000])
def test_urls_and_headers_above_16_kb_are_too_large(sandbox: Sandbox, size: int) -> None:
    for request in (f"/{'x' * size} HTTP/1.1\r\n\r\n", f"/ HTTP/1.1\r\nx: {'x' * size}\r\n\r\n"):
        answer = said(sandbox, f"GET {request}".encode())
        assert answer.startswith(b"HTTP/1.1 431 Request Header Fields Too Large")
        assert b"content-type: application/json\r\n" in answer
        assert b"Exceeded maximum allowed HTTP header size" in answer


def test_what_is_no_http_is_a_bad_request(sandbox: Sandbox) -> None:
    assert said(sandbox, b"hello\r\n\r\n").startswith(b"HTTP/1.1 400 Bad Request")


def test_an_event_may_hold_anything_and_the_server_goes_on() -> None:
    with world(event()) as sandbox:
        odd = get(sandbox, f"{DAYS}&event=%22%5Cud800%22")
        assert (odd.status_code, odd.text) == (500, "Internal server error")
        assert get(sandbox).status_code == 200


def test_stopping_frees_the_port_and_ends_connections() -> None:
    sandbox = Sandbox(dataset(event())).start()
    assert sandbox.start() is sandbox
    session = requests.Session()
    session.get(sandbox.url, timeout=5)
    port = address(sandbox)[1]
    threads = threading.active_count()
    sandbox.stop()
    sandbox.stop()
    assert threading.active_count() < threads
    with pytest.raises(requests.ConnectionError):
        session.get(sandbox.url, timeout=5)
    with Sandbox(dataset(), port=port) as again:
        assert again.url == sandbox.url


def test_a_port_that_is_taken_is_an_error(sandbox: Sandbox) -> None:
    with pytest.raises(OSError, match="in use"):
        Sandbox(dataset(), port=address(sandbox)[1]).start()


def test_serving_forever_ends_when_it_is_stopped() -> None:
    sandbox = Sandbox(dataset())
    thread = threading.Thread(target=sandbox.serve_forever)
    thread.start()
    while not requests_answer(sandbox.url):
        time.sleep(0.01)
    sandbox.stop()
    thread.join(5)
    assert not thread.is_alive()


def requests_answer(url: str) -> bool:
    try:
        return requests.get(url, timeout=5).ok
    except requests.RequestException:
        return False


SERVES = """
import signal, threading, time
from openpanel_source.sandbox import Sandbox, generate

# A shell starts background jobs with the interrupt ignored.
signal.signal(signal.SIGINT, signal.default_int_handler)
sandbox = Sandbox(generate(events=9))

def tell():
    while sandbox.url.endswith(":0"):
        time.sleep(0.01)
    print(sandbox.url, flush=True)

threading.Thread(target=tell).start()
sandbox.serve_forever()
"""
"""It tells its address from within what is interrupted, never before."""


def test_serving_forever_ends_on_an_interrupt() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", SERVES], stdout=subprocess.PIPE, text=True
    ) as server:
        assert server.stdout
        url = server.stdout.readline().strip()
        assert requests_answer(url)
        server.send_signal(signal.SIGINT)
        assert server.wait(10) == 0
    assert not requests_answer(url)


def test_the_real_clock_is_the_default() -> None:
    with Sandbox(dataset()) as sandbox:
        sandbox.add([{"projectId": "web", "name": "now"}])
        assert get(sandbox, "").json()["meta"]["count"] == 1


def test_the_public_names_are_sorted_and_exist() -> None:
    assert sorted(package.__all__) == package.__all__
    assert all(hasattr(package, name) for name in package.__all__)
