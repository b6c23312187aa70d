"""The command ``partitions``."""

from __future__ import annotations

import sys
from typing import Any

import click

from openpanel_source.cli.group import Command, progress_wanted
from openpanel_source.cli.options import (
    given_options,
    json_option,
    print_json,
    setting_option,
    source_options,
)
from openpanel_source.cli.summary import print_failed
from openpanel_source.model.text import printable


@click.command(cls=Command)
@source_options
@setting_option("start_date")
@setting_option("end_date", help="Last UTC day, inclusive; yesterday when left out.")
@click.option("--events-per-partition", type=int, help="Size of a partition.  [default: 500,000]")
@click.option("--count", type=int, help="About how many partitions to make, instead.")
@json_option
def command(as_json: bool, project_id: tuple[str, ...], **settings: Any) -> None:
    """Cut a backfill into partitions of about equal size, for several workers to load."""
    from openpanel_source.api.failed_projects import FailedProjects
    from openpanel_source.operations.partitions import partitions

    failed = FailedProjects()
    given = given_options(project_id=list(project_id), **settings)
    found = partitions(failed=failed, progress=bool(progress_wanted()), **given)
    reasons = failed.reasons()
    if as_json:
        print_json({"partitions": [one.as_dict() for one in found], "failed_projects": reasons})
    else:
        for one in found:
            click.echo(
                f"{one.name}: {printable(one.project_id)} {one.start} to {one.end},"
                f" {one.events:,} events"
            )
        print_failed(reasons)
    sys.exit(1 if failed else 0)
