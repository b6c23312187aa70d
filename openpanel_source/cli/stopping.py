"""End a sync as it is asked for: SIGTERM and a few seconds of patience, or Ctrl-C."""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

INTERRUPTED = 128 + signal.SIGINT
"""The exit code after Ctrl-C, as shells know it."""
TERMINATED = 128 + signal.SIGTERM
"""The exit code after SIGTERM, as shells and orchestrators know it."""
_PATIENCE_SECONDS = 8.5
"""Docker kills after 10."""

logger = logging.getLogger(__name__)


class Stop(threading.Event):
    """Set once the process is asked to stop, for ``sync(stop=...)``.

    Attributes:
        exit_code: What the process ends with then.
    """

    exit_code = TERMINATED


@contextmanager
def stop_on_signals() -> Iterator[Stop]:
    """Wait for SIGTERM and Ctrl-C meanwhile; end the process if it has to be at once.

    After SIGTERM that is when nobody reacts in time, after Ctrl-C when it comes again.

    Yields:
        An event that is set once one of them came.
    """
    if sys.platform == "win32" or threading.current_thread() is not threading.main_thread():
        yield Stop()
        return
    wanted = [signal.SIGTERM]
    if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
        # A shell has those in its background ignore Ctrl-C.
        wanted.append(signal.SIGINT)
    waiter = _Waiter()
    before = {number: signal.getsignal(number) for number in wanted}
    # A handler would have to wait for the main thread, which may be loading for a minute, and to
    # block signals would not help: libraries have threads, as that of NumPy, that get them then.
    fd_before = signal.set_wakeup_fd(waiter.into, warn_on_full_buffer=False)
    for number in wanted:
        signal.signal(number, lambda *_: None)
    waiter.start()
    try:
        yield waiter.stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(fd_before)
        waiter.end()


class _Waiter(threading.Thread):
    """Waits for the numbers of signals, which Python writes into a pipe as soon as they come.

    Attributes:
        stop: Set once one came.
        into: The end of the pipe for Python.
    """

    def __init__(self) -> None:
        super().__init__(name="openpanel-signals", daemon=True)
        self.stop = Stop()
        self._from, self.into = os.pipe()
        os.set_blocking(self.into, False)
        self._over = threading.Event()
        self._deciding = threading.Lock()

    def run(self) -> None:
        while True:
            [came] = os.read(self._from, 1)
            with self._deciding:
                if self._over.is_set():
                    return
                if came in (signal.SIGINT, signal.SIGTERM):
                    self._heed(came)

    def end(self) -> None:
        """Wait for no more of them."""
        # While the thread cannot have ended yet.
        with self._deciding:
            self._over.set()
            os.write(self.into, b"\0")
        self.join()
        os.close(self._from)
        os.close(self.into)

    def _heed(self, came: int) -> None:
        is_interrupt = came == signal.SIGINT
        if is_interrupt and self.stop.is_set():
            logger.warning("interrupted again, before all was committed; run again to continue")
            os._exit(INTERRUPTED)
        if self.stop.is_set() and self.stop.exit_code == TERMINATED:
            return
        logger.warning(
            "%s: the day being read is ended or left, and the rest is committed%s",
            "interrupted" if is_interrupt else "asked to stop",
            "; Ctrl-C again stops at once" if is_interrupt else "",
        )
        self.stop.exit_code = INTERRUPTED if is_interrupt else TERMINATED
        self.stop.set()
        if not is_interrupt:
            threading.Thread(target=self._lose_patience, daemon=True).start()

    def _lose_patience(self) -> None:
        if not self._over.wait(_PATIENCE_SECONDS):
            logger.warning("ended before all was committed; run again to continue")
            os._exit(TERMINATED)
