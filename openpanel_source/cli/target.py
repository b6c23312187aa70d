"""Where the rows are: what options say, else what the configuration says once for all commands."""

from __future__ import annotations

import os
from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any, NamedTuple

from openpanel_source.errors import InvalidSettingError
from openpanel_source.model.text import printable
from openpanel_source.source.settings.declared import COMMAND_SECTION, OF_COMMAND


class Target(NamedTuple):
    """A place for rows.

    Attributes:
        destination: Name of a dlt destination.
        database: Path of the DuckDB file; None for the default one, or another destination.
        dataset: Name of the dataset.
    """

    destination: str
    database: str | None
    dataset: str


def resolved_target(
    destination: str | None = None, database: str | None = None, dataset: str | None = None
) -> Target:
    """The place that options name; what they leave out comes from the configuration.

    Args:
        destination: An option, or None.
        database: The same; naming a DuckDB file says that the destination is DuckDB.
        dataset: The same.

    Raises:
        InvalidSettingError: What is configured is unknown, no text, or contradicts itself.
    """
    from openpanel_source.destinations.pipelines import DEFAULT_DATASET

    configured = configured_target()
    kind = configured.get("destination", "duckdb")
    if "database" in configured and kind != "duckdb":
        raise InvalidSettingError(
            f"[{COMMAND_SECTION}] names a DuckDB file as database, and the destination"
            f" {printable(kind, 100)}; take one of them out."
        )
    if destination is None:
        destination = kind if database is None else "duckdb"
    if database is None and destination == "duckdb":
        database = configured.get("database")
    if dataset is None:
        dataset = configured.get("dataset", DEFAULT_DATASET)
    return Target(destination, database, dataset)


def configured_target() -> dict[str, str]:
    """What the configuration holds, all of it known and a text."""
    import dlt
    from dlt.common.configuration.providers import EnvironProvider

    prefix = f"{COMMAND_SECTION}__".upper()
    for variable in os.environ:
        if variable.upper().startswith(prefix):
            _check(variable[len(prefix) :], variable, "in the environment", prefix, str.upper)
    for provider in dlt.config.config_providers:
        table: Any = None
        if not isinstance(provider, EnvironProvider):
            table, _ = provider.get_value(COMMAND_SECTION, Any, None)
        for key in table if isinstance(table, Mapping) else ():
            _check(key, key, f"under [{COMMAND_SECTION}] in {provider.name}", "", str)
    found: dict[str, Any] = {
        name: dlt.config.get(f"{COMMAND_SECTION}.{name}") for name in OF_COMMAND
    }
    for name, value in found.items():
        if value is not None and not (isinstance(value, str) and value.strip()):
            raise InvalidSettingError(
                f"{name} under [{COMMAND_SECTION}] must be a text that is not empty, in quotes."
            )
    return {name: value for name, value in found.items() if value is not None}


def _check(name: str, shown: str, where: str, prefix: str, spelt: Any) -> None:
    if name in map(spelt, OF_COMMAND):
        return
    near = get_close_matches(name.lower(), OF_COMMAND, n=1)
    advice = f"did you mean {prefix}{spelt(near[0])}?" if near else "take it out."
    raise InvalidSettingError(f"{printable(shown, 100)} {where} is no setting; {advice}")
