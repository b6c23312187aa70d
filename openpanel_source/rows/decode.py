"""Turn the bytes of a page into typed events, and never lose one that does not fit.

A page that is as documented is decoded in one go, if need be with U+FFFD in place of characters
that are none. One that holds anything else is taken row by row: what can be kept is, what cannot
is handed on as rejected with its bytes and the reason.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import lru_cache
from itertools import zip_longest
from types import GenericAlias
from typing import Any

import msgspec

from openpanel_source.api.page import Meta, RawPage, first_id
from openpanel_source.model.instants import parse_instant
from openpanel_source.model.json_text import (
    UNREADABLE,
    check_levels,
    without_halves,
    without_nul,
)
from openpanel_source.rows.event import (
    Event,
    Fields,
    event_with,
    keep_event,
    with_dimensions,
    without_dimensions,
)
from openpanel_source.rows.new_fields import NewFields


@dataclass(frozen=True)
class Rejected:
    """A row that cannot be shaped: its bytes as text, empty if they must not be kept, and why.

    Attributes:
        raw: Its bytes.
        reason: What is wrong with it.
        misplaced: When it happened, if that is what is wrong: not on the day asked for.
    """

    raw: str
    reason: str
    misplaced: datetime | None = None


@dataclass(frozen=True)
class Page:
    """A decoded page.

    Attributes:
        meta: What it says of the whole answer.
        events: All of them with these fields beside those documented, or with more.
        rejected: Rows that are no events.
        fields: Beyond those documented.
        first_id: Of the first row, rejected or not, if it has one.
    """

    meta: Meta
    events: list[Event]
    rejected: list[Rejected] = field(default_factory=list)
    fields: Fields = ()
    first_id: str | None = None


@lru_cache
def _typed(fields: Fields) -> msgspec.json.Decoder[Any]:
    """Decodes pages of events that have these fields beside those documented."""
    rows = GenericAlias(list, event_with(fields))
    page = msgspec.defstruct("Page", [("meta", Meta), ("data", rows)], gc=False)
    return msgspec.json.Decoder(page)


@lru_cache
def _event(fields: Fields) -> msgspec.json.Decoder[Event]:
    return msgspec.json.Decoder(event_with(fields))


def decode_page(body: bytes, dimensions: Collection[str] = (), fields: Fields = ()) -> Page:
    """The events of an answer of ``/export/events`` that is as documented.

    Args:
        body: The answer's bytes.
        dimensions: What the server was asked to tell beside events: ``profile``, ``meta``.
        fields: Beyond those documented.

    Raises:
        UNREADABLE: It holds something else, somewhere.
    """
    decoder = _typed(with_dimensions(dimensions, fields))
    try:
        page = decoder.decode(body)
    except UNREADABLE:
        page = decoder.decode(without_halves(body))
    first = page.data[0].id if page.data else None
    return Page(page.meta, page.data, fields=fields, first_id=first)


def decode_rows(
    page: RawPage,
    day: date,
    dimensions: Collection[str] = (),
    fields: NewFields | None = None,
    decoded: Page | None = None,
) -> Page:
    """Every row of an answer, as an event of a UTC day or as rejected, whatever it holds.

    Args:
        page: The answer.
        day: The day that was asked for.
        dimensions: What the server was asked to tell beside events: ``profile``, ``meta``.
        fields: Learns the fields that nobody knows yet.
        decoded: The same, if all of its rows are events, but some that should be rejected.
    """
    known = decoded.fields if decoded else fields.known if fields else ()
    kind = with_dimensions(dimensions, known)
    rows = [
        _checked_row(bytes(raw), event, kind, dimensions, day)
        for raw, event in zip_longest(page.data, decoded.events if decoded else ())
    ]
    events = [row for row in rows if isinstance(row, Event)]
    unknown = [name for event in events for name in getattr(event, "_unknown", ())]
    if fields and unknown and fields.learn(unknown, known):
        return decode_rows(page, day, dimensions, fields)
    rejected = [row for row in rows if isinstance(row, Rejected)]
    return Page(page.meta, events, rejected, known, first_id(page))


def _checked_row(
    raw: bytes, event: Event | None, fields: Fields, dimensions: Collection[str], day: date
) -> Event | Rejected:
    instant = None
    try:
        raw.decode()
        check_levels(raw)
        row = event or _decoded(raw, fields)
        row.id = without_nul(row.id)
        if not row.id:
            raise ValueError("id is missing or empty")
        if row.imported_at is not None and parse_instant(row.imported_at) is None:
            raise ValueError("importedAt is not an ISO date and time")
        instant = parse_instant(row.created_at)
        if instant is None:
            raise ValueError("createdAt is not an ISO date and time of the years 1 to 9999")
        if instant.date() == day:
            return row
        problem = f"createdAt does not lie in the day asked for, {day}"
    except (ValueError, *UNREADABLE) as error:
        problem = str(error)
    return Rejected(as_text(without_dimensions(raw, dimensions)), problem, instant)


def _decoded(raw: bytes, fields: Fields) -> Event:
    try:
        return _event(fields).decode(raw)
    except msgspec.MsgspecError:
        return keep_event(without_halves(raw), fields)


def as_text(raw: bytes) -> str:
    """Bytes as text that every destination stores: what is no UTF-8, and NUL, escaped."""
    return raw.decode("utf-8", "backslashreplace").replace("\0", "\\x00")
