"""Find out whether a sync can work, and say what to change where it cannot."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from openpanel_source.client import Client
from openpanel_source.errors import (
    OpenPanelError,
    ProjectAccessError,
    ProjectNotFoundError,
)
from openpanel_source.generation import Generation, probe
from openpanel_source.plan import EARLIEST, LATEST
from openpanel_source.read import DayReader
from openpanel_source.settings import Settings


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
    reader = DayReader(client, settings.query, 1, settings.now, "")
    findings = []
    for project in settings.project_ids:
        finding = _project(reader, project)
        findings.append(finding)
        if isinstance(finding.error, (ProjectAccessError, ProjectNotFoundError, type(None))):
            continue
        yield Finding("server", client.base_url, finding.error)
        return
    yield Finding("server", f"{client.base_url} answers, credentials are valid")
    yield Finding("client type", _client_type(client, settings))
    yield from findings
    readable = [
        project
        for project, finding in zip(settings.project_ids, findings, strict=True)
        if not finding.error
    ]
    if readable:
        yield _generation(client, settings, readable[0])
    limit = client.limiter.limit
    yield Finding(
        "rate limit",
        f"{limit} requests a window, as the server says" if limit else "none seen",
    )


def _project(reader: DayReader, project: str) -> Finding:
    try:
        total = reader.count(project, EARLIEST, LATEST)
    except OpenPanelError as error:
        return Finding(f"project {project}", "cannot be read", error)
    return Finding(f"project {project}", f"{total:,} events")


def _client_type(client: Client, settings: Settings) -> str:
    """Only a root client is told that a project does not exist; others have no access to any."""
    reader = DayReader(client, settings.query, 1, settings.now, "")
    try:
        today = settings.now().date()
        reader.count(f"no-such-project-{uuid.uuid4().hex[:8]}", today, today)
    except ProjectNotFoundError:
        return "root: may read every project of its organisation"
    except OpenPanelError:
        return "read: may read its own project"
    return "unknown: this server does not check access"


def _generation(client: Client, settings: Settings, project: str) -> Finding:
    today = settings.now().date()
    try:
        generation = probe(client, project, today - timedelta(days=366), today)
    except OpenPanelError as error:
        return Finding("server generation", "cannot be told", error)
    return Finding("server generation", describe(generation))


def describe(generation: Generation) -> str:
    """The generation in words."""
    if generation is Generation.CURRENT:
        return str(generation.value)
    missing = "filters on events are not available"
    if not generation.is_supported:
        missing = "upgrade it: rows may be hidden and counts wrong, so it is not read"
    return f"{generation.value}: {missing}"
