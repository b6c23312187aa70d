"""The command ``explore``."""

from __future__ import annotations

import os
import webbrowser
from importlib.util import find_spec

import click

from openpanel_source.cli.group import Command
from openpanel_source.cli.options import target_options
from openpanel_source.errors import InvalidSettingError
from openpanel_source.source.settings.declared import COMMAND_SECTION


@click.command(cls=Command)
@target_options
@click.option("--port", default=0, help="Port on 127.0.0.1; 0 picks a free one.")
@click.option("--no-browser", "--headless", "is_headless", is_flag=True, help="Open no browser.")
def command(
    destination: str, database: str | None, dataset: str, port: int, is_headless: bool
) -> None:
    """Open a notebook on the warehouse in the browser: DuckDB or PostgreSQL, nothing is changed.

    Charts over time, breakdowns by any column or property, funnels, and SQL. It answers this
    machine alone, and only whoever has the address that is printed. Ctrl-C ends it.
    """
    for package in ("marimo", "altair"):
        if find_spec(package) is None:
            raise InvalidSettingError(
                f"explore needs the package {package}, which is missing; install it with pip"
                " install 'openpanel-source[explore]'."
            )
    from openpanel_source.explore.server import serve
    from openpanel_source.explore.warehouse import ExploredWarehouse

    ExploredWarehouse(destination, database, dataset).look()
    target = {"destination": destination, "database": database, "dataset": dataset}
    for name, value in target.items():
        if value is not None:
            # Where the notebook looks for them.
            os.environ[f"{COMMAND_SECTION}__{name}".upper()] = value

    def ready(address: str) -> None:
        click.echo(f"listening on {address}")
        if not is_headless:
            webbrowser.open(address)

    serve(port, ready)
