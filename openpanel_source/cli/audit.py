"""The command ``audit``."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from openpanel_source.cli.group import Command
from openpanel_source.cli.options import (
    busy_option,
    deletions_option,
    given_options,
    json_option,
    print_json,
    range_options,
    source_options,
    target_options,
)
from openpanel_source.cli.stopping import stop_on_signals
from openpanel_source.cli.summary import print_failed, print_summary
from openpanel_source.model.text import printable

if TYPE_CHECKING:
    from openpanel_source.operations.audit import AuditReport

_MOST_SHOWN = 50


@click.command(cls=Command)
@source_options
@range_options
@target_options
@click.option("--deep", is_flag=True, help="Count every day alone.")
@click.option("--repair", is_flag=True, help="Read the days that differ again.")
@deletions_option
@busy_option
@json_option
def command(
    destination: str,
    database: str | None,
    dataset: str,
    deep: bool,
    repair: bool,
    as_json: bool,
    project_id: tuple[str, ...],
    **settings: Any,
) -> None:
    """Count source against warehouse, day by day, and name what differs."""
    from openpanel_source.destinations.pipelines import open_pipeline
    from openpanel_source.operations.audit import audit

    pipeline = open_pipeline(
        *(destination, database, dataset),
        must_exist=True,
        to_write=repair,
        busy_timeout=settings["busy_timeout"],
    )
    given = given_options(project_id=list(project_id), **settings)
    with stop_on_signals() as stop:
        report = audit(pipeline, deep=deep, repair=repair, stop=stop, **given)
    if as_json:
        print_json(report.as_dict())
    else:
        _print_report(report)
    sys.exit(stop.exit_code if report.stopped else report.exit_code)


def _print_report(report: AuditReport) -> None:
    for item in report.differences[:_MOST_SHOWN]:
        counted = "never" if item.ledger is None else f"{item.ledger:,}"
        click.echo(
            f"{'DIFFERS' if item.is_damage else 'pending'}  {printable(item.project_id)}"
            f" {item.day}: {item.problem} (counted when read: {counted}, held: {item.held:,})"
        )
    if len(report.differences) > _MOST_SHOWN:
        click.echo(f"... and {len(report.differences) - _MOST_SHOWN:,} days more; --json has all")
    print_failed(report.failed_projects)
    damaged = sum(item.is_damage for item in report.differences)
    pending = len(report.differences) - damaged
    click.echo(
        f"{report.days:,} days audited with {report.requests:,} requests: {damaged:,} differ,"
        f" {pending:,} wait for the next sync."
    )
    if report.repair is not None:
        print_summary(report.repair)
    elif report.stopped:
        click.echo("Stopped before all was counted; run it again.")
    elif damaged:
        click.echo("Run openpanel-source audit --repair to read them again.")
