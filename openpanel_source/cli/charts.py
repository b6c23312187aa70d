"""What the commands about charts print."""

from __future__ import annotations

from typing import Any

import click

from openpanel_source.charts.definition import Chart
from openpanel_source.charts.file import load_charts
from openpanel_source.cli.options import print_json
from openpanel_source.model.text import printable
from openpanel_source.source.configuration import configured_value
from openpanel_source.source.settings import parse_chart_setting


def run_validate(file: str) -> None:
    """Check a file of charts.

    Raises:
        InvalidSettingError: A definition is not allowed; the message names it.
    """
    charts = load_charts(file)
    click.echo(f"{file}: {len(charts)} charts, all valid")


def run_list(file: str | None, *, as_json: bool) -> None:
    """Show the charts of a file, or of the configuration.

    Raises:
        InvalidSettingError: A definition is not allowed.
    """
    charts = load_charts(file) if file else parse_chart_setting(configured_value("charts"))
    if as_json:
        print_json({"charts": [_as_dict(chart) for chart in charts]})
        return
    if not charts:
        click.echo("No charts: name a file with --charts, or set sources.openpanel.charts.")
    for chart in charts:
        events = ", ".join(f"{part.event} ({part.segment})" for part in chart.parts)
        by = f" by {', '.join(chart.breakdowns)}" if chart.breakdowns else ""
        click.echo(printable(f"{chart.name}: {events}{by}, each {chart.interval}", 4000))


def _as_dict(chart: Chart) -> dict[str, Any]:
    return {
        "name": chart.name,
        "resource": chart.resource,
        "timezone": chart.timezone,
        "lookback": chart.lookback,
        "max_series": chart.max_series,
        **chart.definition(),
    }
