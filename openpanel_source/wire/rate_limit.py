"""One budget of requests for all threads of a client id, read off the server's own headers.

The server counts requests in a fixed window that opens with its first request
(openpanel-api.md, section 6). Answers tell the size of the window's budget, what is left of it and
in how many seconds it ends. As long as none has told, requests are counted here (``tally``).
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timezone
from email.utils import parsedate_to_datetime
from math import inf, isfinite

from openpanel_source.errors import RequestAbortedError
from openpanel_source.wire.own_windows import Entry
from openpanel_source.wire.rate_share import Share
from openpanel_source.wire.untold_limit import Tally

_MARGIN_SECONDS = 0.01
LONGEST_WAIT_SECONDS = 300.0
"""Who asks for more patience gets none: the run ends and says so."""


@dataclass
class Slot:
    """One request's place in the budget; ``observe`` tells the limiter what the answer said."""

    window: int
    number: int
    entry: Entry | None
    clock: Callable[[], float] = field(repr=False)
    headers: Mapping[str, str] | None = field(default=None, repr=False)
    is_refused: bool = False
    answered_at: float = inf

    def observe(self, headers: Mapping[str, str], *, is_refused: bool = False) -> None:
        """Keep what the answer says until the slot is given back.

        Args:
            headers: The answer's.
            is_refused: Whether its status is 429.
        """
        self.headers, self.is_refused, self.answered_at = headers, is_refused, self.clock()


