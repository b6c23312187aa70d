"""What the command properties prints."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import click
import dlt

from openpanel_source.cli.options import print_json
from openpanel_source.destinations.pipelines import destination_errors
from openpanel_source.errors import InvalidSettingError
from openpanel_source.model.table import ColumnType
from openpanel_source.model.text import printable
from openpanel_source.operations.property_survey import Survey, survey, toml_key
from openpanel_source.rows.property_columns import parse_properties
from openpanel_source.source.configuration import configured_value

_LONGEST = 40
_LEAST_SHARE = 0.01
"""Of the events looked at, that have a key worth a column."""


def given_properties(options: Sequence[str]) -> dict[str, ColumnType]:
    """The configured mapping from keys to types, and what options add to it or say otherwise.

    Args:
        options: Each ``KEY=TYPE``.

    Raises:
        InvalidSettingError: One of them is not, a key stands in two, or the configured mapping is
            none.
    """
    configured = configured_value("properties")
    given: dict[str, Any] = {}
    for option in options:
        # Types hold no =, keys may.
        key, sign, kind = option.rpartition("=")
        if not key:
            lacks = "key" if sign else "type"
            raise InvalidSettingError(
                f"--property {option!r:.100} names no {lacks}; write --property KEY=TYPE, as"
                " --property total=double."
            )
        if key in given:
            raise InvalidSettingError(f"--property names {key!r:.100} twice; give it one type.")
        given[key] = kind
    return parse_properties(configured) | given


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
