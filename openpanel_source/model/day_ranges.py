"""Days in a row as ranges, both ends included; pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from itertools import groupby

from openpanel_source.model.clock import DAY


def day_ranges(days: Iterable[date]) -> Iterator[tuple[date, date]]:
    """The ranges of days that follow on each other, oldest first.

    Args:
        days: In any order.

    Yields:
        First and last day of each range.
    """
    numbered = enumerate(sorted(set(days)))
    for _, row in groupby(numbered, key=lambda item: item[1].toordinal() - item[0]):
        first, *others = (day for _, day in row)
        yield first, others[-1] if others else first


def ranges_without(first: date, last: date, days: Iterable[date]) -> Iterator[tuple[date, date]]:
    """What is left of a range without some days, as ranges, oldest first.

    Args:
        first: First day of the range.
        last: Last day of the range.
        days: In any order, of the range or not.

    Yields:
        First and last day of each range.
    """
    for day in sorted(days):
        if first < day and first <= last:
            yield first, min(day - DAY, last)
        first = max(first, day + DAY)
    if first <= last:
        yield first, last
