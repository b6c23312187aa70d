"""Turn the bytes of a page into typed events, and never lose one that does not fit.

A page that is as documented is decoded in one go. One that holds anything else is decoded row by
row: what can be kept is, what cannot is handed on as rejected with its bytes and the reason.
"""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date
from typing import Annotated, Any

import msgspec

from openpanel_source.errors import UnexpectedAnswerError
from openpanel_source.event import BIGINT, Event, keep_event, parse_instant


class Meta(msgspec.Struct, rename="camel", gc=False):
    """What a page says of the whole answer: rows in all, and pages of the asked size."""

    total_count: Annotated[int, msgspec.Meta(ge=0, lt=BIGINT)]
    pages: Annotated[int, msgspec.Meta(ge=0, lt=BIGINT)]


@dataclass(frozen=True)
class Rejected:
    """A row that cannot be shaped: its bytes as text, empty if they must not be kept, and why."""

    raw: str
    reason: str


@dataclass(frozen=True)
class Page:
    """A decoded page."""

    meta: Meta
    events: list[Event]
    rejected: list[Rejected] = field(default_factory=list)

    @property
    def rows(self) -> int:
        """Rows that the server sent."""
        return len(self.events) + len(self.rejected)


class _Typed(msgspec.Struct, gc=False):
    meta: Meta
    data: list[Event]


class RawPage(msgspec.Struct, gc=False):
    """A page whose rows are bytes."""

    meta: Meta
    data: list[msgspec.Raw]


class _Parsed(msgspec.Struct, gc=False):
    meta: Meta
    data: list[Any]


class _Identified(msgspec.Struct, gc=False):
    id: str | None = None


_typed = msgspec.json.Decoder(_Typed)
_raw = msgspec.json.Decoder(RawPage)
_event = msgspec.json.Decoder(Event)


def peek(body: bytes, request: str) -> tuple[Meta, str | None]:
    """The counts of an answer of ``/export/events``, and the id of its first row if it has one.

    Args:
        body: The answer's bytes.
        request: Method and URL, for the error.

    Raises:
        UnexpectedAnswerError: The body is no page.
    """
    page = split_page(body, request)
    first = None
    if page.data:
        with suppress(msgspec.MsgspecError, UnicodeDecodeError):
            first = msgspec.json.decode(page.data[0], type=_Identified).id
    return page.meta, first


def decode_page(body: bytes, request: str) -> Page:
    """The events of an answer of ``/export/events``.

    Args:
        body: The answer's bytes.
        request: Method and URL, for the error.

    Returns:
        Every row the answer holds, as an event or as rejected.

    Raises:
        UnexpectedAnswerError: The body is no JSON object with ``meta`` and a list ``data``.
    """
    try:
        page = _typed.decode(body)
        return Page(page.meta, page.data)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return _decode_rows(body, request)


def decode_rows(body: bytes, day: date, request: str) -> Page:
    """The same, row by row: rejects every row whose ``createdAt`` is not of that UTC day."""
    return _decode_rows(body, request, day)


def _decode_rows(body: bytes, request: str, day: date | None = None) -> Page:
    page = split_page(body, request)
    events: list[Event] = []
    rejected: list[Rejected] = []
    for raw in page.data:
        row = _decode_row(bytes(raw), day)
        if isinstance(row, Event):
            events.append(row)
        else:
            rejected.append(row)
    return Page(page.meta, events, rejected)


def split_page(body: bytes, request: str) -> RawPage:
    """The counts and the undecoded rows of an answer of ``/export/events``.

    Args:
        body: The answer's bytes.
        request: Method and URL, for the error.

    Raises:
        UnexpectedAnswerError: The body is no page.
    """
    try:
        return _raw.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        page = _decode_leniently(body)
        if page is not None:
            return page
        raise UnexpectedAnswerError(
            f"the answer is not a page of events ({error}); check that base_url leads to"
            " OpenPanel's API and that no proxy answers in its place.",
            request,
        ) from None


def _decode_leniently(body: bytes) -> RawPage | None:
    """A page that holds what only Python's own decoder reads, such as half an emoji."""
    try:
        page = msgspec.convert(json.loads(body), _Parsed)
    except (ValueError, RecursionError, msgspec.MsgspecError):
        return None
    return RawPage(page.meta, [msgspec.Raw(json.dumps(row).encode()) for row in page.data])


def _decode_row(raw: bytes, day: date | None) -> Event | Rejected:
    try:
        row: Event = _event.decode(raw)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        try:
            row = keep_event(json.loads(raw))
        except (ValueError, RecursionError) as error:
            return Rejected(as_text(raw), str(error))
    problem = _text_problem(raw) or _time_problem(row, day)
    return row if problem is None else Rejected(as_text(raw), problem)


def as_text(raw: bytes) -> str:
    """Bytes as text that every destination stores: what is no UTF-8, and NUL, escaped."""
    return raw.decode("utf-8", "backslashreplace").replace("\0", "\\x00")


def _text_problem(raw: bytes) -> str | None:
    try:
        raw.decode()
    except UnicodeDecodeError as error:
        return str(error)
    return None


def _time_problem(row: Event, day: date | None) -> str | None:
    if row.imported_at is not None and parse_instant(row.imported_at) is None:
        return "importedAt is not an ISO date and time"
    instant = parse_instant(row.created_at)
    if instant is None:
        return "createdAt is not an ISO date and time of the years 1 to 9999"
    if day is not None and instant.date() != day:
        return f"createdAt does not lie in the day asked for, {day}"
    return None