class RateLimiter:
    """Hands out requests so that the server's limit is used fully and never exceeded.

    Until the first answer one request is in flight; from then on as many as the window allows, by
    what the server says of it, or by what this process counted while the server says nothing.

    Args:
        clock: Seconds, monotonic.
        sleep: Waits for that many seconds.
        changed: Told when an answer has brought news, and waited for where nothing else helps.
    """

    def __init__(
        self,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] | None = None,
        changed: threading.Condition | None = None,
    ) -> None:
        self._clock = clock
        self._changed = changed or threading.Condition()
        self._wait = sleep
        self._window = 0
        self._limit: float | None = None
        self._budget: float = 1
        self._ends_at = inf
        self._in_flight = 0
        self._share = Share()
        self._tally = Tally()
        self._seconds = 0.001
        """How long a window is, as far as was seen."""
        self._waiting = 0
        self._next_at = inf

    @property
    def limit(self) -> int | None:
        """Requests a window, as the server last said; None as long as it has not."""
        return None if self._limit is None else int(self._limit)

    @property
    def is_timed(self) -> bool:
        """Whether who was refused waits here until the window is over, as far as that is known."""
        if self._limit is None:
            return self._tally.is_refused
        return self._budget < 1 and self._ends_at != inf

    @property
    def wait(self) -> float | None:
        """Seconds until the next request may be made, as far as is known; None if none waits."""
        if not self._waiting or self._next_at == inf:
            return None
        return max(self._next_at - self._clock(), 0.0)

    @contextmanager
    def slot(self, aborted: threading.Event | None = None) -> Iterator[Slot]:
        """Wait for a place in the budget and hold it while a request is made.

        Args:
            aborted: Once set, and ``wake`` called, the waiting ends.

        Raises:
            RequestAbortedError: It was set.
        """
        slot = self._acquire(aborted)
        try:
            yield slot
        finally:
            self._release(slot)

    @property
    def _is_spent(self) -> bool:
        """Whether no request may be made in this window, as far as is known."""
        return self._budget < 1 or not self._share.permits(self._in_flight, self._elapsed)

    @property
    def _elapsed(self) -> float:
        """How much of the window is over, from 0 to 1; 0 if its end is not known."""
        if self._ends_at == inf:
            return 0.0
        return 1.0 - min((self._ends_at - self._clock()) / self._seconds, 1.0)

    def wake(self) -> None:
        """Let those who wait see whether they still have to."""
        with self._changed:
            self._changed.notify_all()

    def _acquire(self, aborted: threading.Event | None) -> Slot:
        with self._changed:
            while True:
                if aborted is not None and aborted.is_set():
                    raise RequestAbortedError("the run ended before the request was made.")
                now = self._clock()
                seconds = self._patience(now)
                if seconds <= 0:
                    break
                self._next_at = now + seconds
                self._waiting += 1
                try:
                    self._pause(None if seconds == inf else seconds)
                finally:
                    self._waiting -= 1
            self._budget -= 1
            self._in_flight += 1
            entry = self._tally.issue(now) if self._limit is None else None
            return Slot(self._window, self._share.issue(), entry, self._clock)

    def _patience(self, now: float) -> float:
        """Seconds until a request may be made; infinity if an answer has to come first."""
        if self._limit is None:
            return self._tally.wait(now, self._in_flight)
        if now >= self._ends_at:
            self._open_window()
        if not self._is_spent:
            return 0.0
        left = self._ends_at - now
        if self._budget < 1:
            return left
        return min(left, max(self._seconds / self._limit, 0.005)) if left < inf else inf

    def _pause(self, seconds: float | None) -> None:
        if self._wait is None or seconds is None:
            self._changed.wait(seconds)
            return
        self._changed.release()
        try:
            self._wait(seconds)
        finally:
            self._changed.acquire()

    def _open_window(self) -> None:
        self._window += 1
        self._ends_at = inf
        self._share.open(self._in_flight)
        # A request still under way may be counted in the new window.
        self._budget = max(1, (self._limit or 1) - self._in_flight)

    def _release(self, slot: Slot) -> None:
        with self._changed:
            self._in_flight -= 1
            if slot.headers is not None:
                self._learn(slot, slot.headers)
            if self._limit is None:
                self._count(slot)
            elif self._in_flight == 0 and self._is_spent and self._ends_at == inf:
                # Nobody is left who could bring news of the window: let one request ask.
                self._budget = 1
                self._share = Share()
            self._changed.notify_all()

    def _count(self, slot: Slot) -> None:
        """Take in an answer of a server that has not told its limit."""
        if slot.entry is None:
            return
        if slot.headers is None:
            self._tally.lose(slot.entry, self._clock())
            return
        wait = retry_after(slot.headers)
        if wait is not None:
            wait = wait + _MARGIN_SECONDS if wait <= LONGEST_WAIT_SECONDS else None
        if slot.is_refused or wait is not None:
            self._tally.refuse(slot.entry, self._clock(), wait)
        else:
            self._tally.take(slot.entry, slot.answered_at)

    def _learn(self, slot: Slot, headers: Mapping[str, str]) -> None:
        now = self._clock()
        limit = _number(headers.get("x-ratelimit-limit"))
        if self._limit is None and (limit is None or limit < 1):
            return
        wait = retry_after(headers)
        if wait is not None and wait <= LONGEST_WAIT_SECONDS:
            self._budget = 0
            self._ends_at = now + wait + _MARGIN_SECONDS
            self._limit = limit or self._limit
            if slot.window == self._window and limit is not None and limit >= 1:
                self._share.refuse(self._in_flight, limit)
            return
        if limit is None or limit < 1:
            return
        before, self._limit = self._limit, limit
        if slot.window != self._window:
            return
        remaining = _number(headers.get("x-ratelimit-remaining"))
        if before is None:
            self._budget = limit - 1 - self._in_flight
        elif limit > before:
            # That of another route: /manage allows 20, /export 100.
            self._budget += limit - before
        self._budget = min(self._budget, limit if remaining is None else remaining)
        if remaining is not None:
            self._share.learn(slot.number, self._in_flight, limit, remaining)
        reset = _number(headers.get("x-ratelimit-reset"))
        if reset is not None:
            # The header is rounded up: the earliest of these upper bounds is the window's end.
            self._seconds = max(self._seconds, min(reset, LONGEST_WAIT_SECONDS))
            end = now + min(max(reset, 0.0), LONGEST_WAIT_SECONDS) + _MARGIN_SECONDS
            self._ends_at = min(self._ends_at, end)


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds to wait that a ``retry-after`` header asks for: its number, or until its date.

    Args:
        headers: An answer's headers.

    Returns:
        0 or more seconds; None without the header; 1 second for a value that says nothing usable.
    """
    value = headers.get("retry-after")
    if value is None:
        return None
    seconds = _number(value)
    if seconds is None:
        try:
            seconds = _instant(value) - _now_of(headers)
        except (ValueError, TypeError, OverflowError):
            seconds = 1.0
    return max(seconds, 0.0)


def _now_of(headers: Mapping[str, str]) -> float:
    """The present by the server's own clock, which may not agree with the one here."""
    try:
        return _instant(headers["date"])
    except (KeyError, ValueError, TypeError, OverflowError):
        return time.time()


def _instant(value: str) -> float:
    instant = parsedate_to_datetime(value)
    return (instant if instant.tzinfo else instant.replace(tzinfo=timezone.utc)).timestamp()


def _number(value: str | None) -> float | None:
    try:
        number = float(value or "")
    except ValueError:
        return None
    return number if isfinite(number) else None
