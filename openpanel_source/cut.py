"""Cut a range of days into pieces of about equal size, from few counts; pure."""

from __future__ import annotations

from bisect import bisect_left
from datetime import date
from itertools import pairwise
from typing import NamedTuple

from openpanel_source.clock import DAY
from openpanel_source.plan import Count

_TOLERANCE = 0.05
"""A cut may miss its place by so much of a piece, which saves half of the counts."""


class Stretch(NamedTuple):
    """Days in a row, both inclusive, and the events counted in them."""

    first: date
    last: date
    events: int


def cut(count: Count, first: date, last: date, total: int, pieces: int) -> list[Stretch]:
    """Cut a range of days into stretches that hold about as many events each.

    Args:
        count: Counts events of a range.
        first: First day of the range.
        last: Last day of the range.
        total: Events in the range.
        pieces: How many; fewer come out where single days hold more than a piece should.

    Returns:
        Stretches that cover the range and do not overlap, newest first; about
        log2(days of a piece) counts a cut at most, and mostly two or three.
    """
    sums = _Sums(count, first, last, total)
    size = total / pieces
    offsets = {sums.nearest(size * number, size * _TOLERANCE) for number in range(1, pieces)}
    bounds = sorted(offsets | {0, (last - first).days + 1})
    return [
        Stretch(first + start * DAY, first + (end - 1) * DAY, sums.known[end] - sums.known[start])
        for start, end in reversed(list(pairwise(bounds)))
    ]


class _Sums:
    """Events before each day of a range, as far as they were asked for."""

    def __init__(self, count: Count, first: date, last: date, total: int) -> None:
        self._count = count
        self._first = first
        self.known = {0: 0, (last - first).days + 1: total}
        """Events of the first days, by how many days."""

    def nearest(self, wanted: float, tolerance: float) -> int:
        """So many days from the first on that they hold about as many events as wanted."""
        is_estimate = True
        while True:
            days = sorted(self.known)
            sums = [self.known[day] for day in days]
            above = min(max(bisect_left(sums, wanted), 1), len(days) - 1)
            low, high = days[above - 1], days[above]
            best = min((low, high), key=lambda day: abs(self.known[day] - wanted))
            if high - low == 1 or abs(self.known[best] - wanted) <= tolerance:
                return best
            middle = self._estimate(low, high, wanted) if is_estimate else (low + high) // 2
            # Halving in between keeps events that come in bursts from costing a count a day.
            is_estimate = not is_estimate
            self._ask(low, middle, high)

    def _estimate(self, low: int, high: int, wanted: float) -> int:
        """Where the sum would be as wanted if events were spread evenly."""
        held = self.known[high] - self.known[low]
        share = (wanted - self.known[low]) / held
        return min(max(low + round(share * (high - low)), low + 1), high - 1)

    def _ask(self, low: int, middle: int, high: int) -> None:
        start, end = self._first + low * DAY, self._first + (middle - 1) * DAY
        # What arrives meanwhile must not make a sum fall or exceed the one of more days.
        held = self.known[low] + self._count(start, end)
        self.known[middle] = min(held, self.known[high])
