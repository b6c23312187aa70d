"""How far a sync is, in one line of text."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from typing import NamedTuple

from openpanel_source.model.text import counted, printable
from openpanel_source.source.orders import Progress

_SPEED_SECONDS = 10.0
"""What the speed is of: as long as a window of the rate limit, or it would jump with each."""
_PACE_SECONDS = 60.0
"""What is taken for the speed of what is to come."""


_ROWS_OF_A_REQUEST = 1_000


class _Moment(NamedTuple):
    at: float
    rows: int
    days: int


class Line:
    """Says how far a sync is, with the speed of its last seconds.

    Args:
        clock: Seconds, monotonic.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._seen: deque[_Moment] = deque()

    def of(self, progress: Progress) -> str:
        """What is read, how much of how much, how fast, how long still, and what is awaited.

        What is not known, or not yet, is left out.
        """
        self._see(progress)
        parts = ["planning" if progress.project_id is None else _place(progress)]
        read, expected = progress.events_read, progress.events_expected
        if progress.project_id is not None:
            parts.append(f"{read:,} of {expected:,}" if expected else counted(read, "event"))
        speed = self._speed(_SPEED_SECONDS, least=1.0)
        if speed is not None:
            parts.append(f"{speed:,.0f}/s")
        left = self._left(progress)
        if left is not None:
            parts.append(f"about {duration(left)} left")
        elif not expected and progress.project_id is not None and progress.days_left:
            parts.append(f"{counted(progress.days_left, 'day')} left")
        waiting = f" · {progress.awaited}" if progress.awaited else ""
        return "  ".join(parts) + waiting

    def _see(self, progress: Progress) -> None:
        now, seen = self._clock(), self._seen
        if not progress.events_read:
            # Time that passes before the first row is no reading.
            seen.clear()
        seen.append(_Moment(now, progress.events_read, progress.days_read))
        while len(seen) > 2 and seen[1].at <= now - _PACE_SECONDS:
            seen.popleft()

    def _speed(self, seconds: float, least: float) -> float | None:
        """Rows a second in the last so many; None if it was seen for less than the least."""
        now, before = self._seen[-1], self._since(seconds)
        passed = now.at - before.at
        return (now.rows - before.rows) / passed if passed >= least else None

    def _since(self, seconds: float) -> _Moment:
        begin = self._seen[-1].at - seconds
        return next((one for one in reversed(self._seen) if one.at <= begin), self._seen[0])

    def _left(self, progress: Progress) -> float | None:
        """Seconds that the rest takes as it went lately; None where that is not to be told."""
        now, before = self._seen[-1], self._since(_PACE_SECONDS)
        passed = now.at - before.at
        # The first seconds are quick: they say nothing of a limit.
        if passed < _SPEED_SECONDS or progress.events_expected is None or not progress.days_left:
            return None
        done = _work(now.rows - before.rows, now.days - before.days)
        rest = _work(progress.events_expected - progress.events_read, progress.days_left)
        waits = progress.awaited.until - time.monotonic() if progress.awaited else 0.0
        left = rest * passed / done if done > 0 else 0.0
        return left if left > max(waits, 0.0) else None


def _work(rows: int, days: int) -> int:
    """What takes time, in rows: a day takes a request, however few it has."""
    return rows + _ROWS_OF_A_REQUEST * days


def duration(seconds: float) -> str:
    """About how long, as ``39 s``, ``12 min`` or ``2 h 10 min``."""
    if seconds < 99.5:
        return f"{max(seconds, 1):.0f} s"
    hours, minutes = divmod(round(seconds / 60), 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min"


def _place(progress: Progress) -> str:
    return f"{printable(progress.project_id or '')} {progress.day}"
