"""What check, sync and status print."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

import click
import dlt

from openpanel_source.api.failed_projects import FailedProjects
from openpanel_source.cli.logs import PROGRESS
from openpanel_source.cli.options import print_json
from openpanel_source.cli.progress import show_progress
from openpanel_source.cli.stopping import stop_on_signals
from openpanel_source.cli.views import check_views, make_views
from openpanel_source.destinations.pipelines import destination_errors
from openpanel_source.model.text import printable
from openpanel_source.operations.audit import audit
from openpanel_source.operations.check import Finding, check
from openpanel_source.operations.erase import erase
from openpanel_source.operations.partitions import partitions
from openpanel_source.operations.status import ProjectStatus, read_status
from openpanel_source.operations.sync import SyncSummary, sync
from openpanel_source.source.configuration import Found, found_settings
from openpanel_source.source.source import configured

logger = logging.getLogger(PROGRESS)

_WORST_SHOWN = 10
_MOST_SHOWN = 50


def run_sync(
    pipeline: dlt.Pipeline, given: dict[str, Any], *, with_views: bool = False, as_json: bool
) -> int:
    """Sync with progress, make views if asked to, print the summary; returns the exit code."""
    if with_views:
        check_views(pipeline)
    as_lines = click.get_current_context().find_root().params["log_format"] == "json"
    with stop_on_signals() as stop, show_progress(as_lines=as_lines) as on_day:
        summary = sync(pipeline, on_day=on_day, stop=stop, **given)
    if as_json:
        print_json(summary.as_dict())
    else:
        print_summary(summary)
    if with_views and not summary.stopped:
        make_views(pipeline, busy_timeout=given["busy_timeout"], silent=as_json)
    return stop.exit_code if summary.stopped else summary.exit_code


def run_partitions(given: dict[str, Any], *, as_json: bool) -> int:
    """Print the pieces of a backfill; returns the exit code."""
    failed = FailedProjects()
    pieces = partitions(failed=failed, **given)
    exit_code = 1 if failed else 0
    if as_json:
        reasons = failed.reasons()
        print_json(
            {"partitions": [piece.as_dict() for piece in pieces], "failed_projects": reasons}
        )
        return exit_code
    for piece in pieces:
        click.echo(
            f"{piece.name}: {printable(piece.project_id)} {piece.start} to {piece.end},"
            f" {piece.events:,} events"
        )
    _print_failed(failed.reasons())
    return exit_code


def _print_failed(reasons: dict[str, str]) -> None:
    for project, reason in reasons.items():
        click.echo(f"PROJECT FAILED {printable(project)}: {printable(reason, 4000)}")


def print_summary(summary: SyncSummary) -> None:
    """Say in a few lines what a sync did and what is proven."""
    if summary.days_adopted:
        click.echo(f"Took over {summary.days_adopted:,} days that other pipelines had loaded.")
    if summary.days_read == 0:
        loaded = "no events loaded" if summary.chart_points else "nothing loaded"
        click.echo(f"Nothing new: {summary.requests} requests, {loaded}.")
    else:
        verdicts = ", ".join(f"{count} {name}" for name, count in sorted(summary.verdicts.items()))
        click.echo(
            f"Loaded {summary.events_loaded:,} events of {summary.days_read:,} days"
            f" ({verdicts}) in {summary.seconds:.1f} s with {summary.requests:,} requests."
        )
    for count, what in (
        (summary.rejected_rows, "rows could not be shaped; see the table rejected_events"),
        (summary.erased_rows, "rows of erased profiles were left out"),
        (summary.chart_points, "points of charts were loaded"),
    ):
        if count:
            click.echo(f"{count:,} {what}.")
    _print_failed(summary.failed_projects)
    for name in summary.failed_charts:
        # Why was logged as soon as it was known, as a sync that fails has no summary.
        click.echo(f"CHART FAILED {printable(name)}; why is said above and in charts.error")
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


def run_check(given: dict[str, Any], *, as_json: bool) -> int:
    """Print what a check found; returns the exit code of the first failure."""
    with destination_errors():
        client, settings = configured(**given)
        # An address that is refused may hold a password.
        origins = [_origin(found) for found in found_settings(given)]
    if not as_json:
        for setting in origins:
            click.echo(printable("{name}: {value} ({origin})".format_map(setting), 1000))
    logger.info("asking %s; what fails is tried again for a while", client.base_url)
    findings = []
    with client:
        for finding in check(client, settings):
            findings.append(finding)
            if not as_json:
                _print_finding(finding)
    errors = [finding.error for finding in findings if finding.error]
    if as_json:
        print_json(
            {
                "ok": not errors,
                "settings": origins,
                "findings": [
                    {
                        "name": finding.name,
                        "result": finding.result,
                        "error": str(finding.error) if finding.error else None,
                    }
                    for finding in findings
                ],
            }
        )
    return errors[0].exit_code if errors else 0


def _origin(found: Found) -> dict[str, str]:
    """What a setting is and where it came from, without secrets."""
    return {
        "name": found.name,
        "value": "***" if found.is_secret else printable(f"{found.value}"),
        "origin": f"--{found.name.replace('_', '-')}" if found.is_argument else found.origin,
    }


def _print_finding(finding: Finding) -> None:
    sign = "FAIL" if finding.error else "ok"
    click.echo(f"{sign:4}  {printable(finding.name)}: {printable(finding.result)}")
    if finding.error:
        click.echo(f"      {printable(str(finding.error), 4000)}")


def run_erase(
    pipeline: dlt.Pipeline, given: dict[str, Any], profiles: Sequence[str], *, as_json: bool
) -> int:
    """Erase profiles and print what became of their days; returns the exit code."""
    with stop_on_signals() as stop:
        report = erase(pipeline, profiles, stop=stop, **given)
    exit_code = stop.exit_code if report.stopped else report.exit_code
    if as_json:
        print_json(report.as_dict())
        return exit_code
    if report.sync is not None:
        print_summary(report.sync)
    click.echo(f"{len(report.days):,} days held the profiles, {len(report.left):,} still do.")
    if report.profiles:
        click.echo(f"{report.profiles:,} rows of profiles were deleted.")
    for project, day in report.left[:_MOST_SHOWN]:
        click.echo(f"NOT ERASED {printable(project)} {day}: not configured, or not verified")
    return exit_code


def run_status(pipeline: dlt.Pipeline, *, as_json: bool) -> None:
    """Print what the warehouse holds."""
    projects = read_status(pipeline)
    if as_json:
        print_json({"projects": [project.as_dict() for project in projects]})
        return
    for project in projects:
        _print_project(project)


def _print_project(project: ProjectStatus) -> None:
    verdicts = ", ".join(f"{count} {name}" for name, count in sorted(project.verdicts.items()))
    newest = f"{project.newest_event:%Y-%m-%d %H:%M:%S} UTC" if project.newest_event else "none"
    click.echo(f"{printable(project.project_id)}: {project.events:,} events, newest {newest}")
    if project.first_day:
        click.echo(f"  days {project.first_day} to {project.last_day}: {verdicts}")
    if project.last_read:
        click.echo(f"  last read {project.last_read:%Y-%m-%d %H:%M:%S} UTC")
    if project.rejected_rows:
        click.echo(f"  {project.rejected_rows:,} rows in rejected_events")
    for day in project.unproven_days[:_WORST_SHOWN]:
        click.echo(f"  not verified: {day}")
    click.echo(f"  the next sync {_next_sync(project)}")


def _next_sync(project: ProjectStatus) -> str:
    """What a sync would do, as far as the warehouse tells."""
    parts = []
    if project.unproven_days:
        parts.append(f"reads {len(project.unproven_days)} days again that are not verified")
    if project.open_days:
        parts.append(f"counts {len(project.open_days)} open days and reads those that changed")
    after = f" after {project.last_day}" if project.last_day else ""
    parts.append(f"reads days{after}, and any whose count has changed")
    return "; ".join(parts)


def run_audit(
    pipeline: dlt.Pipeline, given: dict[str, Any], *, deep: bool, repair: bool, as_json: bool
) -> int:
    """Audit and print what differs; returns the exit code."""
    with stop_on_signals() as stop:
        report = audit(pipeline, deep=deep, repair=repair, stop=stop, **given)
    exit_code = stop.exit_code if report.stopped else report.exit_code
    if as_json:
        print_json(report.as_dict())
        return exit_code
    for item in report.differences[:_MOST_SHOWN]:
        counted = "never" if item.ledger is None else f"{item.ledger:,}"
        click.echo(
            f"{'DIFFERS' if item.is_damage else 'pending'}  {printable(item.project_id)}"
            f" {item.day}: {item.problem} (counted when read: {counted}, held: {item.held:,})"
        )
    if len(report.differences) > _MOST_SHOWN:
        click.echo(f"... and {len(report.differences) - _MOST_SHOWN:,} days more; --json has all")
    _print_failed(report.failed_projects)
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
    return exit_code
