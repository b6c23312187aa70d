"""Without headers the limiter counts for itself: nearly all is used, hardly anything refused."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
import requests

from openpanel_source.api.client import Client
from openpanel_source.api.credentials import Credentials
from openpanel_source.sandbox import Sandbox
from openpanel_source.wire.rate_limit import RateLimiter
from tests.support.rate_windows import SilentWindow, Simulation, Sleeper, answered
from tests.support.recorded import client_of
from tests.support.sandbox_world import CLIENT, SECRET, event, world
from tests.wire.test_workers_share_a_limit import Fleet

pytestmark = pytest.mark.sampled(5)


def share_used(server: SilentWindow) -> float:
    """Of the requests that could have been, from the first window's opening to the last one's."""
    windows = (server.ends - server.seconds - server.began) / server.seconds
    return sum(server.windows[:-1]) / windows / server.limit


@pytest.mark.parametrize("threads", [4, 8, 64])
@pytest.mark.parametrize("latency", [0.01, 0.1, 0.2, 0.4])
def test_alone_nearly_all_of_the_limit_is_used(latency: float, threads: int) -> None:
    server = SilentWindow(100, 10)
    simulation = Simulation(server, threads, lambda: latency)
    simulation.run(100)
    assert server.refused == 0
    # With few threads it is they who set the pace.
    assert share_used(server) >= min(0.95, 0.95 * threads / latency / 10)


@pytest.mark.parametrize("used", [1, 60, 99, 100, 150])
def test_what_others_used_before_costs_one_wait(used: int) -> None:
    server = SilentWindow(100, 10)
    simulation = Simulation(server, 8, lambda: 0.1)
    for _ in range(used):
        server.request(simulation.now - 3)
    before = server.refused
    simulation.run(120)
    # Those under way when the first was refused, at the beginning few.
    assert simulation.refused == server.refused - before <= 4
    assert share_used(server) >= 0.95


@pytest.mark.parametrize("share", [1, 2, 4])
def test_what_others_keep_using_is_left_to_them(share: int) -> None:
    server = SilentWindow(100, 10)
    simulation = Simulation(server, 8, lambda: 0.05)

    def other() -> None:
        server.request(simulation.now)
        simulation.at(simulation.now + 1 / share, other)

    simulation.at(simulation.now + 0.37, other)
    simulation.run(400)
    assert share_used(server) >= 0.95
    assert simulation.refused <= 0.01 * simulation.sent


@pytest.mark.parametrize("limit", [10, 25, 50, 99])
def test_a_lower_limit_is_learnt_from_refusals(limit: int) -> None:
    server = SilentWindow(limit, 10)
    simulation = Simulation(server, 8, lambda: 0.1)
    simulation.run(600)
    assert share_used(server) >= 0.93
    assert server.refused <= max(
        0.06 * simulation.sent if limit < 25 else 0.02 * simulation.sent, 4
    )


@pytest.mark.parametrize(("workers", "refused"), [(2, 0.015), (3, 0.015), (4, 0.02), (8, 0.04)])
@pytest.mark.parametrize("latency", [0.02, 0.1, 0.5])
def test_workers_learn_from_refusals_to_share(workers: int, refused: float, latency: float) -> None:
    outcome = Fleet(workers, latency=latency, window=SilentWindow).run(60)
    assert outcome.sustained >= 0.95
    assert outcome.refused < refused


def test_what_a_worker_that_ended_had_goes_to_the_one_that_is_left() -> None:
    fleet = Fleet(4, window=SilentWindow)
    fleet.ends[:3] = [1100.0, 1100.0, 1100.0]
    fleet.run(30)
    *_, last, _ = fleet.server.windows
    assert last >= 95


def test_a_burst_of_refusals_is_one_piece_of_news() -> None:
    sleeper = Sleeper()
    limiter = sleeper.limiter()
    answered(limiter, {})
    places = [limiter.slot() for _ in range(4)]
    slots = [place.__enter__() for place in places]
    for place, slot in zip(places, slots, strict=True):
        slot.observe({}, is_refused=True)
        place.__exit__(None, None, None)
    assert limiter.is_timed
    answered(limiter, {})
    assert sleeper.slept == [pytest.approx(10.02)]
    assert not limiter.is_timed


def test_a_window_longer_than_ten_seconds_is_asked_about_ever_less_often() -> None:
    sleeper = Sleeper()
    limiter = sleeper.limiter()
    answered(limiter, {})
    for _ in range(10):
        with limiter.slot() as slot:
            slot.observe({}, is_refused=True)
    expected = [10.02, 0.25, 0.5, 1, 2, 4, 8, 10, 10]
    assert sleeper.slept == pytest.approx(expected)


def test_headers_that_come_later_are_believed() -> None:
    sleeper = Sleeper()
    limiter = sleeper.limiter()
    for _ in range(20):
        answered(limiter, {})
    answered(
        limiter,
        {"x-ratelimit-limit": "30", "x-ratelimit-remaining": "1", "x-ratelimit-reset": "5"},
    )
    assert limiter.limit == 30
    for _ in range(2):
        answered(limiter, {})
    assert sleeper.slept == [pytest.approx(5.01)]


class Silencer(ThreadingHTTPServer):
    """A proxy before a server, which removes the headers of the rate limit from its answers."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, target: str) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.target = target
        self.session = requests.Session()
        self.session.trust_env = False
        self.url = f"http://127.0.0.1:{self.server_port}"

    def __enter__(self) -> Silencer:
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_: Any) -> None:
        self.shutdown()
        self.server_close()


