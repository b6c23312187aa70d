"""The query of ``/export/charts`` for whole buckets of a chart."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from string import ascii_uppercase
from typing import Any

from openpanel_source.api.client import Client
from openpanel_source.api.filters import parse_filter
from openpanel_source.api.generation import CURRENT, Generation
from openpanel_source.api.query import (
    Params,
    encode_list,
    encode_string,
)
from openpanel_source.charts.definition import Chart
from openpanel_source.charts.series import Series
from openpanel_source.errors import (
    InvalidQueryError,
    ProjectRequiredError,
    UnsupportedServerError,
)

CHARTS_PATH = "/export/charts"
_EARLY_LIMITS: tuple[tuple[Callable[[Chart, str], bool], str], ...] = (
    (lambda chart, _: chart.interval == "week", "interval 'week' stops it altogether"),
    (lambda _, timezone: timezone != "UTC", "it draws in UTC only, not in {timezone}"),
    (lambda chart, _: len(chart.breakdowns) > 4, "it knows at most 4 breakdowns"),
)
"""What charts of a time zone a server before 2025-04-16 does not draw, and why."""


def check_server(chart: Chart, timezone: str, generation: Generation) -> None:
    """Refuse what an old server draws wrongly, or dies of.

    Raises:
        UnsupportedServerError: The server is too old for the chart.
    """
    for is_beyond, problem in _EARLY_LIMITS if generation.draws_charts_of_2025 else ():
        if is_beyond(chart, timezone):
            raise UnsupportedServerError(
                f"chart {chart.name!r}: this server draws charts as those before 2025-04-16 do, and"
                f" {problem.format(timezone=timezone)}; upgrade it or change the chart."
            )


def knows_series(client: Client) -> bool:
    """Whether an old server draws charts as it does since 2025-11-26, not as in spring 2025.

    Asked without a project, so that it tells even where there is none to tell by.

    Args:
        client: Asks.

    Raises:
        OpenPanelError: The server cannot be asked.
    """
    with suppress(ProjectRequiredError):
        try:
            client.get(CHARTS_PATH, [("series", "[]")])
        except InvalidQueryError:
            # It needs the older name, events.
            return False
    return True


def chart_params(
    chart: Chart,
    project_id: str,
    first: datetime,
    end: datetime,
    generation: Generation = CURRENT,
) -> Params:
    """The parameters that ask for whole buckets of a chart.

    Args:
        chart: The definition.
        project_id: The project.
        first: Start of the first bucket, with a zone.
        end: Start of the bucket after the last; the answer may hold that one too.
        generation: The server's.

    Returns:
        Parameters.
    """
    early = generation.draws_charts_of_2025
    # Servers before 2026-04-09 look a project up under the name as sent.
    quotes = generation.decodes_values or early
    series = [
        _series(part) | ({"id": ascii_uppercase[place]} if early else {})
        for place, part in enumerate(chart.parts)
    ]
    params = [
        ("projectId", encode_string(project_id) if quotes else project_id),
        # Servers before 2025-11-26 know the older name only.
        ("series" if generation.decodes_values else "events", encode_list(series, generation)),
        ("interval", chart.interval),
        ("startDate", _instant(first)),
        ("endDate", _instant(end)),
    ]
    if chart.breakdowns:
        named = [{"name": name} for name in chart.breakdowns]
        params.append(("breakdowns", encode_list(named, generation)))
    if chart.previous and chart.is_whole:
        params.append(("previous", "true"))
    return params


def _series(part: Series) -> dict[str, Any]:
    asked: dict[str, Any] = {"name": part.event, "segment": part.segment}
    if part.property is not None:
        asked["property"] = part.property
    filters = [parse_filter(item).to_api() for item in part.filters]
    if filters:
        asked["filters"] = filters
    return asked


def _instant(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
