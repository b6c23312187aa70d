"""The command ``check``."""

from __future__ import annotations

import logging
import sys
from typing import TYPE_CHECKING, Any

import click

from openpanel_source.cli.group import Command, progress_wanted
from openpanel_source.cli.options import given_options, json_option, print_json, source_options
from openpanel_source.model.text import printable
from openpanel_source.operations.progress import PROGRESS

if TYPE_CHECKING:
    from openpanel_source.operations.check import Finding
    from openpanel_source.source.settings.configuration import Found

logger = logging.getLogger(PROGRESS)


@click.command(cls=Command)
@source_options
@json_option
def command(project_id: tuple[str, ...], base_url: str | None, as_json: bool) -> None:
    """Check address, credentials, projects, server generation and rate limit."""
    given = given_options(project_id=list(project_id), base_url=base_url)
    sys.exit(checked(given, as_json=as_json))


def checked(given: dict[str, Any], *, as_json: bool = False) -> int:
    """Check what is given and configured, print what is found, and say the exit code."""
    from openpanel_source.operations.check import check
    from openpanel_source.operations.preamble import operation
    from openpanel_source.operations.progress.telling import telling_waits
    from openpanel_source.source.settings.configuration import found_settings

    findings = []
    with operation(given) as (client, settings):
        # An address that is refused may hold a password.
        origins = [_origin(found) for found in found_settings(given)]
        if not as_json:
            for setting in origins:
                click.echo(printable("{name}: {value} ({origin})".format_map(setting), 1000))
        logger.info("asking %s; what fails is tried again for a while", client.base_url)
        with telling_waits(client, is_shown=bool(progress_wanted())):
            for finding in check(client, settings):
                findings.append(finding)
                if not as_json:
                    _print_finding(finding)
    errors = [finding.error for finding in findings if finding.error]
    if as_json:
        listed = [_as_dict(finding) for finding in findings]
        print_json({"ok": not errors, "settings": origins, "findings": listed})
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


def _as_dict(finding: Finding) -> dict[str, str | None]:
    error = str(finding.error) if finding.error else None
    return {"name": finding.name, "result": finding.result, "error": error}
