"""The rate limit: a fixed window for each client, counted from its first request."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

_NO_LIMIT = {
    "x-ratelimit-limit": "1000000",
    "x-ratelimit-remaining": "999999",
    "x-ratelimit-reset": "10",
}
"""What answers tell without a limit: one that nobody reaches. Readers take none for the usual."""


@dataclass
class _Window:
    ends: float
    used: int = 0


class RateLimit:
    """Counts the requests of each client.

    Args:
        limit: Requests a window; None for no limit.
        seconds: Length of the window.
        clock: Seconds that never run backwards.
    """

    def __init__(
        self, limit: int | None, seconds: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._limit = limit
        self._seconds = seconds
        self._clock = clock
        self._windows: dict[str, _Window] = {}
        self._lock = threading.Lock()

    def count(
        self, client: str, requests: int = 1, most: int | None = None
    ) -> tuple[bool, dict[str, str]]:
        """Count a request, or several.

        Args:
            client: Whose.
            requests: How many.
            most: What the route allows in a window, where that is fewer.

        Returns:
            Whether it is within the limit, and the headers that tell the client about it.
        """
        if self._limit is None:
            return True, dict(_NO_LIMIT)
        with self._lock:
            now = self._clock()
            window = self._windows.get(client)
            if window is None or window.ends <= now:
                window = self._windows[client] = _Window(now + self._seconds)
            window.used += requests
            limit = self._limit if most is None else min(self._limit, most)
            left, reset = limit - window.used, str(math.ceil(window.ends - now))
        headers = {
            "x-ratelimit-limit": str(limit),
            "x-ratelimit-remaining": str(max(0, left)),
            "x-ratelimit-reset": reset,
        }
        if left < 0:
            headers["retry-after"] = reset
        return left >= 0, headers
