"""Find out whether a sync can work, and say what to change where it cannot."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass

from openpanel_source.api.client import Client
from openpanel_source.api.failed_projects import OF_ONE_PROJECT
from openpanel_source.api.generation import CURRENT, Generation, describe
from openpanel_source.api.recognise import probe
from openpanel_source.days.reader import DayReader
from openpanel_source.errors import (
    CredentialsError,
    OpenPanelError,
    ProjectAccessError,
    ProjectNotFoundError,
    ServerFaultError,
    TransientError,
)
from openpanel_source.model.clock import EARLIEST, LATEST
from openpanel_source.source.settings.checked import Settings
from openpanel_source.wire.own_windows import WINDOW_SECONDS
from openpanel_source.wire.untold_limit import LIMIT


@dataclass(frozen=True)
class Finding:
    """One line of a check: what was asked, what came out, and the error if it failed."""

    name: str
    result: str
    error: OpenPanelError | None = None


def check(client: Client, settings: Settings) -> Iterator[Finding]:
    """Ask the server a few questions, the cheapest first; stop at the first that settles all.

    Args:
        client: Asks.
        settings: Which projects.

    Yields:
        Findings: credentials, client type, each project, server generation, rate limit.
    """
    generation, unrecognised = _generation(client, settings)
    if isinstance(unrecognised, TransientError):
        # Asked for something else, the server would take as long to fail.
        yield Finding("server", client.base_url, unrecognised)
        return
    reader = DayReader(client, settings.query, 1, settings.now, generation)
    findings = []
    for project in settings.project_ids:
        finding = _project(reader, project)
        findings.append(finding)
        if isinstance(finding.error, (*OF_ONE_PROJECT, type(None))):
            continue
        yield Finding("server", client.base_url, finding.error)
        return
    if all(isinstance(finding.error, ServerFaultError) for finding in findings):
        yield Finding("server", client.base_url, findings[0].error)
        return
    yield Finding("server", f"{client.base_url} answers, credentials are valid")
    yield from _client_types(client, settings, generation)
    yield from findings
    if not unrecognised:
        yield Finding("server generation", describe(generation))
    elif not all(finding.error for finding in findings):
        yield Finding("server generation", "cannot be told", unrecognised)
    limit = client.limit
    yield Finding(
        "rate limit",
        f"{limit:,} requests a window, as the server says"
        if limit
        else f"not told; at most {LIMIT} requests are made in a window of {WINDOW_SECONDS:g} s",
    )


def _project(reader: DayReader, project: str) -> Finding:
    try:
        total = reader.count(project, EARLIEST, LATEST)
    except OpenPanelError as error:
        return Finding(f"project {project}", "cannot be read", error)
    return Finding(f"project {project}", f"{total:,} events")


def _client_types(client: Client, settings: Settings, generation: Generation) -> Iterator[Finding]:
    for project in settings.project_ids if client.has_many else settings.project_ids[:1]:
        own = client.of(project) if client.has_many else client
        reader = DayReader(own, settings.query, 1, settings.now, generation)
        name = f"client type of {project}" if client.has_many else "client type"
        yield Finding(name, _client_type(reader, settings))


def _client_type(reader: DayReader, settings: Settings) -> str:
    """Only a root client is told that a project does not exist; others have no access to any."""
    try:
        today = settings.now().date()
        reader.count(f"no-such-project-{uuid.uuid4().hex[:8]}", today, today)
    except ProjectNotFoundError:
        return "root: may read every project of its organisation"
    except CredentialsError:
        return "not accepted"
    except ProjectAccessError:
        return "read: may read the project that it was created for"
    except OpenPanelError:
        return "cannot be told"
    return "unknown: this server does not check access"


def _generation(client: Client, settings: Settings) -> tuple[Generation, OpenPanelError | None]:
    """The generation; the current one, with the error, if it cannot be told."""
    try:
        return probe(client, settings.project_ids), None
    except OpenPanelError as error:
        return CURRENT, error
