"""What only a small request tells: how old the server's charts are, and where its days begin."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial
from zoneinfo import ZoneInfo

from openpanel_source.api.client import Client
from openpanel_source.api.generation import Generation
from openpanel_source.charts.answer import check_timezone, read_drawing
from openpanel_source.charts.buckets import Buckets
from openpanel_source.charts.definition import Chart
from openpanel_source.charts.query import CHARTS_PATH, chart_params
from openpanel_source.errors import InvalidQueryError, ProjectRequiredError

_HOURLY = Chart("hours", ["*"], interval="hour")
_LOOKED_AT = timedelta(days=30)


def knows_series(client: Client) -> bool:
    """Whether an old server draws charts as it does since 2025-11-26, not as in spring 2025.

    Asked without a project, so that it tells even where there is none to tell by.

    Args:
        client: Asks.

    Raises:
        OpenPanelError: The server cannot be asked.
    """
    try:
        client.get(CHARTS_PATH, [("series", "[]")])
    except InvalidQueryError:
        # It needs the older name, events.
        return False
    except ProjectRequiredError:
        return True
    return True


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
    check_timezone(_HOURLY, drawing, buckets, first, end)
