"""The command ``views``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from openpanel_source.cli.group import Command
from openpanel_source.cli.options import json_option, print_json, target_options
from openpanel_source.views.render import DIALECTS

if TYPE_CHECKING:
    import dlt


@click.command(cls=Command)
@target_options
@click.option(
    "--timezone",
    metavar="NAME",
    help="Where days and weeks begin.  [default: as given before, or UTC]",
)
@click.option("--print", "only_print", is_flag=True, help="Print their SQL, and make nothing.")
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
    timezone: str | None,
    only_print: bool,
    dialect: str,
    as_json: bool,
) -> None:
    """Create the views of sessions, days, pages ... beside the tables, in DuckDB or PostgreSQL."""
    from openpanel_source.destinations.pipelines import open_to_look
    from openpanel_source.views.create import create_views, views_script

    if only_print:
        click.echo(views_script(dialect, timezone=timezone, dataset=dataset))
        return
    with open_to_look(destination, database, dataset, to_write=True) as pipeline:
        names = create_views(pipeline, timezone=timezone)
    if as_json:
        print_json({"views": names})
    else:
        _say(names)


def make_views(pipeline: dlt.Pipeline, *, busy_timeout: float = 60.0, silent: bool = False) -> None:
    """Make the views after a sync and say so.

    Raises:
        OpenPanelError: They cannot be made.
    """
    from openpanel_source.views.create import create_views

    names = create_views(pipeline, busy_timeout=busy_timeout)
    if not silent:
        _say(names)


def _say(names: list[str]) -> None:
    click.echo(f"Views: {', '.join(names)}.")
