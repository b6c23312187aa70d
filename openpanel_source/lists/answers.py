"""The answers of ``/manage`` and ``/insights``: their rows undecoded, then as what they are; pure.

Only the fields named here are ever decoded: whatever else an answer holds is loaded nowhere, and no
message repeats it.
"""

from __future__ import annotations

import re

import msgspec

from openpanel_source.errors import UnexpectedAnswerError
from openpanel_source.model.json_text import UNREADABLE, items, member
from openpanel_source.rows.event import NULL

_WITHOUT_ZONE = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d{1,6})?", re.ASCII)


class ListedReference(msgspec.Struct, rename="camel", gc=False):
    """An annotation of charts."""

    id: str
    project_id: str
    title: str | None = None
    description: str | None = None
    date: str | None = None
    created_at: str | None = None
    updated_at: str | None = None


class ListedProject(msgspec.Struct, rename="camel", gc=False):
    """A project; its clients, filters and settings are left out."""

    id: str
    name: str | None = None
    organization_id: str | None = None
    domain: str | None = None
    types: msgspec.Raw = NULL
    created_at: str | None = None
    updated_at: str | None = None


class ListedGroup(msgspec.Struct, rename="camel", gc=False):
    """A group; its members are left out, as each profile names its groups."""

    id: str
    project_id: str
    type: str | None = None
    name: str | None = None
    properties: msgspec.Raw = NULL
    created_at: str | None = None
    updated_at: str | None = None


class ListedProfile(msgspec.Struct, gc=False):
    """A stored profile; its times come without a zone, in UTC."""

    id: str
    project_id: str
    created_at: str
    email: str | None = None
    avatar: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    is_external: bool | None = None
    properties: msgspec.Raw = NULL
    groups: msgspec.Raw = NULL
    last_seen_at: str | None = None

    def __post_init__(self) -> None:
        self.created_at = in_utc(self.created_at)
        self.last_seen_at = self.last_seen_at and in_utc(self.last_seen_at)


def in_utc(text: str) -> str:
    """The instant ``2026-10-04 01:00:00.000`` as the rest of the API writes it."""
    return f"{text.replace(' ', 'T')}Z" if _WITHOUT_ZONE.fullmatch(text) else text


def listed(body: bytes, request: str) -> list[bytes]:
    """The rows of a bare list.

    Raises:
        UnexpectedAnswerError: It is none.
    """
    try:
        if body[:1] == b"[":
            return items(body)
    except ValueError:
        pass
    raise _unexpected("a list", request)


def listed_as_data(body: bytes, request: str) -> list[bytes]:
    """The rows of a list that stands under ``data``.

    Raises:
        UnexpectedAnswerError: There is none.
    """
    return listed(_member(body, b"data", request), request)


def listed_types(body: bytes, request: str) -> list[str]:
    """The types of groups.

    Raises:
        UnexpectedAnswerError: There is no list of them.
    """
    try:
        return msgspec.json.decode(_member(body, b"types", request), type=list[str])
    except UNREADABLE:
        raise _unexpected("a list of texts", request) from None


def the_group(body: bytes, request: str) -> list[bytes]:
    """The group that an answer is about.

    Raises:
        UnexpectedAnswerError: There is none.
    """
    return [_member(body, b"group", request)]


def _member(body: bytes, name: bytes, request: str) -> bytes:
    try:
        if body[:1] == b"{":
            found = dict(map(member, items(body)))
            if name in found:
                return found[name].strip()
    except ValueError:
        pass
    raise _unexpected(name.decode(), request)


def _unexpected(what: str, request: str) -> UnexpectedAnswerError:
    return UnexpectedAnswerError(
        f"the answer does not hold {what}; check that base_url leads to OpenPanel's API and that no"
        " proxy answers in its place.",
        request,
    )
