"""The cache of counts that servers had before 2026-03-03."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable
from datetime import datetime, timedelta

_LIFETIME = timedelta(minutes=10)


class CountCache:
    """Remembers counts for ten minutes."""

    def __init__(self) -> None:
        self._counts: dict[Hashable, tuple[datetime, int]] = {}
        self._lock = threading.Lock()

    def get(self, key: Hashable, now: datetime, count: Callable[[], int]) -> int:
        """Return what was counted under a key, counting if that is too long ago."""
        with self._lock:
            counted, total = self._counts.get(key, (now - _LIFETIME, 0))
        if now - counted >= _LIFETIME:
            total = count()
            with self._lock:
                self._counts[key] = now, total
        return total
