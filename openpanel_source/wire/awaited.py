"""What requests wait for, to be told to whoever waits as well."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from typing import NamedTuple

import tenacity

from openpanel_source.errors import ConnectionFailedError, RateLimitedError

_LATE_SECONDS = 3.0
"""After so long an answer is worth a word."""


class Awaited(NamedTuple):
    """A wait.

    Attributes:
        what: For what: ``rate limit``, ``no connection`` or ``server fault``; or ``no answer``.
        until: When it ends, by ``time.monotonic``; when it began, where the end is not known.
    """

    what: str
    until: float

    def __str__(self) -> str:
        seconds = round(self.until - time.monotonic())
        if not seconds:
            return self.what
        return (
            f"{self.what}, next in {seconds} s" if seconds > 0 else f"{self.what} for {-seconds} s"
        )


def first_awaited(
    paused: Awaited | None, limits: Iterable[float | None], longest: float
) -> Awaited | None:
    """What is to be told of all waits at one moment; None if there is nothing worth it.

    Args:
        paused: The failed request that is tried first.
        limits: Seconds until each rate limit lets another request pass; None where none waits.
        longest: Seconds that the oldest request under way has taken.
    """
    if paused is not None:
        return paused
    now = time.monotonic()
    seconds = min((wait for wait in limits if wait is not None), default=None)
    if seconds is not None:
        return Awaited("rate limit", now + seconds)
    return Awaited("no answer", now - longest) if longest >= _LATE_SECONDS else None


class PausedRequests:
    """The requests that have failed and are to be tried again; safe to share by threads."""

    def __init__(self) -> None:
        self._by_thread: dict[int, Awaited] = {}
        self._lock = threading.Lock()

    def note(self, state: tenacity.RetryCallState) -> None:
        """Note that the request of this thread is about to wait for its next try."""
        if state.next_action is None or not state.next_action.sleep:
            return
        until = time.monotonic() + state.next_action.sleep
        error = state.outcome.exception() if state.outcome else None
        with self._lock:
            self._by_thread[threading.get_ident()] = Awaited(_reason(error), until)

    def sleep(self, aborted: threading.Event) -> Callable[[float], None]:
        """What waits, until the time is over or the run has ended."""
        wait = tenacity.sleep_using_event(aborted)

        def sleep(seconds: float) -> None:
            try:
                wait(seconds)
            finally:
                with self._lock:
                    self._by_thread.pop(threading.get_ident(), None)

        return sleep

    @property
    def next(self) -> Awaited | None:
        """The one that is tried first; None if none waits."""
        with self._lock:
            return min(self._by_thread.values(), key=lambda one: one.until, default=None)


def _reason(error: BaseException | None) -> str:
    if isinstance(error, RateLimitedError):
        return "rate limit"
    return "no connection" if isinstance(error, ConnectionFailedError) else "server fault"
