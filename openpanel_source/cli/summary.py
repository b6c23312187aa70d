"""What a sync did, as all commands say it that sync."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from openpanel_source.model.text import counted, printable

if TYPE_CHECKING:
    import dlt

    from openpanel_source.lists.verdict import ListResult
    from openpanel_source.models.make import ModelsSummary
    from openpanel_source.operations.sync import SyncSummary

_WORST_SHOWN = 10


def print_summary(summary: SyncSummary) -> None:
    """Say in a few lines what a sync did and what is proven."""
    if summary.days_adopted:
        days = counted(summary.days_adopted, "day")
        click.echo(f"Took over {days} that other pipelines had loaded.")
    if summary.days_read == 0:
        loaded = "no events loaded" if summary.chart_points else "nothing loaded"
        click.echo(f"Nothing new: {counted(summary.requests, 'request')}, {loaded}.")
    else:
        verdicts = ", ".join(f"{count} {name}" for name, count in sorted(summary.verdicts.items()))
        click.echo(
            f"Loaded {counted(summary.events_loaded, 'event')}"
            f" of {counted(summary.days_read, 'day')} ({verdicts})"
            f" in {summary.seconds:.1f} s with {counted(summary.requests, 'request')}."
        )
    for count, what in (
        (summary.rejected_rows, "rows could not be shaped; see the table rejected_events"),
        (summary.erased_rows, "rows of erased profiles were left out"),
        (summary.chart_points, "points of charts were loaded"),
    ):
        if count:
            click.echo(f"{count:,} {what}.")
    print_failed(summary.failed_projects)
    for name in summary.failed_charts:
        # Why was logged as soon as it was known, as a sync that fails has no summary.
        click.echo(f"CHART FAILED {printable(name)}; why is said above and in charts.error")
    print_lists(summary.lists)
    if summary.stopped:
        click.echo("Stopped; run sync again to continue.")
    elif summary.days_left:
        click.echo(f"{summary.days_left:,} days are left; run sync again.")
    for record in summary.unproven[:_WORST_SHOWN]:
        click.echo(
            f"NOT VERIFIED {printable(record.project_id)} {record.day}: {record.verdict.value},"
            f" {record.rows_received:,} rows received, {record.total_count:,} counted"
        )
    if not summary.is_verified:
        click.echo("The next sync reads these days again.")


def print_lists(lists: Sequence[ListResult]) -> None:
    """Say what became of what the dashboard lists."""
    whole: dict[str, int] = {}
    for one in lists:
        if one.verdict.value == "complete":
            whole[one.list_name] = whole.get(one.list_name, 0) + one.rows_received
    if whole:
        told = ", ".join(f"{rows:,} {name}" for name, rows in whole.items())
        click.echo(f"Lists: {told} (complete).")
    for one in lists:
        if one.reason is not None:
            place = f"{one.list_name} of {printable(one.project_id)}"
            rows = f", {one.rows_received:,} rows received" if one.rows_received else ""
            click.echo(f"LIST {one.verdict.value.upper()} {place}: {printable(one.reason)}{rows}")


def print_models(summary: ModelsSummary) -> None:
    """Say what has become of the models."""
    done = f"{counted(summary.days, 'day')} taken in"
    if summary.rebuilt or summary.kind == "view":
        done = f"made as {summary.kind}s"
    click.echo(f"Models: {', '.join(summary.models)}; {done} in {summary.seconds:.1f} s.")


def print_failed(reasons: dict[str, str]) -> None:
    """Say which projects failed, and why."""
    for project, reason in reasons.items():
        click.echo(f"PROJECT FAILED {printable(project)}: {printable(reason, 4000)}")


def print_way_on(pipeline: dlt.Pipeline) -> None:
    """Say where the rows are, and how to ask for them; of a DuckDB file alone."""
    from openpanel_source.cli.target import resolved_target
    from openpanel_source.destinations.duckdb_session import file_of
    from openpanel_source.destinations.pipelines import DEFAULT_DATABASE

    path, dataset = file_of(pipeline), pipeline.dataset_name
    if path is None:
        return
    options, usual = [], resolved_target()
    usual_path = Path(usual.database or DEFAULT_DATABASE).expanduser().absolute()
    if usual.destination != "duckdb" or path != usual_path:
        options += ["--database", shlex.quote(str(path))]
    if dataset != usual.dataset:
        options += ["--dataset", shlex.quote(dataset)]
    question = f"SELECT event_date, name FROM {dataset}.events LIMIT 10"  # noqa: S608 - is shown
    command = " ".join(["openpanel-source query", *options, f'"{question}"'])
    click.echo(f"They are in {printable(str(path))}, dataset {printable(dataset)}. To see some:")
    click.echo(f"  {printable(command, 2000)}")
