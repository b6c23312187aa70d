"""Settings of the process while a sync runs.

Memory that is freed goes back to the system, and Python looks for garbage less often.
"""

from __future__ import annotations

import ctypes
import gc
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pyarrow as pa

_RARELY = 5_000
"""Objects made until Python looks for garbage: a page makes some thousands, none of them garbage of
the kind that only a search finds."""
_lock = threading.Lock()
_syncs = 0
"""How many run at present: threads may run several."""
_usual_pool = pa.default_memory_pool()
_usual_threshold = gc.get_threshold()


@contextmanager
def tuned_process() -> Iterator[None]:
    """Keep freed memory from piling up, and searches for garbage from taking much time.

    Arrow's own allocator keeps most of what it had, so the system's is used. And glibc gives each
    thread a heap that stays as large as it ever was: one for all is enough, as the threads mostly
    wait for the network.
    """
    global _syncs, _usual_pool, _usual_threshold  # noqa: PLW0603 - what is set is the process's own
    with _lock:
        if not _syncs:
            _usual_pool, _usual_threshold = pa.default_memory_pool(), gc.get_threshold()
            pa.set_memory_pool(pa.system_memory_pool())
            made, *older = _usual_threshold
            # 0 has no search at all.
            gc.set_threshold(made and max(made, _RARELY), *older)
            _limit_heaps(1)
        _syncs += 1
    try:
        yield
    finally:
        with _lock:
            _syncs -= 1
            if not _syncs:
                _limit_heaps(0)
                gc.set_threshold(*_usual_threshold)
                pa.set_memory_pool(_usual_pool)


_M_ARENA_MAX = -8
"""From glibc's malloc.h."""


def _limit_heaps(most: int) -> None:
    """Set how many heaps glibc makes for threads, 0 for as many as it likes; elsewhere nothing."""
    with suppress(OSError, AttributeError, TypeError):
        ctypes.CDLL(None).mallopt(_M_ARENA_MAX, most)


def give_back_memory() -> None:
    """Give back to the system what is not needed any more: what comes next takes its own."""
    pa.default_memory_pool().release_unused()
