"""When the visits of the demo happen; instants are whole milliseconds since 1970, UTC."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from datetime import datetime, timedelta, timezone
from functools import lru_cache
from itertools import accumulate
from random import Random

DAY = 86_400_000
HOURS = (
    *(1.2, 0.8, 0.5, 0.4, 0.5, 0.9, 1.8, 3.2, 4.6, 5.4, 5.7, 5.8),
    *(6.0, 5.6, 5.3, 5.2, 5.3, 5.6, 6.2, 7.0, 7.4, 6.6, 4.6, 2.6),
)
"""How busy each hour of a UTC day is, compared with the others."""

_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_HOUR = 3_600_000
# Share of the visits that begin in the last minute of a day, and often end on the next one.
_LATE = 0.005
_TOTALS = list(accumulate(HOURS, initial=0.0))
_HOUR_SUMS = [total / _TOTALS[-1] for total in _TOTALS]


def running_totals(total: int, weights: Sequence[float]) -> list[int]:
    """Return the whole numbers at which each weight's part of a total ends, the last the total."""
    sums = list(accumulate(weights))
    return [round(total * part / sums[-1]) for part in sums]


class Window:
    """The UTC days to fill, the last one only until now."""

    def __init__(self, now: datetime, days: int) -> None:
        self.now = (now - _EPOCH) // timedelta(milliseconds=1)
        self.days = range(self.now // DAY - days + 1, self.now // DAY + 1)
        self.start = self.days[0] * DAY

    def weights(self, rng: Random, week: Sequence[float]) -> list[float]:
        """Return how busy each day is: its weekday, a mild growth, and some luck."""
        weights = [
            week[(day + 3) % 7] * (1 + 0.4 * age / len(self.days)) * rng.uniform(0.92, 1.08)
            for age, day in enumerate(self.days)
        ]
        # Above zero even at the midnight that begins the only day.
        weights[-1] *= max(self._elapsed(self.days[-1]), 1e-9)
        return weights

    def instant(self, rng: Random, day: int) -> int:
        """Return a moment of the day, likely in a busy hour and never in the future."""
        if day < self.days[-1] and rng.random() < _LATE:
            return (day + 1) * DAY - rng.randint(1, 60_000)
        part = rng.random() * self._elapsed(day)
        hour = bisect_right(_HOUR_SUMS, part) - 1
        within = (part - _HOUR_SUMS[hour]) / (_HOUR_SUMS[hour + 1] - _HOUR_SUMS[hour])
        return min(day * DAY + int((hour + within) * _HOUR), self.now)

    def _elapsed(self, day: int) -> float:
        if day < self.days[-1]:
            return 1.0
        hour, rest = divmod(self.now % DAY, _HOUR)
        return _HOUR_SUMS[hour] + (_HOUR_SUMS[hour + 1] - _HOUR_SUMS[hour]) * rest / _HOUR


@lru_cache(maxsize=8192)
def _date(day: int) -> str:
    return (_EPOCH + timedelta(days=day)).date().isoformat()


def iso(instant: int) -> str:
    """Return an instant as the API writes it."""
    day, rest = divmod(instant, DAY)
    seconds, milliseconds = divmod(rest, 1000)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{_date(day)}T{hours:02}:{minutes:02}:{seconds:02}.{milliseconds:03}Z"
