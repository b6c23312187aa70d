"""The command ``status``."""

from __future__ import annotations

import sys
from datetime import datetime
from typing import TYPE_CHECKING

import click

from openpanel_source.cli.group import Command
from openpanel_source.cli.options import json_option, print_json, target_options
from openpanel_source.cli.to_paste import command_line, target_words
from openpanel_source.model.clock import utc_now
from openpanel_source.model.text import counted, printable

if TYPE_CHECKING:
    from openpanel_source.operations.scrub.queue import Outlook
    from openpanel_source.operations.status import ProjectStatus

_WORST_SHOWN = 10


@click.command(cls=Command)
@target_options
@json_option
def command(destination: str, database: str | None, dataset: str, as_json: bool) -> None:
    """Show freshness, days and verdicts of what was loaded, from the warehouse alone.

    Exits with 3 if a day is not verified, or holds other rows than were loaded.
    """
    from openpanel_source.destinations.pipelines import open_to_look
    from openpanel_source.operations.status import read_status
    from openpanel_source.operations.stored_size import stored_bytes

    with open_to_look(destination, database, dataset) as pipeline:
        projects, size = read_status(pipeline), stored_bytes(pipeline)
        again = command_line("sync", *target_words(pipeline))
    is_verified = all(project.is_verified for project in projects)
    if as_json:
        told = [project.as_dict() for project in projects]
        print_json({"projects": told, "stored_bytes": size, "verified": is_verified})
    else:
        for project in projects:
            _print_project(project)
        if size is not None:
            click.echo(f"{size / 1_000_000:,.1f} MB are stored.")
        if not is_verified:
            click.echo(f"To read again what differs or is not verified: {again}")
    sys.exit(0 if is_verified else 3)


def _print_project(project: ProjectStatus) -> None:
    verdicts = ", ".join(f"{count} {name}" for name, count in sorted(project.verdicts.items()))
    newest = f"{project.newest_event:%Y-%m-%d %H:%M:%S} UTC" if project.newest_event else "none"
    click.echo(
        f"{printable(project.project_id)}: {counted(project.events, 'event')}, newest {newest}"
    )
    if project.first_day:
        click.echo(f"  days {project.first_day} to {project.last_day}: {verdicts}")
    if project.last_read:
        click.echo(
            f"  last read {project.last_read:%Y-%m-%d %H:%M:%S} UTC{_ago(project.last_read)}"
        )
    if project.proofs:
        click.echo(f"  {_proofs(project.proofs)}")
    if project.rejected_rows:
        click.echo(f"  {project.rejected_rows:,} rows in rejected_events")
    for day in project.unproven_days[:_WORST_SHOWN]:
        click.echo(f"  not verified: {day}")
    for item in project.differing_days[:_WORST_SHOWN]:
        click.echo(
            f"  DIFFERS {item.day}: {counted(item.recorded, 'event')} loaded,"
            f" {item.held:,} held now"
        )
    left = max(len(project.unproven_days) - _WORST_SHOWN, 0)
    left += max(len(project.differing_days) - _WORST_SHOWN, 0)
    if left:
        click.echo(f"  ... and {counted(left, 'day')} more; --json has all")
    click.echo(f"  the next sync {_next_sync(project)}")
    if project.asked_since:
        click.echo(
            f"  days before {project.asked_since} were never asked for; a sync without a start"
            " (--start-date, --days, start_date) reads them, too"
        )


def _proofs(ahead: Outlook) -> str:
    """How old the oldest proof is, and when all will be newer."""
    oldest = f"oldest proof {ahead.oldest_proof:%Y-%m-%d %H:%M} UTC, of {ahead.oldest_day}"
    if ahead.requests is None:
        return (
            f"{oldest}; when all are proven again is not known, as this server lists days as a"
            " whole; upgrade it to one of 2026-03 or later"
        )
    if ahead.nights is None:
        return f"{oldest}; old days are not listed again (scrub_requests = 0)"
    return f"{oldest}; a sync each night proves all days again by {ahead.seen_by}"


def _next_sync(project: ProjectStatus) -> str:
    """What a sync would do, as far as the warehouse tells."""
    parts = []
    if project.differing_days:
        days = counted(len(project.differing_days), "day")
        parts.append(f"reads again {days} changed here since they were loaded")
    if project.unproven_days:
        parts.append(f"reads again {counted(len(project.unproven_days), 'day')} not verified")
    if project.open_days:
        parts.append(f"counts {counted(len(project.open_days), 'open day')}, to read what changed")
    for first, last in project.unread_days[:_WORST_SHOWN]:
        parts.append(f"reads {first} to {last}, which were not read yet")
    if len(project.unread_days) > _WORST_SHOWN:
        parts.append(f"reads {len(project.unread_days) - _WORST_SHOWN:,} such ranges more")
    after = f" after {project.last_day}" if project.last_day else ""
    parts.append(f"reads days{after}, and any whose count has changed")
    return "; ".join(parts)


def _ago(instant: datetime) -> str:
    minutes = int((utc_now() - instant).total_seconds() // 60)
    if minutes < 0:
        return ""
    passed = ((minutes, "minute"), (minutes // 60, "hour"), (minutes // 1440, "day"))
    number, unit = passed[(minutes >= 120) + (minutes >= 2880)]
    return f", {counted(number, unit)} ago"
