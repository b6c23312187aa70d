"""Who waits for a place among the requests gets one, or is told that the run is over."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from email.utils import formatdate
from typing import Any

import pytest

from openpanel_source.errors import RequestAbortedError
from openpanel_source.wire.rate_limit import RateLimiter, retry_after
from tests.support.rate_windows import FixedWindow, Sleeper, answered


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


def test_after_a_refusal_the_next_window_is_used() -> None:
    sleeper = Sleeper()
    limiter = sleeper.limiter()
    answered(limiter, {"x-ratelimit-limit": "5", "x-ratelimit-remaining": "0", "retry-after": "4"})
    for _ in range(5):
        answered(limiter, {})
    assert sum(sleeper.slept) == pytest.approx(4.01)
    assert limiter.limit == 5


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


def test_who_waits_for_a_place_is_woken_when_the_run_ends() -> None:
    limiter, aborted = RateLimiter(), threading.Event()
    answered(limiter, {"retry-after": "200"})
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(limiter.slot(aborted).__enter__)
        assert not wait([waiting], timeout=0.1).done
        aborted.set()
        limiter.wake()
        with pytest.raises(RequestAbortedError):
            waiting.result(30)


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
