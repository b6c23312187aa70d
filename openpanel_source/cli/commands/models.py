"""The command ``models``."""

from __future__ import annotations

import click

from openpanel_source.cli.group import Command
from openpanel_source.cli.options import busy_option, json_option, print_json, target_options
from openpanel_source.cli.summary import print_models
from openpanel_source.models.definitions import DIALECTS


@click.command(cls=Command)
@target_options
@busy_option
@click.option(
    "--timezone",
    metavar="NAME",
    help="Where days and weeks begin.  [default: as given before, or UTC]",
)
@click.option("--rebuild", is_flag=True, help="Make the tables from nothing.")
@click.option("--views", is_flag=True, help="Make views instead, which compute when asked.")
@click.option("--print", "only_print", is_flag=True, help="Print the SQL of views, make nothing.")
@click.option(
    "--dialect",
    type=click.Choice(DIALECTS),
    default="duckdb",
    show_default=True,
    help="SQL dialect for --print.",
)
@json_option
def command(
    destination: str,
    database: str | None,
    dataset: str,
    busy_timeout: float,
    timezone: str | None,
    rebuild: bool,
    views: bool,
    only_print: bool,
    dialect: str,
    as_json: bool,
) -> None:
    """Make the tables of sessions, days, pages ..., or bring them up to date.

    They are made in DuckDB and PostgreSQL, of the events that are loaded; sync keeps them up to
    date from then on.
    """
    from openpanel_source.destinations.pipelines import open_to_look
    from openpanel_source.models.make import models_script, refresh_models

    if only_print:
        click.echo(models_script(dialect, timezone=timezone, dataset=dataset))
        return
    with open_to_look(destination, database, dataset, to_write=True) as pipeline:
        summary = refresh_models(
            pipeline, rebuild=rebuild, views=views, timezone=timezone, busy_timeout=busy_timeout
        )
    if as_json:
        print_json(summary.as_dict())
    else:
        print_models(summary)
