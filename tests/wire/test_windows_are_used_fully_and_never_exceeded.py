"""The limiter uses the server's window fully, never exceeds it alone, and leaves others theirs."""

from __future__ import annotations

import math
from itertools import cycle

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from openpanel_source.wire.rate_limit import RateLimiter
from tests.support.rate_windows import FixedWindow, Simulation, Sleeper, answered


@settings(max_examples=60)
@given(
    limit=st.integers(2, 120),
    seconds=st.floats(0.3, 20),
    threads=st.integers(1, 16),
    latencies=st.lists(st.floats(0.001, 0.5), min_size=1, max_size=7),
)
def test_alone_no_request_is_refused(
    limit: int, seconds: float, threads: int, latencies: list[float]
) -> None:
    latency = cycle(latencies)
    server = FixedWindow(limit, seconds)
    simulation = Simulation(server, threads, lambda: next(latency))
    simulation.run(4 * math.ceil(seconds))
    assert server.refused == 0
    assert len(server.windows) >= 2


@settings(max_examples=100)
@given(
    limit=st.integers(2, 8),
    seconds=st.integers(1, 3),
    threads=st.integers(8, 32),
    latencies=st.lists(st.sampled_from([0.01, 0.3, 0.9]), min_size=2, max_size=9),
)
def test_requests_under_way_when_a_window_ends_are_counted_in_the_next(
    limit: int, seconds: int, threads: int, latencies: list[float]
) -> None:
    latency = cycle(latencies)
    server = FixedWindow(limit, seconds)
    simulation = Simulation(server, threads, lambda: next(latency))
    simulation.run(12 * seconds)
    assert server.refused == 0


@pytest.mark.parametrize("limit", [10, 100, 1000])
@pytest.mark.parametrize("seconds", [1, 10, 60])
@pytest.mark.parametrize("threads", [1, 8, 64])
def test_of_a_whole_seconds_window_everything_is_used(
    limit: int, seconds: int, threads: int
) -> None:
    server = FixedWindow(limit, seconds)
    latency = 0.2 * seconds * min(threads, limit) / limit
    simulation = Simulation(server, threads, lambda: latency)
    simulation.run(seconds * 6)
    assert server.refused == 0
    *whole, _ = server.windows
    assert sum(whole) >= 0.97 * limit * len(whole)
    assert len(whole) >= 4


def test_one_request_asks_before_many_follow() -> None:
    server = FixedWindow(100, 10)
    simulation = Simulation(server, 16, lambda: 1.0)
    simulation.run(0.9)
    assert simulation.sent == 1
    simulation.run(0.2)
    assert simulation.sent == 17
    assert simulation.limiter.limit == 100


@settings(max_examples=40)
@given(share=st.integers(1, 9), threads=st.integers(1, 8))
def test_what_others_use_of_the_window_is_left_to_them(share: int, threads: int) -> None:
    server = FixedWindow(100, 10)
    simulation = Simulation(server, threads, lambda: 0.02)

    def other() -> None:
        server.request(simulation.now)
        simulation.at(simulation.now + 1 / share, other)

    simulation.at(simulation.now + 0.37, other)
    simulation.run(60)
    own = simulation.sent / 6
    assert own + 10 * share >= 80
    # Requests that are in flight when another takes the last place are refused, and no others.
    assert simulation.refused <= 7 * (threads + 1)


def test_a_limit_that_shows_up_late_is_obeyed() -> None:
    sleeper = Sleeper()
    limiter = sleeper.limiter()
    answered(limiter, {})
    server = FixedWindow(3, 10)
    for _ in range(9):
        with limiter.slot() as slot:
            slot.observe(server.request(sleeper.now))
    assert server.refused == 0
    assert limiter.limit == 3


def test_a_request_still_under_way_keeps_its_place_in_the_next_window() -> None:
    sleeper = Sleeper()
    limiter = sleeper.limiter()
    headers = {"x-ratelimit-limit": "3", "x-ratelimit-remaining": "2", "x-ratelimit-reset": "1"}
    answered(limiter, headers)
    with limiter.slot():
        sleeper.now = 5.0
        answered(limiter, headers)
        answered(limiter, headers | {"x-ratelimit-remaining": "1"})
        assert sleeper.slept == []
        answered(limiter, headers)
        assert sum(sleeper.slept) == pytest.approx(1.01)


def test_the_smaller_limit_of_another_route_slows_nothing_down() -> None:
    server = FixedWindow(100, 10)

    def fail(seconds: float) -> None:
        pytest.fail(f"waited for {seconds} s")

    limiter = RateLimiter(clock=lambda: 0.0, sleep=fail)
    for number in range(100):
        with limiter.slot() as slot:
            headers = server.request(0.0)
            if number in (0, 5, 15):
                # What /manage says, which allows 20 of the same requests.
                headers |= {"x-ratelimit-limit": "20", "x-ratelimit-remaining": f"{19 - number}"}
            slot.observe(headers)
    assert server.refused == 0
