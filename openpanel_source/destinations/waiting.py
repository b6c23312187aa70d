"""Wait for what others hold, a file or a pipeline, and know when it was they who were met."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from tenacity import (
    RetryCallState,
    Retrying,
    retry_base,
    sleep_using_event,
    stop_after_delay,
    stop_when_event_set,
    wait_random,
)

from openpanel_source.destinations.explain import causes

_stop: ContextVar[threading.Event | None] = ContextVar("stop", default=None)


class _Waits:
    """What a command or an operation has waited for others, all together.

    Attributes:
        seconds: Since it began, or last got on.
    """

    def __init__(self) -> None:
        self.seconds = 0.0


_waits: ContextVar[_Waits | None] = ContextVar("waits", default=None)


@contextmanager
def waiting_once() -> Iterator[None]:
    """Have all waits meanwhile last no longer together than one may, whatever is waited for."""
    if _waits.get() is not None:
        yield
        return
    before = _waits.set(_Waits())
    try:
        yield
    finally:
        _waits.reset(before)


def got_on() -> None:
    """Note that something was done for good: whoever waits later may wait as long again."""
    waits = _waits.get()
    if waits is not None:
        waits.seconds = 0.0


def patiently(
    busy_timeout: float, retry: retry_base, tell: Callable[[RetryCallState], None]
) -> Retrying:
    """Try again until it works, the time is over, or the sync is asked to stop.

    Args:
        busy_timeout: Seconds to wait at most, those waited before included.
        retry: After which errors.
        tell: Called before the first wait.
    """
    stop, waits = _stop.get() or threading.Event(), _waits.get() or _Waits()
    pause = sleep_using_event(stop)

    def sleep(seconds: float) -> None:
        began = time.monotonic()
        pause(seconds)
        waits.seconds += time.monotonic() - began

    return Retrying(
        retry=retry,
        stop=stop_after_delay(max(busy_timeout - waits.seconds, 0.0)) | stop_when_event_set(stop),
        wait=wait_random(0.05, 0.25),
        sleep=sleep,
        before_sleep=lambda state: tell(state) if state.attempt_number == 1 else None,
        reraise=True,
    )


@contextmanager
def waiting_until(stop: threading.Event | None) -> Iterator[None]:
    """Have no wait for a DuckDB file last longer, meanwhile, once a sync is asked to stop.

    Args:
        stop: Set when it is asked.
    """
    before = _stop.set(stop)
    try:
        yield
    finally:
        _stop.reset(before)


def met_another(error: BaseException) -> bool:
    """Whether a destination refused to make what another pipeline made at the same moment."""
    texts = [str(cause).lower() for cause in causes(error)]
    return any(sign in text for sign in _MEETINGS for text in texts)


_MEETINGS = (
    "already exists",
    # PostgreSQL checks a name only as it writes it down.
    'violates unique constraint "pg_',
    "tuple concurrently updated",
)
