"""The command ``erase``."""

from __future__ import annotations

import sys
from typing import Any

import click

from openpanel_source.cli.group import Command
from openpanel_source.cli.options import (
    busy_option,
    deletions_option,
    given_options,
    json_option,
    print_json,
    source_options,
    target_options,
)
from openpanel_source.cli.stopping import stop_on_signals
from openpanel_source.cli.summary import print_summary
from openpanel_source.model.text import counted, printable

_MOST_SHOWN = 50


@click.command(cls=Command)
@click.argument("profiles", nargs=-1, required=True, metavar="PROFILE...")
@source_options
@target_options
@deletions_option
@busy_option
@json_option
def command(
    profiles: tuple[str, ...],
    destination: str,
    database: str | None,
    dataset: str,
    as_json: bool,
    project_id: tuple[str, ...],
    **settings: Any,
) -> None:
    """Read the days that hold a profile again without it, and everything that is new.

    PROFILE is the id of a profile or a device, or its hash, that stands in erased_profiles.
    """
    from openpanel_source.destinations.pipelines import open_pipeline
    from openpanel_source.destinations.waiting import waiting_once
    from openpanel_source.operations.erase import erase

    click.get_current_context().with_resource(waiting_once())
    pipeline = open_pipeline(
        *(destination, database, dataset),
        must_exist=True,
        busy_timeout=settings["busy_timeout"],
    )
    given = given_options(project_id=list(project_id), **settings)
    with stop_on_signals() as stop:
        report = erase(pipeline, profiles, stop=stop, **given)
    if as_json:
        print_json(report.as_dict())
    else:
        if report.sync is not None:
            print_summary(report.sync)
        click.echo(
            f"{counted(len(report.days), 'day')} held the profiles, {len(report.left):,} still do."
        )
        if report.profiles:
            click.echo(f"{report.profiles:,} rows of profiles were deleted.")
        for project, day in report.left[:_MOST_SHOWN]:
            click.echo(f"NOT ERASED {printable(project)} {day}: not configured, or not verified")
    sys.exit(stop.exit_code if report.stopped else report.exit_code)
