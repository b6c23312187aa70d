"""The limiter uses the server's window fully, never exceeds it alone, and never waits for ever."""

from __future__ import annotations

import heapq
import math
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from email.utils import formatdate
from itertools import cycle
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from openpanel_source.errors import RequestAbortedError
from openpanel_source.wire.rate_limit import RateLimiter, Slot, retry_after


class FixedWindow:
    """A server that counts requests in a window opened by the first one, as the real one does."""

    def __init__(self, limit: int, seconds: float) -> None:
        self.limit = limit
        self.seconds = seconds
        self.began = math.inf
        self.ends = -math.inf
        self.used = 0
        self.refused = 0
        self.windows: list[int] = []

    def request(self, now: float) -> dict[str, str]:
        if now >= self.ends:
            self.began = min(self.began, now)
            self.ends = now + self.seconds
            self.used = 0
            self.windows.append(0)
        self.used += 1
        left = self.limit - self.used
        reset = str(math.ceil(self.ends - now))
        headers = {
            "x-ratelimit-limit": str(self.limit),
            "x-ratelimit-remaining": str(max(left, 0)),
            "x-ratelimit-reset": reset,
        }
        if left < 0:
            self.refused += 1
            headers["retry-after"] = reset
        else:
            self.windows[-1] += 1
        return headers


class SilentWindow(FixedWindow):
    """The same, as OpenPanel 3 counts: no answer tells of it."""

    def request(self, now: float) -> dict[str, str]:
        super().request(now)
        return {}


class BlockedError(Exception):
    """A simulated thread would have to wait for that many seconds, or for news if None."""

    def __init__(self, seconds: float | None) -> None:
        super().__init__(seconds)
        self.seconds = seconds


class _NeverChanged(threading.Condition):
    """Says that a simulated thread would have to wait for news."""

    def wait(self, timeout: float | None = None) -> bool:
        raise BlockedError(timeout)


class Simulation:
    """Threads that share a limiter, on a clock that only the simulation moves.

    A thread that would wait raises BlockedError and tries again later, as it would after waking up.
    """

    def __init__(self, server: FixedWindow, threads: int, latency: Callable[[], float]) -> None:
        self.now = 1000.0
        self.server = server
        self.latency = latency
        self.limiter = RateLimiter(
            clock=lambda: self.now, sleep=self._sleep, changed=_NeverChanged()
        )
        self.idle = threads
        self.order = 0
        self.events: list[tuple[float, int, Callable[[], None]]] = []
        self.wakes = -math.inf
        self.sent = 0
        self.refused = 0

    def _sleep(self, seconds: float) -> None:
        raise BlockedError(seconds)

    def at(self, when: float, action: Callable[[], None]) -> None:
        self.order += 1
        heapq.heappush(self.events, (when, self.order, action))

    def run(self, until: float) -> None:
        end = self.now + until
        self.start()
        while self.events and self.events[0][0] <= end:
            self.now, _, action = heapq.heappop(self.events)
            action()
            self.start()
        self.now = end

    def start(self) -> None:
        """Let every idle thread send that may; wake up for the rest when they would."""
        while self.idle:
            place = self.limiter.slot()
            try:
                slot = place.__enter__()
            except BlockedError as blocked:
                if blocked.seconds is not None:
                    self._wake(self.now + max(blocked.seconds, 1e-6))
                return
            self.idle -= 1
            self.sent += 1
            self.at(self.now + self.latency() / 2, lambda p=place, s=slot: self.arrive(p, s))  # type: ignore[misc]

    def _wake(self, when: float) -> None:
        if self.now < self.wakes <= when:
            return
        self.wakes = when
        self.at(when, lambda: None)

    def arrive(self, place: AbstractContextManager[Slot], slot: Slot) -> None:
        before = self.server.refused
        headers = self.server.request(self.now)
        is_refused = self.server.refused > before
        self.refused += is_refused
        self.at(
            self.now + self.latency() / 2, lambda: self.answer(place, slot, headers, is_refused)
        )

    def answer(
        self,
        place: AbstractContextManager[Slot],
        slot: Slot,
        headers: dict[str, str],
        is_refused: bool,
    ) -> None:
        slot.observe(headers, is_refused=is_refused)
        place.__exit__(None, None, None)
        self.idle += 1


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


def answered(limiter: RateLimiter, headers: dict[str, str]) -> None:
    with limiter.slot() as slot:
        slot.observe(headers)


