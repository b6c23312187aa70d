"""Turn the bytes of a page into typed events, and never lose one that does not fit.

A page that is as documented is decoded in one go, if need be with U+FFFD in place of characters
that are none. One that holds anything else is decoded row by row: what can be kept is, what cannot
is handed on as rejected with its bytes and the reason.
"""

from __future__ import annotations

from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date
from typing import Annotated

import msgspec

from openpanel_source.errors import UnexpectedAnswerError
from openpanel_source.event import (
    BIGINT,
    Event,
    EventWithDimensions,
    keep_event,
    parse_instant,
    without_nul,
    without_told,
)
from openpanel_source.json_text import check_levels, items, member, without_halves


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


class _TypedWithDimensions(msgspec.Struct, gc=False):
    meta: Meta
    data: list[EventWithDimensions]


class RawPage(msgspec.Struct, gc=False):
    """A page whose rows are bytes."""

    meta: Meta
    data: list[msgspec.Raw]


class _Identified(msgspec.Struct, gc=False):
    id: str | None = None


_typed = msgspec.json.Decoder(_Typed)
_typed_with_dimensions = msgspec.json.Decoder(_TypedWithDimensions)
_raw = msgspec.json.Decoder(RawPage)
_event = msgspec.json.Decoder(Event)
_event_with_dimensions = msgspec.json.Decoder(EventWithDimensions)
_meta = msgspec.json.Decoder(Meta)
_UNREADABLE = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


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
        with suppress(*_UNREADABLE):
            first = msgspec.json.decode(page.data[0], type=_Identified).id
    return page.meta, first


def decode_page(body: bytes, request: str, dimensions: Collection[str] = ()) -> Page:
    """The events of an answer of ``/export/events``.

    Args:
        body: The answer's bytes.
        request: Method and URL, for the error.
        dimensions: What the server was asked to tell beside events, ``profile`` and ``meta``.

    Returns:
        Every row the answer holds, as an event or as rejected.

    Raises:
        UnexpectedAnswerError: The body is no JSON object with ``meta`` and a list ``data``.
    """
    with suppress(*_UNREADABLE):
        return _decode_whole(body, dimensions)
    whole = without_halves(body)
    if whole != body:
        with suppress(*_UNREADABLE):
            return _decode_whole(whole, dimensions)
    return _decode_rows(body, request, dimensions)


def _decode_whole(body: bytes, dimensions: Collection[str]) -> Page:
    if dimensions:
        told = _typed_with_dimensions.decode(body)
        return Page(told.meta, list[Event](told.data))
    page = _typed.decode(body)
    return Page(page.meta, page.data)


def decode_rows(body: bytes, day: date, request: str, dimensions: Collection[str] = ()) -> Page:
    """The same, row by row: rejects every row whose ``createdAt`` is not of that UTC day."""
    return _decode_rows(body, request, dimensions, day)


def _decode_rows(
    body: bytes, request: str, dimensions: Collection[str], day: date | None = None
) -> Page:
    page = split_page(body, request)
    events: list[Event] = []
    rejected: list[Rejected] = []
    for raw in page.data:
        row = _decode_row(bytes(raw), dimensions, day)
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
    except _UNREADABLE as error:
        with suppress(ValueError, *_UNREADABLE):
            return _take_apart(body.removeprefix(_BYTE_ORDER_MARK))
        raise UnexpectedAnswerError(
            f"the answer is not a page of events ({error}); check that base_url leads to"
            " OpenPanel's API and that no proxy answers in its place.",
            request,
        ) from None


def _take_apart(body: bytes) -> RawPage:
    """A page of which some rows are no JSON that a decoder reads, but all are where they should."""
    if not body.lstrip().startswith(b"{"):
        raise ValueError("a page is an object")
    members = dict(map(member, items(body)))
    data = members.get(b"data", b"").strip()
    if not data.startswith(b"["):
        raise ValueError("data is no list")
    rows = [msgspec.Raw(row.strip()) for row in items(data)]
    return RawPage(_meta.decode(members.get(b"meta", b"")), rows)


def _decode_row(raw: bytes, dimensions: Collection[str], day: date | None) -> Event | Rejected:
    try:
        row = _row(raw, dimensions)
    except (ValueError, *_UNREADABLE) as error:
        problem: str | None = str(error)
    else:
        problem = _time_problem(row, day)
    if problem is None:
        return row
    return Rejected(as_text(without_told(raw, dimensions)), problem)


def _row(raw: bytes, dimensions: Collection[str]) -> Event:
    raw.decode()
    check_levels(raw)
    whole = without_halves(raw)
    try:
        row: Event = (_event_with_dimensions if dimensions else _event).decode(whole)
    except msgspec.MsgspecError:
        row = keep_event(whole, dimensions)
    row.id = without_nul(row.id)
    if not row.id:
        raise ValueError("id is missing or empty")
    return row


def as_text(raw: bytes) -> str:
    """Bytes as text that every destination stores: what is no UTF-8, and NUL, escaped."""
    return raw.decode("utf-8", "backslashreplace").replace("\0", "\\x00")


def _time_problem(row: Event, day: date | None) -> str | None:
    if row.imported_at is not None and parse_instant(row.imported_at) is None:
        return "importedAt is not an ISO date and time"
    instant = parse_instant(row.created_at)
    if instant is None:
        return "createdAt is not an ISO date and time of the years 1 to 9999"
    if day is not None and instant.date() != day:
        return f"createdAt does not lie in the day asked for, {day}"
    return None