class _Handler(BaseHTTPRequestHandler):
    server: Silencer
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        names = ("openpanel-client-id", "openpanel-client-secret")
        given = {name: self.headers[name] for name in names}
        answer = self.server.session.get(f"{self.server.target}{self.path}", headers=given)
        self.send_response(answer.status_code)
        for name, value in self._kept(answer.headers):
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(answer.content)

    def _kept(self, headers: Mapping[str, str]) -> Iterator[tuple[str, str]]:
        yield "content-type", headers["content-type"]
        yield "content-length", headers["content-length"]

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with world(event(), rate_limit=100) as server:
        yield server


def ask(client: Client, times: int) -> None:
    params = [("projectId", "web"), ("start", "2026-11-10"), ("end", "2026-11-10"), ("limit", "1")]
    with ThreadPoolExecutor(8) as pool:
        for future in [pool.submit(client.get, "/export/events", params) for _ in range(times)]:
            future.result(60)


@pytest.mark.long
def test_a_server_without_headers_refuses_nothing(sandbox: Sandbox) -> None:
    with Silencer(sandbox.url) as silent:
        client = client_of(silent.url, Credentials(CLIENT, SECRET))
        began = time.monotonic()
        with closing(client):
            ask(client, 130)
        assert time.monotonic() - began >= 10
    assert [item.status for item in sandbox.requests] == [200] * 130
    assert client.limit is None


@pytest.mark.long
def test_what_another_program_asked_on_the_same_client_is_waited_out(sandbox: Sandbox) -> None:
    headers = {"openpanel-client-id": CLIENT, "openpanel-client-secret": SECRET}
    for _ in range(70):
        requests.get(f"{sandbox.url}/export/events?projectId=web&limit=1", headers=headers)
    with (
        Silencer(sandbox.url) as silent,
        closing(client_of(silent.url, Credentials(CLIENT, SECRET))) as client,
    ):
        ask(client, 60)
    statuses = [item.status for item in sandbox.requests]
    assert statuses.count(200) == 130
    assert statuses.count(429) <= 4


def test_the_limiter_starts_with_one_request() -> None:
    simulation = Simulation(SilentWindow(100, 10), 16, lambda: 1.0)
    simulation.run(0.9)
    assert simulation.sent == 1
    simulation.run(0.2)
    assert simulation.sent == 5
    assert RateLimiter().limit is None
