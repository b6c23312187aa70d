"""Options that several commands share, and what they all print."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, TypeVar

import click

COUNT = click.IntRange(min=1)
_Command = TypeVar("_Command", bound=Callable[..., Any])


def target_options(command: _Command) -> _Command:
    """Options that say where the rows are."""
    for option in (
        click.option("--dataset", default="openpanel", show_default=True, help="Dataset (schema)."),
        click.option(
            "--database",
            type=click.Path(dir_okay=True),
            help="DuckDB file.  [default: openpanel.duckdb]",
        ),
        click.option(
            "--destination",
            default="duckdb",
            show_default=True,
            help="A dlt destination, configured through dlt.",
        ),
    ):
        command = option(command)
    return command


def source_options(command: _Command) -> _Command:
    """Options that say what is read."""
    for option in (
        click.option("--base-url", help="Root of the API, e.g. https://HOST/api."),
        click.option("--project-id", multiple=True, help="Project to read; repeat for several."),
    ):
        command = option(command)
    return command


def range_options(command: _Command) -> _Command:
    """Options that say which days, and how many at a time."""
    for option in (
        click.option("--max-days-per-run", type=int, help="Commit after that many days."),
        click.option("--max-events-per-run", type=int, help="Commit after that many events."),
        click.option("--end-date", help="Last UTC day.  [default: all there is]"),
        click.option("--start-date", help="First UTC day.  [default: the first day with events]"),
    ):
        command = option(command)
    return command


busy_option = click.option(
    "--busy-timeout",
    type=float,
    metavar="SECONDS",
    default=60.0,
    show_default=True,
    help="Wait so long for a DuckDB file that another process holds.",
)
deletions_option = click.option(
    "--allow-deletions",
    is_flag=True,
    default=None,
    help="Let much vanish here, too, that vanished upstream, or that another query had loaded.",
)
json_option = click.option(
    "--json", "as_json", is_flag=True, help="Print one JSON object to stdout."
)


def given_options(**options: Any) -> dict[str, Any]:
    """The options that were given; the others come from dlt's configuration."""
    return {name: value for name, value in options.items() if value not in (None, [])}


def print_json(value: dict[str, Any]) -> None:
    """Print the one object of ``--json``."""
    click.echo(json.dumps(value, ensure_ascii=True))
