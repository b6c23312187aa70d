"""The command ``properties``."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, NoReturn

import click

from openpanel_source.cli.group import Command
from openpanel_source.cli.options import COUNT, busy_option, json_option, print_json, target_options
from openpanel_source.cli.property_option import given_properties, property_option
from openpanel_source.cli.to_paste import command_line, target_words
from openpanel_source.errors import InvalidSettingError
from openpanel_source.model.text import counted, printable

if TYPE_CHECKING:
    from openpanel_source.model.table import ColumnType
    from openpanel_source.operations.properties.survey import Survey

_LONGEST = 40
_MOST_DAYS = 10


@click.command(cls=Command)
@target_options
@click.option(
    "--limit", type=COUNT, default=100_000, show_default=True, help="Events to look at, the newest."
)
@click.option(
    "--keys", type=COUNT, default=50, show_default=True, help="Keys to show, the most frequent."
)
@click.option(
    "--event",
    "events",
    multiple=True,
    metavar="NAME",
    help="Look at events of that name only; repeat for several.",
)
@click.option(
    "--fill",
    is_flag=True,
    help="Fill the columns that are configured, on all days, from what is loaded.",
)
@property_option
@busy_option
@json_option
def command(
    destination: str,
    database: str | None,
    dataset: str,
    limit: int,
    keys: int,
    events: tuple[str, ...],
    fill: bool,
    properties: tuple[str, ...],
    busy_timeout: float,
    as_json: bool,
) -> None:
    """Show which keys the properties of loaded events have, and a mapping that makes columns.

    With --fill, fill such columns from the warehouse instead, without a download: DuckDB,
    PostgreSQL, and SQLite and others that dlt writes through sqlalchemy.
    """
    from openpanel_source.destinations.explain import destination_errors
    from openpanel_source.destinations.pipelines import open_to_look
    from openpanel_source.operations.properties.survey import survey

    if fill:
        _fill((destination, database, dataset), properties, busy_timeout, as_json=as_json)
    if properties:
        raise InvalidSettingError("--property needs --fill; add it, or give it to sync.")
    with open_to_look(destination, database, dataset) as pipeline, destination_errors():
        found = survey(pipeline, limit, events)
    if as_json:
        print_json(_as_dict(found, keys))
    else:
        _print_survey(found, keys)


def _fill(
    target: tuple[str, str | None, str],
    properties: tuple[str, ...],
    busy_timeout: float,
    *,
    as_json: bool,
) -> NoReturn:
    """Fill columns, say what was done, and exit."""
    from openpanel_source.destinations.pipelines import open_pipeline
    from openpanel_source.operations.properties.fill import fill

    pipeline = open_pipeline(*target, must_exist=True, busy_timeout=busy_timeout)
    given = {"properties": given_properties(properties)} if properties else {}
    report = fill(pipeline, busy_timeout=busy_timeout, **given)
    if as_json:
        print_json(report.as_dict())
    else:
        columns = printable(", ".join(report.columns.values()))
        click.echo(
            f"Filled {columns} of {counted(report.rows, 'row')}; looked at"
            f" {counted(report.days, 'day')}."
        )
        for key, rows in report.failed_rows.items():
            click.echo(
                f"{counted(rows, 'value')} of {printable(key)} cannot be read as its type; see the"
                " table property_failures."
            )
        reload = command_line("sync --reload", *target_words(pipeline))
        for project, day in report.left[:_MOST_DAYS]:
            click.echo(
                f"NOT FILLED {printable(project)} {day}: it holds values that are no text; run"
                f" {reload} --start-date {day} --end-date {day}"
            )
        if len(report.left) > _MOST_DAYS:
            click.echo(f"... and {len(report.left) - _MOST_DAYS:,} days more; --json has all")
    sys.exit(report.exit_code)


def _print_survey(found: Survey, most: int) -> None:
    from openpanel_source.operations.properties.survey import toml_key

    for key in found.keys[:most]:
        examples = ", ".join(printable(text, _LONGEST) for text in key.examples)
        share = key.rows / found.rows
        event, within = found.home_of(key)
        home = f"; {within:.1%} of {printable(event, _LONGEST)}" if within > share else ""
        click.echo(
            f"{printable(key.name, _LONGEST)}: {key.rows:,} rows ({share:.1%}{home}), {key.type}"
            f"{f': {examples}' if examples else ''}"
        )
    left = len(found.keys) - most
    if left > 0:
        counted = f"more than {left:,}" if found.more_keys else f"{left:,}"
        click.echo(f"... and {counted} keys more; --keys shows them")
    click.echo(
        f"{found.rows:,} events looked at. What may go into .dlt/config.toml, of keys that 1 % of"
        " them have, or 1 % of the events of a name:\n"
    )
    click.echo("[sources.openpanel.properties]")
    for name, kind in _mapping(found, most).items():
        click.echo(f'{toml_key(name)} = "{kind}"')


def _mapping(found: Survey, most: int) -> dict[str, ColumnType]:
    """What to promote, if all of it is wanted; what the SDK sends for itself is not."""
    return {
        key.name: key.type
        for key in found.keys[:most]
        if found.is_frequent(key) and not key.name.startswith("__")
    }


def _as_dict(found: Survey, most: int) -> dict[str, object]:
    return {
        "rows": found.rows,
        "keys": [
            {
                "key": key.name,
                "rows": key.rows,
                "type": key.type,
                "events": dict(key.events),
                "examples": [text[:1000] for text in key.examples],
            }
            for key in found.keys[:most]
        ],
        "more_keys": len(found.keys) > most or found.more_keys,
        "properties": _mapping(found, most),
    }
