"""What the command properties prints."""

from __future__ import annotations

from collections.abc import Sequence

import click
import dlt

from openpanel_source.cli.options import print_json
from openpanel_source.destination import destination_errors
from openpanel_source.errors import InvalidSettingError
from openpanel_source.escape import printable
from openpanel_source.promote import WEB_COLUMNS
from openpanel_source.property_survey import Survey, survey, toml_key

_LONGEST = 40
_WEB = {column.property_key for column in WEB_COLUMNS}


def given_properties(options: Sequence[str]) -> dict[str, str]:
    """Types by key, as options give them.

    Args:
        options: Each ``KEY=TYPE``.

    Raises:
        InvalidSettingError: One of them is not, or a key stands twice.
    """
    types: dict[str, str] = {}
    for option in options:
        # Types hold no =, keys may.
        key, _, kind = option.rpartition("=")
        if not key:
            raise InvalidSettingError(
                f"--property {option!r:.100} names no key or no type; write --property KEY=TYPE, as"
                " --property total=double."
            )
        if key in types:
            raise InvalidSettingError(f"--property names {key!r:.100} twice; give it one type.")
        types[key] = kind
    return types


def run_properties(pipeline: dlt.Pipeline, *, limit: int, most: int, as_json: bool) -> None:
    """Print the keys of the properties of loaded events."""
    with destination_errors():
        found = survey(pipeline, limit)
    if as_json:
        print_json(_as_dict(found, most))
        return
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
    click.echo(f"{found.rows:,} events looked at. What may go into .dlt/config.toml:\n")
    click.echo("[sources.openpanel.properties]")
    for name, kind in _mapping(found, most).items():
        click.echo(f'{toml_key(name)} = "{kind}"')


def _mapping(found: Survey, most: int) -> dict[str, str]:
    """What to promote, if all of it is wanted; web columns are without that."""
    return {key.name: key.type for key in found.keys[:most] if key.name not in _WEB}


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
