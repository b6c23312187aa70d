"""The option ``--property``: keys of the properties that get a column."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from openpanel_source.errors import InvalidSettingError

if TYPE_CHECKING:
    from openpanel_source.model.table import ColumnType

property_option = click.option(
    "--property",
    "properties",
    multiple=True,
    metavar="KEY=TYPE",
    help="Make a column of a key of the properties, beside those configured; repeat for several.",
)


def given_properties(options: Sequence[str]) -> dict[str, ColumnType]:
    """The configured mapping from keys to types, and what options add to it or say otherwise.

    Args:
        options: Each ``KEY=TYPE``.

    Raises:
        InvalidSettingError: One of them is not, a key stands in two, or the configured mapping is
            none.
    """
    from openpanel_source.rows.property_columns import parse_properties
    from openpanel_source.source.settings.configuration import configured_value

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
