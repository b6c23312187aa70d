"""The commands ``charts validate`` and ``charts list``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from openpanel_source.cli.options import json_option, print_json
from openpanel_source.model.text import counted, printable

if TYPE_CHECKING:
    from openpanel_source.charts.definition import Chart


@click.group()
def command() -> None:
    """Check and show the definitions of charts."""


@command.command()
@click.argument("file", type=click.Path())
def validate(file: str) -> None:
    """Check a TOML or YAML file of charts; asks no server."""
    from openpanel_source.charts.file import load_charts

    charts = load_charts(file)
    click.echo(f"{file}: {counted(len(charts), 'chart')}, all valid")


@command.command(name="list")
@click.option("--charts", "file", type=click.Path(), metavar="FILE", help="The file of charts.")
@json_option
def list_charts(file: str | None, as_json: bool) -> None:
    """Show the charts of a file, or else those of dlt's configuration."""
    from openpanel_source.charts.file import load_charts
    from openpanel_source.source.configuration import configured_value
    from openpanel_source.source.settings import parse_chart_setting

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
