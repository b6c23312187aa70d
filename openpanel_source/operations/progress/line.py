"""How far a sync is, in one line of text."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable

from openpanel_source.model.text import counted, printable
from openpanel_source.source.orders import Progress

_SPEED_SECONDS = 10.0
"""What the speed is of: as long as a window of the rate limit, or it would jump with each."""
_PACE_SECONDS = 60.0
"""What is taken for the speed of what is to come."""


class Line:
    """Says how far a sync is, with the speed of its last seconds.

    Args:
        clock: Seconds, monotonic.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._seen: deque[tuple[float, int]] = deque()

    def of(self, progress: Progress) -> str:
        """What is read, how much of how much, how fast, how long still, and what is awaited.

        What is not known, or not yet, is left out.
        """
        self._see(progress.events_read)
        parts = ["planning" if progress.project_id is None else _place(progress)]
        read, expected = progress.events_read, progress.events_expected
        if progress.project_id is not None:
            parts.append(f"{read:,} of {expected:,}" if expected else counted(read, "event"))
        speed = self._speed(_SPEED_SECONDS, least=1.0)
        if speed is not None:
            parts.append(f"{speed:,.0f}/s")
        # The first seconds are quick: they say nothing of a limit.
        pace = self._speed(_PACE_SECONDS, least=_SPEED_SECONDS)
        if expected and read < expected and pace:
            parts.append(f"about {duration((expected - read) / pace)} left")
        elif not expected and progress.project_id is not None and progress.days_left:
            parts.append(f"{counted(progress.days_left, 'day')} left")
        waiting = f" · {progress.awaited}" if progress.awaited else ""
        return "  ".join(parts) + waiting

    def _see(self, rows: int) -> None:
        now, seen = self._clock(), self._seen
        if not rows:
            # Time that passes before the first row is no reading.
            seen.clear()
        seen.append((now, rows))
        while len(seen) > 2 and seen[1][0] <= now - _PACE_SECONDS:
            seen.popleft()

    def _speed(self, seconds: float, least: float) -> float | None:
        """Rows a second in the last so many; None if it was seen for less than the least."""
        now, rows = self._seen[-1]
        since = [moment for moment in self._seen if moment[0] <= now - seconds]
        began, before = since[-1] if since else self._seen[0]
        return (rows - before) / (now - began) if now - began >= least else None


def duration(seconds: float) -> str:
    """About how long, as ``39 s``, ``12 min`` or ``2 h 10 min``."""
    if seconds < 99.5:
        return f"{max(seconds, 1):.0f} s"
    hours, minutes = divmod(round(seconds / 60), 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min"


def _place(progress: Progress) -> str:
    return f"{printable(progress.project_id or '')} {progress.day}"
