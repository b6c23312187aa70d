"""Numbers of charts: rounded, summed up and compared as JavaScript does."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

Count = int | float | None


def plain(value: Count) -> Count:
    """Return a number as JSON has it: whole where it is, null where it is not finite."""
    if value is None or not math.isfinite(value):
        return None
    return int(value) if value == int(value) and abs(value) < 2**53 else float(value)


def rounded(value: float, decimals: int = 2) -> float:
    """Round as the server does: half upwards."""
    factor = 10.0**decimals
    return math.floor((value + 2.0**-52) * factor + 0.5) / factor


def total(counts: Iterable[Count]) -> float:
    """Return the sum of what is a number, to two decimals."""
    return rounded(sum(count for count in counts if count is not None))


def average(counts: Iterable[Count]) -> float:
    """Return the mean of what is a number other than zero, to two decimals; 0 if nothing is."""
    values = [count for count in counts if count]
    return rounded(sum(values) / len(values)) if values else 0


def metrics(counts: list[Count], nothing: Count) -> dict[str, Count]:
    """Return sum, average, minimum and maximum.

    Args:
        counts: The values; null is none.
        nothing: Minimum and maximum of no values.
    """
    values = [count for count in counts if count is not None]
    return {
        "sum": plain(total(values)),
        "average": plain(average(values)),
        "min": min(values, default=nothing),
        "max": max(values, default=nothing),
    }


def compared(current: Count, previous: Count) -> dict[str, Any] | None:
    """Return how a value compares with that of the period before, None without the latter.

    The difference is how much larger the larger one is, in per cent.
    """
    if previous is None:
        return None
    now = current or 0
    small, large = sorted((now, previous))
    diff = rounded((large / small - 1) * 100, 1) if small and small != large else None
    state = "positive" if now > previous else "negative" if now < previous else "neutral"
    return {"diff": None if diff is None else plain(diff), "state": state, "value": previous}