class Sleeper:
    """A clock that a sleep moves on, and a record of the sleeps."""

    def __init__(self) -> None:
        self.now = 0.0
        self.slept: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds

    def limiter(self) -> RateLimiter:
        return RateLimiter(clock=lambda: self.now, sleep=self.sleep)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("7", 7.0),
        ("0.5", 0.5),
        ("0", 0.0),
        ("-5", 0.0),
        ("soon", 1.0),
        ("", 1.0),
        ("nan", 1.0),
        ("inf", 1.0),
        ("300", 300.0),
        (" 3 ", 3.0),
        ("é", 1.0),
        ("Wed, 99 Foo 2026", 1.0),
        ("Thu, 01 Jan 1970 00:00:00 GMT", 0.0),
        ("9" * 400, 1.0),
    ],
)
def test_a_refusal_is_waited_out_within_bounds(value: str, seconds: float) -> None:
    assert retry_after({"retry-after": value}) == seconds
    sleeper = Sleeper()
    limiter = sleeper.limiter()
    answered(limiter, {"retry-after": value})
    answered(limiter, {})
    assert sum(sleeper.slept) == pytest.approx(seconds + 0.01)


def test_a_refusal_until_a_date_is_waited_out_but_not_for_a_year() -> None:
    soon = retry_after({"retry-after": formatdate(time.time() + 60, usegmt=True)})
    assert soon is not None
    assert 0 < soon <= 61
    assert retry_after({"x-ratelimit-reset": "5"}) is None
    for far in ("301", "1e300", formatdate(time.time() + 365 * 86400, usegmt=True)):
        sleeper = Sleeper()
        limiter = sleeper.limiter()
        answered(limiter, {"retry-after": far})
        answered(limiter, {})
        assert sleeper.slept == []


@pytest.mark.parametrize("offset", [-86_400, 0, 86_400])
def test_a_date_is_read_by_the_clock_that_wrote_it(offset: int) -> None:
    there = time.time() + offset
    headers = {"date": formatdate(there, usegmt=True), "retry-after": formatdate(there + 7)}
    assert retry_after(headers) == 7.0


def test_who_waits_for_a_place_is_woken_when_the_run_ends() -> None:
    limiter, aborted = RateLimiter(), threading.Event()
    answered(limiter, {"retry-after": "200"})
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(limiter.slot(aborted).__enter__)
        with pytest.raises(TimeoutError):
            waiting.result(0.1)
        aborted.set()
        limiter.wake()
        with pytest.raises(RequestAbortedError):
            waiting.result(1)


def test_after_a_refusal_the_next_window_is_used() -> None:
    sleeper = Sleeper()
    limiter = sleeper.limiter()
    answered(limiter, {"x-ratelimit-limit": "5", "x-ratelimit-remaining": "0", "retry-after": "4"})
    for _ in range(5):
        answered(limiter, {})
    assert sum(sleeper.slept) == pytest.approx(4.01)
    assert limiter.limit == 5


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


@pytest.mark.parametrize("reset", [None, "soon", "-1", "nan"])
def test_a_used_up_window_without_a_usable_end_lets_one_request_ask(reset: str | None) -> None:
    sleeper = Sleeper()
    limiter = sleeper.limiter()
    headers = {"x-ratelimit-limit": "2", "x-ratelimit-remaining": "0"}
    if reset is not None:
        headers["x-ratelimit-reset"] = reset
    for _ in range(5):
        answered(limiter, headers)
    assert sum(sleeper.slept) < 1


def failing(limiter: RateLimiter) -> Iterator[None]:
    with limiter.slot():
        raise ConnectionError


def test_requests_that_fail_give_their_place_back() -> None:
    limiter = Sleeper().limiter()
    for _ in range(5):
        with pytest.raises(ConnectionError):
            list(failing(limiter))


def run_threads(work: Callable[[int], Any], threads: int, times: int) -> None:
    with ThreadPoolExecutor(threads) as pool:
        for future in [pool.submit(work, number) for number in range(times)]:
            future.result(timeout=30)


@pytest.mark.parametrize("fail_every", [1, 2, 3, 7])
def test_threads_never_wait_for_ever_when_requests_fail(fail_every: int) -> None:
    limiter = RateLimiter()
    server = FixedWindow(1000, 1000)
    lock = threading.Lock()

    def work(number: int) -> None:
        try:
            with limiter.slot() as slot:
                if number % fail_every == 0:
                    raise ConnectionError
                with lock:
                    slot.observe(server.request(time.monotonic()))
        except ConnectionError:
            pass

    run_threads(work, threads=8, times=90)


def test_real_threads_wait_for_the_next_window_and_are_not_refused() -> None:
    limiter = RateLimiter()
    server = FixedWindow(20, 1)
    lock = threading.Lock()

    def work(number: int) -> None:
        with limiter.slot() as slot:
            with lock:
                headers = server.request(time.monotonic())
            slot.observe(headers)

    run_threads(work, threads=8, times=45)
    assert server.refused == 0
    assert sum(server.windows) == 45


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
