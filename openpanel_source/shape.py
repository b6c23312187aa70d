"""Turn decoded events into Arrow tables, column by column."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime, timezone
from operator import attrgetter
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from openpanel_source.decode import Page, Rejected, decode_page, decode_rows
from openpanel_source.event import Event
from openpanel_source.schema import EVENTS, REJECTED_EVENTS, Column

EVENTS_SCHEMA = EVENTS.arrow_schema


class ShapeError(ValueError):
    """Some row of a page does not fit the columns; the page has to be taken row by row."""


def shape_page(body: bytes, project_id: str, day: date, request: str) -> tuple[Page, pa.Table]:
    """Decode a page and shape its events.

    Args:
        body: The answer's bytes.
        project_id: The project that was asked for.
        day: The UTC day that was asked for.
        request: Method and URL, for errors.

    Returns:
        The page, and its events as rows of the table ``events``; rejected rows stay in the page.

    Raises:
        UnexpectedAnswerError: The body is no page.
    """
    page = decode_page(body, request)
    try:
        return page, shape_events(page.events, project_id, day)
    except ShapeError:
        page = decode_rows(body, day, request)
        return page, shape_events(page.events, project_id, day)


def shape_events(events: Sequence[Event], project_id: str, day: date) -> pa.Table:
    """Events of one UTC day as rows of the table ``events``.

    Args:
        events: As decoded.
        project_id: Becomes a column.
        day: Becomes ``event_date``.

    Returns:
        A table of ``EVENTS_SCHEMA``, one row an event, in order.

    Raises:
        ShapeError: A time is no time, or not of that day.
    """
    created_at = _timestamps(list(map(attrgetter("created_at"), events)))
    if not _all_in_day(created_at, day):
        raise ShapeError(f"an event does not lie in {day}")
    made = {
        "project_id": pa.repeat(pa.scalar(project_id, pa.string()), len(events)),
        "event_date": pa.repeat(pa.scalar(day, pa.date32()), len(events)),
        "created_at": created_at,
        "extras": pa.array([getattr(event, "extras", None) for event in events], pa.string()),
    }
    arrays = [
        made[column.name] if column.name in made else _MAKE[column.type](column, events)
        for column in EVENTS.columns
    ]
    return pa.Table.from_arrays(arrays, schema=EVENTS_SCHEMA)


def shape_rejected(rejected: Sequence[Rejected], project_id: str, day: date) -> pa.Table:
    """Rejected rows of one UTC day as rows of the table ``rejected_events``."""
    rows = [
        {
            "project_id": project_id,
            "event_date": day,
            "position": position,
            "reason": row.reason,
            "raw": row.raw,
        }
        for position, row in enumerate(rejected)
    ]
    return pa.Table.from_pylist(rows, schema=REJECTED_EVENTS.arrow_schema)


def _all_in_day(created_at: pa.Array, day: date) -> bool:
    if not len(created_at):
        return True
    bounds = pc.min_max(created_at)
    start = datetime(day.year, day.month, day.day, tzinfo=timezone.utc)
    first, last = bounds["min"].value, bounds["max"].value
    offset = int(start.timestamp()) * 1_000_000
    return bool(offset <= first and last < offset + 86_400_000_000)


def _timestamps(values: list[str | None]) -> pa.Array:
    try:
        return pa.array(values, pa.string()).cast(pa.timestamp("us", "UTC"))
    except pa.ArrowInvalid as error:
        raise ShapeError(str(error)) from None


def _values(column: Column, events: Sequence[Event]) -> list[Any]:
    return list(map(attrgetter(column.name), events))


def _text(column: Column, events: Sequence[Event]) -> pa.Array:
    array = pa.array(_values(column, events), pa.string())
    if not column.nullable:
        return array
    # An unknown country is two NUL characters (section 2), which PostgreSQL refuses.
    only_nul = pc.match_substring_regex(array, r"^\x00+$")
    return pc.if_else(only_nul, None, array) if pc.any(only_nul).as_py() else array


def _json(column: Column, events: Sequence[Event]) -> pa.Array:
    raw = pa.array(list(map(bytes, _values(column, events))), pa.binary())
    missing = pc.equal(raw, b"null")
    if pc.any(missing).as_py():
        raw = pc.if_else(missing, None, raw)
    try:
        return raw.cast(pa.string())
    except pa.ArrowInvalid as error:
        raise ShapeError(str(error)) from None


def _double(column: Column, events: Sequence[Event]) -> pa.Array:
    return pa.array(_values(column, events), pa.float64())


def _bigint(column: Column, events: Sequence[Event]) -> pa.Array:
    return pa.array(_values(column, events), pa.int64())


def _timestamp(column: Column, events: Sequence[Event]) -> pa.Array:
    return _timestamps(_values(column, events))


_MAKE: dict[str, Callable[[Column, Sequence[Event]], pa.Array]] = {
    "text": _text,
    "json": _json,
    "double": _double,
    "bigint": _bigint,
    "timestamp": _timestamp,
}
