"""Whether a server's days begin where the settings say; the API does not name its time zone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from functools import cache, partial
from importlib.resources import files
from zoneinfo import ZoneInfo

from openpanel_source.api.client import Client
from openpanel_source.api.generation import Generation
from openpanel_source.charts.answer import Drawing, read_drawing
from openpanel_source.charts.buckets import Bucket, Buckets
from openpanel_source.charts.definition import Chart
from openpanel_source.charts.query import CHARTS_PATH, chart_params
from openpanel_source.errors import InvalidSettingError

_HOURLY = Chart("hours", ["*"], interval="hour")
_LOOKED_AT = timedelta(days=30)
_MOST = 9
"""As many zones as a sentence may name; more would be no help."""


def probe_timezone(
    client: Client, project_id: str, zone: ZoneInfo, now: datetime, generation: Generation
) -> None:
    """Refuse a time zone in which the server's hours are not the ones that it shows.

    Hours give a wrong zone away where days would look right and be partial.

    Args:
        client: Asks; one request, without events in the last 30 days to no avail.
        project_id: The project.
        zone: The zone that was set.
        now: The current instant.
        generation: The server's.

    Raises:
        InvalidSettingError: They are not.
        OpenPanelError: The server cannot be asked.
    """
    if generation.draws_charts_of_2025:
        return
    buckets = Buckets("hour", zone)
    first, end = buckets.of(now - _LOOKED_AT), buckets.of(now)
    params = chart_params(_HOURLY, project_id, first.start, end.start, generation)
    drawing = client.read(CHARTS_PATH, params, partial(read_drawing, _HOURLY))
    check_timezone(drawing, buckets, first, end)


def check_timezone(drawing: Drawing, buckets: Buckets, first: Bucket, end: Bucket) -> None:
    """Refuse an answer whose buckets are not those of the time zone that was set.

    The API does not tell the zone; an answer that begins elsewhere gives it away.

    Raises:
        InvalidSettingError: They are not.
    """
    dates = {date for series in drawing.series for date in series.points}
    if not dates or (min(dates) == first.local.isoformat() and max(dates) <= end.local.isoformat()):
        return
    zones = fitting_zones(buckets.interval, first.start, end.start, min(dates), max(dates))
    fitting = f" ({' or '.join(zones)} would fit, or one whose clocks agree)" if zones else ""
    raise InvalidSettingError(
        f"timezone {buckets.zone.key!r} is not the one of the organisation:"
        f" the server's buckets are from {min(dates)} to {max(dates)}, asked for were those from"
        f" {first.local.isoformat()} on; set timezone to the one in OpenPanel's settings{fitting}."
    )


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
