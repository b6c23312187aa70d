"""The command ``sync``."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from openpanel_source.cli.group import Command
from openpanel_source.cli.options import (
    busy_option,
    deletions_option,
    given_options,
    json_option,
    last_days_option,
    listed,
    print_json,
    range_options,
    setting_option,
    source_options,
    target_options,
)
from openpanel_source.cli.progress import show_progress
from openpanel_source.cli.stopping import stop_on_signals
from openpanel_source.cli.summary import print_models, print_summary, print_way_on
from openpanel_source.errors import InvalidSettingError

if TYPE_CHECKING:
    from openpanel_source.model.table import ColumnType


@click.command(cls=Command)
@source_options
@range_options
@last_days_option
@target_options
@click.option("--max-runtime", type=float, metavar="SECONDS", help="Begin no day after that.")
@busy_option
@click.option(
    "--partition", metavar="NAME", help="Load as a partition of that name; see partitions."
)
@setting_option("reload")
@deletions_option
@setting_option("include_profiles")
@setting_option("include_event_meta")
@setting_option("lists", multiple=True, callback=listed, metavar="NAME[,NAME]")
@click.option(
    "--property",
    "properties",
    multiple=True,
    metavar="KEY=TYPE",
    help="Make a column of a key of the properties, beside those configured; repeat for several.",
)
@setting_option(
    "charts",
    type=click.Path(),
    metavar="FILE",
    help="TOML or YAML file of charts to load as well.",
)
@click.option(
    "--models/--no-models",
    default=None,
    help="Make the models, or leave them alone.  [default: bring them up to date once made]",
)
@json_option
def command(
    destination: str,
    database: str | None,
    dataset: str,
    max_runtime: float | None,
    busy_timeout: float,
    partition: str | None,
    models: bool | None,
    as_json: bool,
    project_id: tuple[str, ...],
    properties: tuple[str, ...],
    lists: tuple[str, ...],
    **settings: Any,
) -> None:
    """Load every day that is new, open or not yet proven; nothing that is complete."""
    from openpanel_source.destinations.duckdb_file import nothing_empty_left
    from openpanel_source.destinations.duckdb_session import file_of
    from openpanel_source.destinations.pipelines import PIPELINE_NAME, open_pipeline
    from openpanel_source.operations.sync import sync

    pipeline = open_pipeline(
        destination,
        database,
        dataset,
        name=PIPELINE_NAME if partition is None else partition,
        busy_timeout=busy_timeout,
    )
    given = given_options(
        project_id=list(project_id), lists=list(lists), max_runtime=max_runtime, **settings
    )
    if properties:
        given["properties"] = _given_properties(properties)
    as_lines = click.get_current_context().find_root().params["log_format"] == "json"
    with (
        nothing_empty_left(file_of(pipeline)),
        stop_on_signals() as stop,
        show_progress(as_lines=as_lines) as shown,
    ):
        summary = sync(
            pipeline,
            on_day=shown.on_day,
            on_wait=shown.on_wait,
            models=models,
            stop=stop,
            busy_timeout=busy_timeout,
            **given,
        )
    if as_json:
        print_json(summary.as_dict())
    else:
        print_summary(summary)
        if summary.models:
            print_models(summary.models)
        if summary.events_loaded:
            print_way_on(pipeline)
    sys.exit(stop.exit_code if summary.stopped else summary.exit_code)


def _given_properties(options: Sequence[str]) -> dict[str, ColumnType]:
    """The configured mapping from keys to types, and what options add to it or say otherwise.

    Args:
        options: Each ``KEY=TYPE``.

    Raises:
        InvalidSettingError: One of them is not, a key stands in two, or the configured mapping is
            none.
    """
    from openpanel_source.rows.property_columns import parse_properties
    from openpanel_source.source.configuration import configured_value

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
