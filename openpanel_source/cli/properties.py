"""The command ``properties``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from openpanel_source.cli.group import Command
from openpanel_source.cli.options import COUNT, json_option, print_json, target_options
from openpanel_source.model.text import printable

if TYPE_CHECKING:
    from openpanel_source.model.table import ColumnType
    from openpanel_source.operations.properties.survey import Survey

_LONGEST = 40
_LEAST_SHARE = 0.01
"""Of the events looked at, that have a key worth a column."""


@click.command(cls=Command)
@target_options
@click.option(
    "--limit", type=COUNT, default=100_000, show_default=True, help="Events to look at, the newest."
)
@click.option(
    "--keys", type=COUNT, default=50, show_default=True, help="Keys to show, the most frequent."
)
@json_option
def command(
    destination: str, database: str | None, dataset: str, limit: int, keys: int, as_json: bool
) -> None:
    """Show which keys the properties of loaded events have, and a mapping that makes columns."""
    from openpanel_source.destinations.explain import destination_errors
    from openpanel_source.destinations.pipelines import open_to_look
    from openpanel_source.operations.properties.survey import survey

    with open_to_look(destination, database, dataset) as pipeline, destination_errors():
        found = survey(pipeline, limit)
    if as_json:
        print_json(_as_dict(found, keys))
    else:
        _print_survey(found, keys)


def _print_survey(found: Survey, most: int) -> None:
    from openpanel_source.operations.properties.survey import toml_key

    for key in found.keys[:most]:
        examples = ", ".join(printable(text, _LONGEST) for text in key.examples)
        share = 100 * key.rows / found.rows
        click.echo(
            f"{printable(key.name, _LONGEST)}: {key.rows:,} rows ({share:.1f} %), {key.type}"
            f"{f': {examples}' if examples else ''}"
        )
    left = len(found.keys) - most
    if left > 0:
        counted = f"more than {left:,}" if found.more_keys else f"{left:,}"
        click.echo(f"... and {counted} keys more; --keys shows them")
    click.echo(
        f"{found.rows:,} events looked at. What may go into .dlt/config.toml, of keys that"
        f" {_LEAST_SHARE:.0%} of them have:\n"
    )
    click.echo("[sources.openpanel.properties]")
    for name, kind in _mapping(found, most).items():
        click.echo(f'{toml_key(name)} = "{kind}"')


def _mapping(found: Survey, most: int) -> dict[str, ColumnType]:
    """What to promote, if all of it is wanted; what the SDK sends for itself is not."""
    return {
        key.name: key.type
        for key in found.keys[:most]
        if key.rows >= _LEAST_SHARE * found.rows and not key.name.startswith("__")
    }


def _as_dict(found: Survey, most: int) -> dict[str, object]:
    return {
        "rows": found.rows,
        "keys": [
            {
                "key": key.name,
                "rows": key.rows,
                "type": key.type,
                "examples": [text[:1000] for text in key.examples],
            }
            for key in found.keys[:most]
        ],
        "more_keys": len(found.keys) > most or found.more_keys,
        "properties": _mapping(found, most),
    }
