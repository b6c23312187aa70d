"""The commands ``charts validate`` and ``charts list``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from openpanel_source.cli.group import Command
from openpanel_source.cli.options import json_option, print_json, target_options
from openpanel_source.errors import DestinationError, TransientError
from openpanel_source.model.text import counted, printable

if TYPE_CHECKING:
    from openpanel_source.charts.definition import Chart
    from openpanel_source.operations.loaded_charts import LoadedChart


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


@command.command(name="list", cls=Command)
@click.option("--charts", "file", type=click.Path(), metavar="FILE", help="The file of charts.")
@target_options
@json_option
def list_charts(
    file: str | None, as_json: bool, destination: str, database: str | None, dataset: str
) -> None:
    """Show the charts of a file, or else those configured, and up to when each is loaded."""
    from openpanel_source.charts.file import load_charts
    from openpanel_source.source.settings.checked import parse_chart_setting
    from openpanel_source.source.settings.configuration import configured_value

    charts = load_charts(file) if file else parse_chart_setting(configured_value("charts"))
    loaded = _loaded(destination, database, dataset)
    names = {chart.name for chart in charts}
    others = [one for one in loaded if one.name not in names]
    if as_json:
        told = [_as_dict(chart, _of(chart, loaded)) for chart in charts]
        print_json({"charts": told, "not_defined": [one.as_dict() for one in others]})
        return
    if not charts:
        click.echo("No charts: name a file with --charts, or set sources.openpanel.charts.")
    for chart in charts:
        events = ", ".join(f"{part.event} ({part.segment})" for part in chart.parts)
        by = f" by {', '.join(chart.breakdowns)}" if chart.breakdowns else ""
        click.echo(printable(f"{chart.name}: {events}{by}, each {chart.interval}", 4000))
        own = _of(chart, loaded)
        for one in own:
            again = "" if one.is_of(chart) else "; defined otherwise then, so it is read anew"
            click.echo(f"  {_reached(one)}{again}")
        if not own:
            click.echo("  not loaded yet")
    for one in others:
        click.echo(f"{printable(one.name)}: not defined here\n  {_reached(one)}")


def _loaded(destination: str, database: str | None, dataset: str) -> list[LoadedChart]:
    """What is loaded; nothing, which is said, where that cannot be told."""
    from openpanel_source.destinations.pipelines import open_to_look
    from openpanel_source.operations.loaded_charts import loaded_charts

    try:
        with open_to_look(destination, database, dataset) as pipeline:
            return loaded_charts(pipeline)
    except (DestinationError, TransientError) as error:
        click.echo(f"No charts are known to be loaded: {printable(str(error), 4000)}", err=True)
        return []


def _of(chart: Chart, loaded: Sequence[LoadedChart]) -> list[LoadedChart]:
    return [one for one in loaded if one.name == chart.name]


def _reached(one: LoadedChart) -> str:
    place = printable(one.project_id)
    error = f"; the last sync could not read it: {printable(one.error)}" if one.error else ""
    if one.until is None:
        return f"{place}: not loaded{error}"
    return f"{place}: loaded up to {one.until:%Y-%m-%d %H:%M} UTC{error}"


def _as_dict(chart: Chart, loaded: Sequence[LoadedChart]) -> dict[str, Any]:
    return {
        "name": chart.name,
        "resource": chart.resource,
        "timezone": chart.timezone,
        "lookback": chart.lookback,
        "max_series": chart.max_series,
        **chart.definition(),
        "loaded": [one.as_dict() | {"is_as_defined": one.is_of(chart)} for one in loaded],
    }
