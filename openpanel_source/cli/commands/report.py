"""The command ``report``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from openpanel_source.cli.group import Command
from openpanel_source.cli.options import (
    COUNT,
    busy_option,
    json_option,
    listed,
    print_json,
    target_options,
)
from openpanel_source.errors import InvalidSettingError
from openpanel_source.model.text import printable

if TYPE_CHECKING:
    from pathlib import Path

    from openpanel_source.report.create import Report

_FILE = "openpanel-report.html"


@click.command(cls=Command)
@target_options
@click.option(
    "--project-id",
    multiple=True,
    callback=listed,
    help="Project to report on; repeat for several, or write a,b.  [default: all]",
)
@click.option("--days", type=COUNT, help="How many days.  [default: 28]")
@click.option("--start-date", help="First day, YYYY-MM-DD, instead of --days.")
@click.option("--end-date", help="Last day, inclusive.  [default: the last one that was read]")
@click.option(
    "--compare/--no-compare",
    default=True,
    show_default=True,
    help="Compare with as many days before.",
)
@click.option(
    "--timezone",
    metavar="NAME",
    help="Where days begin, if there are no models.  [default: as of the models, or UTC]",
)
@click.option(
    "--output",
    type=click.Path(),
    metavar="FILE",
    help=f"The file to write; a report that is there is replaced.  [default: {_FILE}]",
)
@click.option("--force", is_flag=True, help="Replace a file that is no report, too.")
@click.option("--open", "is_opened", is_flag=True, help="Show it in the browser.")
@json_option
@click.option("--markdown", "as_markdown", is_flag=True, help="Print a short version in Markdown.")
@busy_option
def command(
    destination: str,
    database: str | None,
    dataset: str,
    project_id: tuple[str, ...],
    days: int | None,
    start_date: str | None,
    end_date: str | None,
    compare: bool,
    timezone: str | None,
    output: str | None,
    force: bool,
    is_opened: bool,
    as_json: bool,
    as_markdown: bool,
    busy_timeout: float,
) -> None:
    """Write what was loaded as a report: one HTML file that needs nothing, and the proof.

    With --json or --markdown it is printed instead; a file is then written only if --output names
    one.
    """
    from openpanel_source.destinations.pipelines import open_to_look
    from openpanel_source.report.create import create_report

    is_printed = as_json or as_markdown
    if as_json and as_markdown:
        raise InvalidSettingError("--json and --markdown both go to stdout; leave one out.")
    if output is None and not is_printed:
        output = _FILE
    if is_opened and output is None:
        raise InvalidSettingError("--open shows a file; name one with --output.")
    with open_to_look(destination, database, dataset) as pipeline:
        report = create_report(
            pipeline,
            output,
            project_ids=project_id,
            days=days,
            start_date=start_date,
            end_date=end_date,
            compare=compare,
            timezone=timezone,
            force=force,
            busy_timeout=busy_timeout,
        )
    if as_json:
        print_json(report.numbers)
    elif as_markdown:
        click.echo(report.markdown, nl=False)
    else:
        print_report(report)
    if is_opened and report.path is not None:
        _open(report.path)


def print_report(report: Report) -> None:
    """Say where the report is, what it is about, and what its reader has to know."""
    numbers = report.numbers
    projects = ", ".join(printable(one["id"], 100) for one in numbers["projects"])
    days = f"{numbers['range']['from']} to {numbers['range']['until']}, {numbers['timezone']}"
    click.echo(f"Report: {printable(str(report.path))} ({projects or 'no project'}; {days})")
    for note in numbers["notes"]:
        click.echo(f"  {printable(note, 1000)}")


def _open(path: Path) -> None:
    import webbrowser

    if not webbrowser.open(path.as_uri()):
        click.echo(f"There is no browser here; open {printable(str(path))} yourself.", err=True)
