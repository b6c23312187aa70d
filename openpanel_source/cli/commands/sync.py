"""The command ``sync``."""

from __future__ import annotations

import sys
from typing import Any

import click

from openpanel_source.cli.group import Command, progress_wanted
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
from openpanel_source.cli.property_option import given_properties, property_option
from openpanel_source.cli.stopping import stop_on_signals
from openpanel_source.cli.summary import (
    print_models,
    print_range,
    print_summary,
    print_unfilled,
    print_way_on,
)


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
@property_option
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
@click.option(
    "--report",
    "report_file",
    type=click.Path(),
    metavar="FILE",
    help="Write a report there afterwards; see the command report.",
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
    report_file: str | None,
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
    from openpanel_source.destinations.waiting import waiting_once
    from openpanel_source.operations.housekeeping import remove_unused, show_to_dlt
    from openpanel_source.operations.sync import sync

    click.get_current_context().with_resource(waiting_once())
    pipeline = open_pipeline(
        destination,
        database,
        dataset,
        name=PIPELINE_NAME if partition is None else partition,
        busy_timeout=busy_timeout,
    )
    if report_file is not None:
        from openpanel_source.report.output import check_output
        from openpanel_source.report.warehouse import check_reportable

        check_reportable(pipeline)
        check_output(report_file, force=False)
    show_to_dlt(pipeline)
    given = given_options(
        project_id=list(project_id), lists=list(lists), max_runtime=max_runtime, **settings
    )
    if properties:
        given["properties"] = given_properties(properties)
    with (
        nothing_empty_left(file_of(pipeline)),
        stop_on_signals() as stop,
    ):
        summary = sync(
            pipeline,
            progress=progress_wanted(),
            models=models,
            stop=stop,
            busy_timeout=busy_timeout,
            **given,
        )
    remove_unused(pipeline)
    if as_json:
        print_json(summary.as_dict())
    else:
        print_summary(summary)
        if partition is None and not {"start_date", "end_date"}.isdisjoint(given):
            print_range(summary)
        if summary.unfilled_days:
            print_unfilled(summary, pipeline, properties)
        if summary.models:
            print_models(summary.models)
        if summary.events_loaded:
            print_way_on(pipeline)
    if report_file is not None and not summary.stopped:
        from openpanel_source.cli.commands.report import print_report
        from openpanel_source.report.create import create_report

        report = create_report(pipeline, report_file, busy_timeout=busy_timeout)
        if not as_json:
            print_report(report)
    sys.exit(stop.exit_code if summary.stopped else summary.exit_code)
