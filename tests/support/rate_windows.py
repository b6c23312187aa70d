"""A server that counts requests in windows, and limiters on a clock that only a test moves."""

from __future__ import annotations

import heapq
import math
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager

from openpanel_source.wire.rate_limit import RateLimiter, Slot


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


def answered(limiter: RateLimiter, headers: dict[str, str]) -> None:
    with limiter.slot() as slot:
        slot.observe(headers)
