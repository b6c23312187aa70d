"""The envelope of a page: its counts, and its rows undecoded; pure."""

from __future__ import annotations

from contextlib import suppress
from datetime import date
from typing import Annotated

import msgspec

from openpanel_source.errors import UnexpectedAnswerError
from openpanel_source.model.json_text import (
    UNREADABLE,
    bare,
    items,
    member,
    without_halves,
    without_nul,
)
from openpanel_source.model.table import BIGINT


class Meta(msgspec.Struct, rename="camel", gc=False):
    """What a page says of the whole answer: rows in all, and pages of the asked size."""

    total_count: Annotated[int, msgspec.Meta(ge=0, lt=BIGINT)]
    pages: Annotated[int, msgspec.Meta(ge=0, lt=BIGINT)]


class RawPage(msgspec.Struct, gc=False):
    """A page whose rows are bytes."""

    meta: Meta
    data: list[msgspec.Raw]


class _Identified(msgspec.Struct, gc=False):
    id: str | None = None


class _Dated(msgspec.Struct, rename="camel", gc=False):
    created_at: str = ""


_raw = msgspec.json.Decoder(RawPage)
_meta = msgspec.json.Decoder(Meta)


def peek(body: bytes, request: str) -> tuple[Meta, str | None]:
    """The counts of an answer of ``/export/events``, and the id of its first row if it has one.

    Args:
        body: The answer's bytes.
        request: Method and URL, for the error.

    Raises:
        UnexpectedAnswerError: The body is no page.
    """
    page = split_page(body, request)
    return page.meta, first_id(page)


def newest_day(body: bytes, request: str) -> tuple[Meta, date | None]:
    """The counts of such an answer, and the UTC day of its first row if that can be told.

    Args:
        body: The answer's bytes.
        request: Method and URL, for the error.

    Raises:
        UnexpectedAnswerError: The body is no page.
    """
    page = split_page(body, request)
    for row in page.data[:1]:
        with suppress(ValueError, *UNREADABLE):
            text = msgspec.json.decode(without_halves(bytes(row)), type=_Dated).created_at
            return page.meta, date.fromisoformat(text[:10])
    return page.meta, None


def first_id(page: RawPage) -> str | None:
    """The id of the first row as it is loaded, if there is a row that has one."""
    if page.data:
        with suppress(*UNREADABLE):
            row = without_halves(bytes(page.data[0]))
            found = msgspec.json.decode(row, type=_Identified).id
            return found and without_nul(found)
    return None


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
    except UNREADABLE as error:
        with suppress(ValueError, *UNREADABLE):
            return _take_apart(bare(body))
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
