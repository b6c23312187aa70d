"""End a sync as orchestrators and containers ask for it: SIGTERM, and a few seconds of patience."""

from __future__ import annotations

import logging
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

EXIT_CODE = 143
"""128 + SIGTERM, as shells and orchestrators know it."""
_PATIENCE_SECONDS = 8.5
"""Docker kills after 10."""

logger = logging.getLogger(__name__)


@contextmanager
def stop_on_sigterm() -> Iterator[threading.Event]:
    """Wait for SIGTERM meanwhile; end the process if nobody reacts in time.

    Yields:
        An event that is set once it came, for ``sync(stop=...)``.
    """
    stop, done = threading.Event(), threading.Event()
    if not hasattr(signal, "pthread_sigmask"):
        yield stop
        return
    # A handler would have to wait for the main thread, which may be loading for a minute.
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    waiter = threading.Thread(target=_wait, args=(stop, done), daemon=True)
    waiter.start()
    try:
        yield stop
    finally:
        done.set()
        if not stop.is_set():
            signal.pthread_kill(waiter.ident or 0, signal.SIGTERM)
        waiter.join()
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _wait(stop: threading.Event, done: threading.Event) -> None:
    signal.sigwait({signal.SIGTERM})
    if done.is_set():
        return
    stop.set()
    logger.warning("asked to stop: the day being read is ended or left, and the rest is committed")
    if not done.wait(_PATIENCE_SECONDS):
        logger.warning("ended before all was committed; run again to continue")
        os._exit(EXIT_CODE)
