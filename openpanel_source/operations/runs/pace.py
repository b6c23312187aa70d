"""When it is time to commit: soon at first, so that there is something to see, then now and then.

The bounds of days and events are those of the run itself, in ``source/run.py``.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from math import inf

from openpanel_source.wire.awaited import Awaited

_FIRST_SECONDS = 4.0
"""Until the first commit, if all goes as usual."""


class Pace:
    """Says when what was read has to be committed.

    Args:
        seconds: From one commit to the next; infinite for no such bound.
        clock: Seconds, monotonic.

    Attributes:
        is_bounded: Whether there is such a bound.
    """

    def __init__(self, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._seconds = seconds
        self._clock = clock
        self.is_bounded = seconds < inf
        self._is_committing = False
        self._due = clock() + (min(seconds, _FIRST_SECONDS) if self.is_bounded else inf)

    def is_due(self) -> bool:
        """Whether it is time."""
        return self._clock() >= self._due

    @property
    def awaited(self) -> Awaited | None:
        """The commit that goes on at this moment."""
        return Awaited("committing", time.monotonic()) if self._is_committing else None

    @contextmanager
    def committing(self) -> Iterator[None]:
        """Count from the end of what is done meanwhile; the next time it will take as long.

        Where it takes most of the time, there is as much for reading.
        """
        began = self._clock()
        self._is_committing = True
        try:
            yield
        finally:
            self._is_committing = False
        ended = self._clock()
        took, seconds = ended - began, self._seconds
        self._due = ended + max(seconds - took, min(took, seconds))
