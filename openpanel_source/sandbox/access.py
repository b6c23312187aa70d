"""Who may read: credentials, and the project that a request is about."""

from __future__ import annotations

import re
from collections.abc import Mapping

from openpanel_source.sandbox.answers import denied, unauthorized
from openpanel_source.sandbox.dataset import Accounts, Client
from openpanel_source.sandbox.generation import Generation

CLIENT_ID = "openpanel-client-id"
CLIENT_SECRET = "openpanel-client-secret"  # noqa: S105

_NOT_ALLOWED = {
    "Export": "Client is not allowed to export",
    "Manage": "Only root clients are allowed to manage resources",
}

_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


class Access:
    """The clients and projects of a server."""

    def __init__(self, accounts: Accounts, generation: Generation) -> None:
        self._generation = generation
        self._clients = {client.id: client for client in accounts.clients}
        self._organizations = {project.id: project.organization for project in accounts.projects}
        self._timezones = {o.id: o.timezone for o in accounts.organizations}

    def client(
        self,
        headers: Mapping[str, str],
        prefix: str = "Export",
        types: tuple[str, ...] = ("root", "read"),
    ) -> Client:
        """Return the client whose credentials the headers carry.

        Args:
            headers: Of the request.
            prefix: What the reasons for a refusal begin with.
            types: Of clients that may ask.

        Raises:
            Refusal: 401, the credentials are no good or not for reading.
        """
        client_id = headers.get(CLIENT_ID, "")
        if not _UUID.fullmatch(client_id):
            raise unauthorized("Client ID must be a valid UUIDv4", prefix)
        client = self._clients.get(client_id)
        if client is None:
            raise unauthorized("Invalid client id", prefix)
        if not client.secret:
            raise unauthorized("Client has no secret", prefix)
        if client.type not in types:
            raise unauthorized(_NOT_ALLOWED[prefix], prefix)
        if headers.get(CLIENT_SECRET, "") != client.secret:
            raise unauthorized("Invalid client secret", prefix)
        return client

    def project(self, client: Client, asked: str | None) -> str:
        """Return the project to read: the one asked for, or the client's own.

        Raises:
            Refusal: The client may not read it (403), it is not in the client's organisation
                (404), or there is none (400).
        """
        if asked:
            if client.type == "read" and client.project != asked:
                raise denied(self._generation, 403, "You do not have access to this project")
            if self._organizations.get(asked) != client.organization:
                raise denied(self._generation, 404, "Project not found")
            return asked
        if not client.project:
            names = "project_id" if self._generation.named_errors else "project_id or projectId"
            raise denied(self._generation, 400, f"{names} is required")
        return client.project

    def timezone(self, project: str) -> str:
        """Return the time zone of the organisation that owns a project."""
        return self._timezones.get(self._organizations[project], "UTC")

    def owns(self, client: Client, project: str) -> bool:
        """Say whether a project is in the organisation of a client."""
        return self._organizations.get(project) == client.organization

    def exists(self, project: str) -> bool:
        """Say whether there is such a project."""
        return project in self._organizations
