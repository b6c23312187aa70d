"""Which time zones fit what a server shows; the API does not name the one it uses."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from functools import cache
from importlib.resources import files
from zoneinfo import ZoneInfo

from openpanel_source.charts.buckets import Buckets

_MOST = 9
"""As many zones as a sentence may name; more would be no help."""


def fitting_zones(
    interval: str, start: datetime, end: datetime, first: str, last: str
) -> tuple[str, ...]:
    """The zones in which a chart has the dates that a server gave it.

    Args:
        interval: Of the chart.
        start: The first instant asked for.
        end: The instant up to which was asked.
        first: The earliest date, local time as ISO text.
        last: The latest.

    Returns:
        IANA names, one of each set of zones whose clocks agree; none if they are too many to help.
    """
    # The bucket in which the range ends is there only if something happened at that instant.
    for latest in (end - timedelta(seconds=1), end):
        shown = {start: first, latest: last}
        found = [name for name in _names() if _shows(Buckets(interval, ZoneInfo(name)), shown)]
        if found:
            return tuple(found) if len(found) <= _MOST else ()
    return ()


def _shows(buckets: Buckets, shown: Mapping[datetime, str]) -> bool:
    """Whether instants are in the buckets of these local times."""
    return all(buckets.of(instant).local.isoformat() == date for instant, date in shown.items())


@cache
def _names() -> tuple[str, ...]:
    return "UTC", *_listed()


def _listed() -> Iterator[str]:
    """The zones that differ now; others of the same clocks are left out."""
    table = files("tzdata") / "zoneinfo" / "zonenow.tab"
    for line in table.read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            yield line.split("\t")[2]
