"""The command ``audit``."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from openpanel_source.cli.group import Command, progress_wanted
from openpanel_source.cli.options import (
    COUNT,
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
from openpanel_source.cli.to_paste import command_line, target_words
from openpanel_source.errors import InvalidSettingError
from openpanel_source.model.text import counted, printable

if TYPE_CHECKING:
    from openpanel_source.operations.audit import AuditReport, Difference
    from openpanel_source.operations.values.report import ValueReport

_MOST_SHOWN = 50


@click.command(cls=Command)
@source_options
@range_options
@target_options
@click.option("--deep", is_flag=True, help="Count every day alone.")
@click.option("--repair", is_flag=True, help="Read the days that differ again.")
@click.option("--values", is_flag=True, help="Compare every value of some days, too.")
@click.option("--sample", type=COUNT, help="So many days, at random; 5 by default.")
@click.option(
    "--days",
    metavar="N|FROM..TO",
    help="The last so many days; with --values, those to compare.",
)
@click.option("--all", "every", is_flag=True, help="All days instead.")
@click.option("--seed", type=int, help="Choose the days as a run with this number did.")
@click.option("--diff", metavar="FILE", help="Write all values that differ; .parquet or .csv.")
@deletions_option
@busy_option
@json_option
def command(
    destination: str,
    database: str | None,
    dataset: str,
    deep: bool,
    repair: bool,
    values: bool,
    sample: int | None,
    days: str | None,
    every: bool,
    seed: int | None,
    diff: str | None,
    as_json: bool,
    project_id: tuple[str, ...],
    **settings: Any,
) -> None:
    """Count source against warehouse, day by day, and name what differs."""
    from openpanel_source.destinations.pipelines import open_pipeline
    from openpanel_source.destinations.waiting import waiting_once
    from openpanel_source.operations.audit import audit
    from openpanel_source.operations.values.choose_days import choice_of
    from openpanel_source.operations.values.difference_file import writing

    if not values and (every or diff or sample or seed is not None):
        raise InvalidSettingError("--sample, --all, --seed and --diff need --values; add it.")
    if not values and days is not None:
        if not (days.isdecimal() and int(days)):
            raise InvalidSettingError(
                f"--days is {days!r:.50}; write a number of days, or FROM..TO with --values."
            )
        settings["days"] = int(days)
    wanted = choice_of(sample, days, seed, every=every) if values else None
    click.get_current_context().with_resource(waiting_once())
    pipeline = open_pipeline(
        *(destination, database, dataset),
        must_exist=True,
        to_write=repair,
        busy_timeout=settings["busy_timeout"],
    )
    given = given_options(project_id=list(project_id), **settings)
    with stop_on_signals() as stop, writing(diff) as sink:
        report = audit(
            pipeline,
            deep=deep,
            repair=repair,
            values=wanted,
            progress=progress_wanted(),
            on_difference=sink,
            stop=stop,
            **given,
        )
    if as_json:
        print_json(report.as_dict())
    else:
        _print_report(report, target_words(pipeline))
    left = report.values.left if report.values else None
    if left is not None and not left.is_equal:
        _write_reproduction(left, pipeline.destination.destination_name)
    sys.exit(stop.exit_code if report.stopped else report.exit_code)


def in_ranges(differences: list[Difference]) -> Iterator[list[Difference]]:
    """Days of a project that follow each other, newest first, with the same problem."""
    days: list[Difference] = []
    for item in differences:
        if days and not _continues(days[-1], item):
            yield days
            days = []
        days.append(item)
    if days:
        yield days


def _continues(newer: Difference, item: Difference) -> bool:
    same = (newer.project_id, newer.problem, newer.is_damage)
    return newer.day - item.day == timedelta(days=1) and same == (
        *(item.project_id, item.problem, item.is_damage),
    )


def _print_range(days: list[Difference]) -> None:
    newest, oldest = days[0], days[-1]
    known = [item.ledger for item in days if item.ledger is not None]
    counted = f"{sum(known):,}" if known else "never"
    span = f"{newest.day}" if len(days) == 1 else f"{oldest.day} to {newest.day}"
    held = sum(item.held for item in days)
    click.echo(
        f"{'DIFFERS' if newest.is_damage else 'pending'}  {printable(newest.project_id)} {span}:"
        f" {newest.problem} (counted when read: {counted}, held: {held:,})"
    )


def _print_report(report: AuditReport, target: list[str]) -> None:
    ranges = list(in_ranges(report.differences))
    for days in ranges[:_MOST_SHOWN]:
        _print_range(days)
    left = sum(map(len, ranges[_MOST_SHOWN:]))
    if left:
        click.echo(f"... and {left:,} days more; --json has all")
    print_failed(report.failed_projects)
    damaged = sum(item.is_damage for item in report.differences)
    pending = len(report.differences) - damaged
    click.echo(
        f"{counted(report.days, 'day')} audited with {counted(report.requests, 'request')}:"
        f" {damaged:,} differ, {pending:,} wait for the next sync."
    )
    if report.values is not None:
        _print_values(report.values)
    if report.repair is not None:
        print_summary(report.repair)
    elif report.stopped:
        click.echo("Stopped before all was counted; run it again.")
    elif report.values is not None and report.values.differing:
        found = sorted(day for _, day in report.values.differing)
        options = f"--values --days {found[0]}..{found[-1]} --repair"
        click.echo(f"To read them again: {command_line('audit', *target, options)}")
    elif damaged:
        click.echo(f"To read them again: {command_line('audit', *target, '--repair')}")


def _print_values(report: ValueReport) -> None:
    for item in report.differences:
        where = f"{printable(item.project_id)} {item.day} {printable(item.id)}"
        click.echo(
            f"DIFFERS  {where}: {item.kind}, {item.column}"
            f" (server: {_shown(item.server)}, held: {_shown(item.held)})"
        )
    for what, count in sorted(report.kinds.items()):
        click.echo(f"{count:,} x {what}")
    for project, day, why in report.skipped:
        click.echo(f"NOT COMPARED IN FULL  {printable(project)} {day}: {why}")
    seed = "" if report.seed is None else f" (--seed {report.seed})"
    click.echo(
        f"{counted(report.fields, 'value')} of {counted(report.rows, 'row')}"
        f" of {counted(report.days, 'day')} compared{seed}:"
        f" {sum(report.kinds.values()):,} differ, on {counted(len(report.differing), 'day')}."
    )
    if report.left is not None:
        _print_left(report.left)


def _print_left(left: ValueReport) -> None:
    if left.is_equal:
        click.echo("These days were read again, and are equal now.")
        return
    click.echo("These days were read again, and differ still: that is a mistake of this package.")
    _print_values(left)


def _write_reproduction(left: ValueReport, destination: str) -> None:
    from openpanel_source.operations.values.reproduction import write_reproduction

    path = Path("openpanel-source-reproduction.json").absolute()
    try:
        write_reproduction(left, destination, path)
    except OSError as error:
        click.echo(f"What to report could not be written to {path}: {error.strerror}.", err=True)
        return
    click.echo(
        f"Please report it with {printable(str(path))}, which holds shapes of values, not values.",
        err=True,
    )


def _shown(value: str | None) -> str:
    return "null" if value is None else printable(repr(value), 200)
