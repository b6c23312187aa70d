"""End a sync before all is read: after a time, or when it is asked to."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from openpanel_source.api.client import Client
from openpanel_source.errors import (
    DestinationBusyError,
    PipelineBusyError,
    RequestAbortedError,
)
from openpanel_source.model.clock import check_seconds

_GRACE_SECONDS = 2.0
"""What is asked to stop may end the day it is reading, if that is soon."""
_GLANCE_SECONDS = 0.2


class Halt:
    """Says when a sync has to end.

    Args:
        max_runtime: Seconds after which no further day is begun; None for no bound.
        stop: Once set, no further day is begun, and soon the one being read is abandoned.

    Raises:
        InvalidSettingError: The seconds are no number that ends.
    """

    def __init__(
        self, max_runtime: float | None = None, stop: threading.Event | None = None
    ) -> None:
        check_seconds("max_runtime", 0 if max_runtime is None else max_runtime)
        self._until = None if max_runtime is None else time.monotonic() + max_runtime
        self.stop = stop

    @property
    def is_asked(self) -> bool:
        """Whether the sync was asked to stop."""
        return self.stop is not None and self.stop.is_set()

    def is_due(self) -> bool:
        """Whether no further day may be begun."""
        return self.is_asked or (self._until is not None and time.monotonic() >= self._until)

    @contextmanager
    def ending(self) -> Iterator[None]:
        """Leave what is done meanwhile where it is cut off, because it was asked to stop."""
        try:
            yield
        except (RequestAbortedError, DestinationBusyError, PipelineBusyError):
            if not self.is_asked:
                raise

    @contextmanager
    def watching(self, client: Client) -> Iterator[None]:
        """End the requests under way meanwhile, if the sync is asked to stop.

        Args:
            client: Makes them.
        """
        if self.stop is None:
            yield
            return
        done = threading.Event()
        watcher = threading.Thread(target=self._watch, args=(done, client), daemon=True)
        watcher.start()
        try:
            yield
        finally:
            done.set()
            watcher.join()

    def _watch(self, done: threading.Event, client: Client) -> None:
        while not self.is_asked:
            if done.wait(_GLANCE_SECONDS):
                return
        is_over = done.wait(_GRACE_SECONDS)
        while not is_over:
            client.abort()
            is_over = done.wait(_GLANCE_SECONDS)
