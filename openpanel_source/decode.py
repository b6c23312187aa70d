"""Turn the bytes of a page into typed events, and never lose one that does not fit.

A page that is as documented is decoded in one go. One that holds anything else is decoded row by
row: what can be kept is, what cannot is handed on as rejected with its bytes and the reason.
"""

from __future__ import annotations

import json
import math
import re
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date, datetime, timezone
from typing import Annotated, Any

import msgspec

from openpanel_source.errors import UnexpectedAnswerError

_NULL = msgspec.Raw(b"null")
_BIGINT = 2**63 - 1
_Id = Annotated[str, msgspec.Meta(min_length=1)]
_Bigint = Annotated[int, msgspec.Meta(ge=-_BIGINT, le=_BIGINT)]


class Event(msgspec.Struct, rename="camel", forbid_unknown_fields=True, gc=False):
    """An event as the server sends it (openpanel-api.md, section 2); JSON values stay bytes."""

    id: _Id
    created_at: str
    name: str | None = None
    device_id: str | None = None
    profile_id: str | None = None
    project_id: str | None = None
    session_id: str | None = None
    path: str | None = None
    origin: str | None = None
    referrer: str | None = None
    referrer_name: str | None = None
    referrer_type: str | None = None
    country: str | None = None
    city: str | None = None
    region: str | None = None
    longitude: float | None = None
    latitude: float | None = None
    os: str | None = None
    os_version: str | None = None
    browser: str | None = None
    browser_version: str | None = None
    device: str | None = None
    brand: str | None = None
    model: str | None = None
    sdk_name: str | None = None
    sdk_version: str | None = None
    revenue: _Bigint | None = None
    imported_at: str | None = None
    properties: msgspec.Raw = _NULL
    groups: msgspec.Raw = _NULL
    duration: float | None = None


class KeptEvent(Event):
    """An event of a page that was not as documented, with what the documentation lacks."""

    extras: str | None = None


class Meta(msgspec.Struct, rename="camel", gc=False):
    """What a page says of the whole answer: rows in all, and pages of the asked size."""

    total_count: Annotated[int, msgspec.Meta(ge=0, lt=_BIGINT)]
    pages: Annotated[int, msgspec.Meta(ge=0, lt=_BIGINT)]


@dataclass(frozen=True)
class Rejected:
    """A row that cannot be shaped: its bytes as text, and why."""

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


class _Raw(msgspec.Struct, gc=False):
    meta: Meta
    data: list[msgspec.Raw]


class _Parsed(msgspec.Struct, gc=False):
    meta: Meta
    data: list[Any]


class _Identified(msgspec.Struct, gc=False):
    id: str | None = None


_typed = msgspec.json.Decoder(_Typed)
_raw = msgspec.json.Decoder(_Raw)
_event = msgspec.json.Decoder(Event)


def peek(body: bytes, request: str) -> tuple[Meta, str | None]:
    """The counts of an answer of ``/export/events``, and the id of its first row if it has one.

    Args:
        body: The answer's bytes.
        request: Method and URL, for the error.

    Raises:
        UnexpectedAnswerError: The body is no page.
    """
    page = _decode_raw(body, request)
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
    page = _decode_raw(body, request)
    events: list[Event] = []
    rejected: list[Rejected] = []
    for raw in page.data:
        row = _decode_row(bytes(raw), day)
        if isinstance(row, Event):
            events.append(row)
        else:
            rejected.append(row)
    return Page(page.meta, events, rejected)


def _decode_raw(body: bytes, request: str) -> _Raw:
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


def _decode_leniently(body: bytes) -> _Raw | None:
    """A page that holds what only Python's own decoder reads, such as half an emoji."""
    try:
        page = msgspec.convert(json.loads(body), _Parsed)
    except (ValueError, RecursionError, msgspec.MsgspecError):
        return None
    return _Raw(page.meta, [msgspec.Raw(json.dumps(row).encode()) for row in page.data])


def _decode_row(raw: bytes, day: date | None) -> Event | Rejected:
    try:
        row: Event = _event.decode(raw)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        try:
            row = _kept(json.loads(raw))
        except (ValueError, RecursionError) as error:
            return Rejected(as_text(raw), str(error))
    problem = _text_problem(raw) or _time_problem(row, day)
    return row if problem is None else Rejected(as_text(raw), problem)


def as_text(raw: bytes) -> str:
    """Bytes as text that every destination stores: what is no UTF-8, and NUL, escaped."""
    return raw.decode("utf-8", "backslashreplace").replace("\0", "\\x00")


def _kept(row: object) -> Event:
    """An event of whatever the server sent in its place; values of another type become text."""
    if not isinstance(row, dict):
        raise ValueError("the row is not a JSON object")
    known: dict[str, Any] = {}
    for name, field_ in _FIELDS.items():
        if name in row:
            keep = _KEEP[field_.type]
            known[field_.name] = keep(row.pop(name))
    for name in ("id", "created_at"):
        if not known.get(name):
            raise ValueError(f"{name} is missing or empty")
    extras = _json_text(row) if row else None
    return KeptEvent(**known, extras=extras)


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


_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?Z", re.ASCII)


def parse_instant(text: str) -> datetime | None:
    """The UTC instant of the API's ``2026-11-23T01:46:01.686Z``; None for anything else."""
    if not _INSTANT.fullmatch(text):
        return None
    whole, _, fraction = text[:-1].partition(".")
    try:
        instant = datetime.strptime(whole, "%Y-%m-%dT%H:%M:%S").replace(tzinfo=timezone.utc)
    except ValueError:
        return None
    return instant.replace(microsecond=int(fraction.ljust(6, "0")) if fraction else 0)


def _json_text(value: object) -> str:
    return _whole_characters(json.dumps(value, ensure_ascii=False, allow_nan=False))


def _whole_characters(text: str) -> str:
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _keep_text(value: object) -> str | None:
    if value is None:
        return None
    return _whole_characters(value) if isinstance(value, str) else _json_text(value)


def _keep_double(value: object) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise ValueError(f"a coordinate is not a number: {value!r:.50}")
    number = float(value) if abs(value) < 1e300 else math.inf
    if not math.isfinite(number):
        raise ValueError("a coordinate is not finite")
    return number


def _keep_bigint(value: object) -> int | None:
    if value is None:
        return None
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError(f"revenue is not an integer: {value!r:.50}")
    if not -_BIGINT <= value <= _BIGINT:
        raise ValueError("revenue does not fit 64 bits")
    return value


def _keep_json(value: object) -> msgspec.Raw:
    return msgspec.Raw(_json_text(value).encode())


_KEEP: dict[Any, Any] = {
    _Id: _keep_text,
    str: _keep_text,
    str | None: _keep_text,
    float | None: _keep_double,
    _Bigint | None: _keep_bigint,
    msgspec.Raw: _keep_json,
}
_FIELDS = {item.encode_name: item for item in msgspec.structs.fields(Event)}
