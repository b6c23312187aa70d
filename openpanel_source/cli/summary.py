"""What a sync did, in the words of all commands that run one."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from openpanel_source.cli.to_paste import command_line, target_words
from openpanel_source.model.text import counted, printable

if TYPE_CHECKING:
    import dlt

    from openpanel_source.lists.verdict import ListResult
    from openpanel_source.models.make import ModelsSummary
    from openpanel_source.operations.runs.summary import ScrubSummary, SyncSummary

_WORST_SHOWN = 10


def print_summary(summary: SyncSummary) -> None:
    """Say in a few lines what a sync did and what is proven."""
    if summary.days_adopted:
        days = counted(summary.days_adopted, "day")
        click.echo(f"Took over {days} that other pipelines had loaded.")
    if summary.days_read == 0:
        click.echo(_nothing_read(summary))
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
    _print_scrub(summary.scrub)
    print_failed(summary.failed_projects)
    for name in summary.failed_charts:
        # Why was logged as soon as it was known, as a sync that fails has no summary.
        click.echo(f"CHART FAILED {printable(name)}; why is said above and in charts.error")
    print_lists(summary.lists)
    _print_left(summary)
    for record in summary.unproven[:_WORST_SHOWN]:
        click.echo(
            f"NOT VERIFIED {printable(record.project_id)} {record.day}: {record.verdict.value},"
            f" {record.rows_received:,} rows received, {record.total_count:,} counted"
        )
    if not summary.is_verified:
        click.echo("The next sync reads these days again.")


def _nothing_read(summary: SyncSummary) -> str:
    """What is said of a sync that read no day; nothing is new only where all was asked."""
    if not summary.requests:
        return "Nothing loaded: the server was not asked."
    requests = counted(summary.requests, "request")
    is_cut_short = summary.stopped or summary.stuck or summary.days_left
    if is_cut_short or (summary.scrub and summary.scrub.unread):
        return f"No day read: {requests}."
    where = " in the projects that can be read" if summary.failed_projects else ""
    loaded = "no events loaded" if summary.chart_points or summary.lists else "nothing loaded"
    return f"Nothing new{where}: {requests}, {loaded}."


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
            rows = f"; {one.rows_received:,} rows received" if one.rows_received else ""
            click.echo(f"LIST {one.verdict.value.upper()} {place}: {printable(one.reason)}{rows}")


def _print_left(summary: SyncSummary) -> None:
    if summary.stopped:
        click.echo("Stopped; run sync again to continue.")
    elif summary.stuck:
        click.echo(
            f"NOT READ {counted(summary.days_left, 'day')}: a run could read none of them; run sync"
            " again, and report it if they stay."
        )
    elif summary.days_left:
        click.echo(f"{summary.days_left:,} days are left; run sync again.")


def print_range(summary: SyncSummary) -> None:
    """Say what a sync leaves out whose first or last day was given by hand."""
    start, end = summary.start_date, summary.end_date
    read = f"from {start} on" if end is None else f"up to {end}" if start is None else ""
    left = "before" if end is None else "after" if start is None else "before and after"
    click.echo(
        f"Only days {read or f'from {start} to {end}'} were looked at, as was said for this run;"
        f" a plain sync reads those {left}, too."
    )


def _print_scrub(found: ScrubSummary | None) -> None:
    if found is None:
        return
    if found.days or found.parts:
        days = counted(found.days, "day")
        more = " and a part of another" if found.parts else ""
        click.echo(f"Listed again, and as held: {days}{more} proven longest ago.")
    read = len(found.differing) - len(found.unread)
    for count, end in (
        (read, "read again."),
        (len(found.unread), "not read yet; the next sync lists them again."),
    ):
        if count:
            old = counted(count, "old day")
            click.echo(f"The server listed other events of {old} than were held; {end}")
    if found.failure:
        failure = found.failure[0].upper() + found.failure[1:]
        click.echo(printable(failure, 4000))


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


def print_unfilled(summary: SyncSummary, pipeline: dlt.Pipeline, given: Sequence[str]) -> None:
    """Say which values columns lack that are new, and both ways to get them.

    Args:
        summary: Of the sync.
        pipeline: Where its rows are.
        given: What was given as ``--property``.
    """
    options = [*target_words(pipeline), *(f"--property {shlex.quote(text)}" for text in given)]
    keys = printable(", ".join(summary.unfilled_properties))
    click.echo(
        f"{counted(summary.unfilled_days, 'day')} loaded before lack the values of {keys}. They are"
        " in properties already; to fill the columns from there, without a download:\n"
        f"  {command_line('properties --fill', *options)}\n"
        "or, in destinations that cannot be filled so, and where privacy settings hide keys, to"
        f" read the days again:\n  {command_line('sync --reload', *options)}"
    )


def print_way_on(pipeline: dlt.Pipeline) -> None:
    """Say where the rows are, and how to ask for them, where the command can."""
    from openpanel_source.destinations.duckdb_session import file_of

    path, dataset = file_of(pipeline), pipeline.dataset_name
    destination = pipeline.destination.destination_name
    if path is None and destination != "postgres":
        click.echo(f"They are in {destination}, dataset {printable(dataset)}.")
        return
    question = f'"SELECT event_date, name FROM {dataset}.events LIMIT 10"'  # noqa: S608 - is shown
    place = printable(str(path or destination))
    click.echo(f"They are in {place}, dataset {printable(dataset)}, table events. To see some:")
    click.echo(f"  {command_line('query', *target_words(pipeline), question)}")
