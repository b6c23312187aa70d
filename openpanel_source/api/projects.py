"""Which projects a client can read, as far as the server tells."""

from __future__ import annotations

from typing import NamedTuple, TypeVar

import msgspec

from openpanel_source.api.client import Client
from openpanel_source.api.query import EVENTS_PATH, EVERYTHING, Params
from openpanel_source.errors import (
    EndpointNotFoundError,
    InvalidQueryError,
    ProjectAccessError,
    ProjectRequiredError,
    ServerFaultError,
    UnexpectedAnswerError,
)
from openpanel_source.model.json_text import UNREADABLE

PROJECTS_PATH = "/manage/projects"
"""Of servers since 2026-01-20, for root clients alone (openpanel-more.md, section 3)."""


class Project(msgspec.Struct):
    """A project as the server lists it."""

    id: str
    name: str = ""


class Readable(NamedTuple):
    """What is known of the projects that a client reads.

    Attributes:
        is_root: Whether it reads all projects of its organisation, and not one alone.
        projects: Those that the server tells; nobody tells them all if there are none.
    """

    is_root: bool
    projects: tuple[Project, ...]


class _Projects(msgspec.Struct):
    data: tuple[Project, ...]


class _Event(msgspec.Struct, rename="camel"):
    project_id: str


class _Events(msgspec.Struct):
    data: list[_Event]


_Answer = TypeVar("_Answer")


def readable_projects(client: Client) -> Readable:
    """Ask which projects a client can read; two requests at most.

    Args:
        client: Asks; it has not asked for anything yet.

    Raises:
        OpenPanelError: The credentials are not accepted, or the server cannot be asked.
    """
    try:
        return Readable(True, _asked(client, PROJECTS_PATH, [], _Projects).data)
    except (ProjectAccessError, EndpointNotFoundError, InvalidQueryError, ServerFaultError):
        # Of a client that reads nothing, and of an address that leads nowhere, the next one tells.
        start, end = EVERYTHING
        everything: Params = [("start", start), ("end", end), ("limit", "1")]
        try:
            events = _asked(client, EVENTS_PATH, everything, _Events).data
        except (ProjectRequiredError, InvalidQueryError):
            return Readable(True, ())
    return Readable(False, tuple(Project(event.project_id) for event in events[:1]))


def _asked(client: Client, path: str, params: Params, form: type[_Answer]) -> _Answer:
    def decode(body: bytes, request: str) -> _Answer:
        try:
            return msgspec.json.decode(body, type=form)
        except UNREADABLE:
            raise UnexpectedAnswerError(
                "the answer is not the one of OpenPanel's API; check base_url.", request
            ) from None

    return client.read(path, params, decode)
