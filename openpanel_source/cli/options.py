"""Options that several commands share, and what they all print."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

import click

from openpanel_source.errors import InvalidSettingError
from openpanel_source.source.settings.declared import DEFAULTS, meanings

COUNT = click.IntRange(min=1)
_MEANINGS = meanings()
_ELSE = "[default: as configured, else {}]"
_Command = TypeVar("_Command", bound=Callable[..., Any])


def setting_option(setting: str, **attributes: Any) -> Callable[[_Command], _Command]:
    """The option of a setting: its type and its meaning are those of the declaration.

    Args:
        setting: Its name.
        attributes: Of the option, where it is more or other than the setting.
    """
    default = DEFAULTS[setting]
    declared: dict[str, Any] = {"help": _MEANINGS.get(setting, "").replace("``", "")}
    if isinstance(default, bool):
        # What is not said comes from the configuration.
        declared |= {"is_flag": True, "default": None}
    elif isinstance(default, (int, float)):
        declared["type"] = type(default)
    return click.option(f"--{setting.replace('_', '-')}", **(declared | attributes))


def named_target_options(command: _Command) -> _Command:
    """Options that say where the rows are, as they were given."""
    for option in (
        click.option("--dataset", help=f"Dataset (schema).  {_ELSE.format('openpanel')}"),
        click.option(
            "--database",
            type=click.Path(dir_okay=True),
            help=f"DuckDB file.  {_ELSE.format('warehouse.duckdb')}",
        ),
        click.option(
            "--destination",
            help=f"A dlt destination, configured through dlt.  {_ELSE.format('duckdb')}",
        ),
    ):
        command = option(command)
    return command


def target_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """The same for a command that is given what they, or else the configuration, say."""

    @wraps(command)
    def with_target(
        destination: str | None, database: str | None, dataset: str | None, **others: Any
    ) -> Any:
        from openpanel_source.cli.target import resolved_target

        target = resolved_target(destination, database, dataset)
        return command(**target._asdict(), **others)

    return named_target_options(with_target)


def listed(_: click.Context, __: click.Parameter, given: tuple[str, ...]) -> tuple[str, ...]:
    """What an option that is repeated, or holds commas, names."""
    # An id of OpenPanel holds no comma.
    return tuple(part.strip() for text in given for part in (text.split(",") if text else [text]))


def source_options(command: _Command) -> _Command:
    """Options that say what is read."""
    for option in (
        setting_option("base_url"),
        setting_option(
            "project_id",
            multiple=True,
            callback=listed,
            help="Project to read; repeat for several, or write a,b.",
        ),
    ):
        command = option(command)
    return command


def range_options(command: _Command) -> _Command:
    """Options that say which days, and how many at a time."""
    for option in (
        setting_option("commit_seconds", metavar="SECONDS"),
        setting_option("max_days_per_run"),
        setting_option("max_events_per_run"),
        setting_option("end_date"),
        setting_option("start_date"),
    ):
        command = option(command)
    return command


last_days_option = click.option(
    "--days", type=COUNT, help="The last so many days, instead of --start-date."
)


busy_option = click.option(
    "--busy-timeout",
    type=float,
    metavar="SECONDS",
    default=60.0,
    show_default=True,
    help="Wait so long for another sync, or a process that holds the DuckDB file.",
)
deletions_option = setting_option("allow_deletions")
json_option = click.option(
    "--json", "as_json", is_flag=True, help="Print one JSON object to stdout."
)


def given_options(**options: Any) -> dict[str, Any]:
    """The options that were given; the others come from dlt's configuration."""
    given = {name: value for name, value in options.items() if value not in (None, [])}
    days = given.pop("days", None)
    if days is not None:
        if "start_date" in given:
            raise InvalidSettingError("--days and --start-date say the same; leave one out.")
        given["start_date"] = f"{days}d"
    return given


def print_json(value: dict[str, Any]) -> None:
    """Print the one object of ``--json``."""
    click.echo(json.dumps(value, ensure_ascii=True))
