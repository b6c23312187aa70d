"""Turn decoded events into Arrow tables, column by column."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timezone
from functools import lru_cache, partial
from typing import Any, NamedTuple, Protocol

import pyarrow as pa
from msgspec.structs import astuple

from openpanel_source.api.page import Meta
from openpanel_source.model.json_text import SHORT, UNREADABLE, check_levels, without_nul_or_halves
from openpanel_source.model.schema import EVENTS, REJECTED_EVENTS, ColumnType
from openpanel_source.rows.decode import Rejected, decode_page, decode_rows
from openpanel_source.rows.event import NULL, Event, Fields, is_kept
from openpanel_source.rows.new_fields import NewFields
from openpanel_source.rows.privacy import Privacy
from openpanel_source.rows.promoted import NOTHING, Promotion

EVENTS_SCHEMA = EVENTS.arrow_schema
Dimensions = tuple[tuple[str, pa.Table], ...]
"""Names of tables beside ``events``, and rows for them."""
Values = Sequence[Any]
"""The values of one column, in the order of the rows."""


class Told(Protocol):
    """What the server was asked to tell beside events."""

    names: tuple[str, ...]
    """The names of these fields."""

    def shape(self, events: Sequence[Event], project_id: str) -> Dimensions:
        """What it told, as rows; never an error."""


class ShapeError(ValueError):
    """Some row of a page does not fit the columns; the page has to be taken row by row."""


class ShapedPage(NamedTuple):
    """A page whose events are rows of a table; the events themselves are gone.

    Attributes:
        meta: What the page says of the whole answer.
        ids: The events' ids, in order.
        rejected: Rows that cannot be shaped.
        table: The events as rows of the table ``events``, in order.
        keep: Which of them are of no erased profile; None for all.
        dimensions: What the server told beside them.
        first_id: Of the first row, rejected or not, if it has one.
        has_failures: Whether a value of a promoted property is none of its column's type.
    """

    meta: Meta
    ids: list[str]
    rejected: list[Rejected]
    table: pa.Table
    keep: pa.Array | None = None
    dimensions: Dimensions = ()
    first_id: str | None = None
    has_failures: bool = False

    @property
    def rows(self) -> int:
        """Rows that the server sent."""
        return len(self.ids) + len(self.rejected)


@dataclass(frozen=True)
class Shaper:
    """Makes tables of pages.

    Args:
        privacy: What must not be loaded.
        fields: Those that have columns though this version does not know them; learns others,
            which become further columns.
        told: What the server is asked to tell beside events.
        promotion: What is made of properties.
    """

    privacy: Privacy | None = None
    fields: NewFields | None = None
    told: Told | None = None
    promotion: Promotion = NOTHING

    def page(self, body: bytes, project_id: str, day: date, request: str) -> ShapedPage:
        """Decode a page and shape its events.

        Args:
            body: The answer's bytes.
            project_id: The project that was asked for.
            day: The UTC day that was asked for.
            request: Method and URL, for errors.

        Raises:
            UnexpectedAnswerError: The body is no page.
        """
        asked = self.told.names if self.told else ()
        try:
            page = decode_page(body, asked, self.fields.known if self.fields else ())
            table = shape_events(page.events, project_id, day, page.fields)
        except (ShapeError, *UNREADABLE):
            page = decode_rows(body, day, request, asked, self.fields)
            table = shape_events(page.events, project_id, day, page.fields)
        ids = [event.id for event in page.events]
        dimensions = self.told.shape(page.events, project_id) if self.told else ()
        keep = None
        if self.privacy is not None:
            table, keep = self.privacy.hide(table, page.fields)
        # While the page is at hand: later, its texts would have to come from far away again.
        table, failures = self.promotion.fill(table)
        return ShapedPage(
            page.meta, ids, page.rejected, table, keep, dimensions, page.first_id, bool(failures)
        )


@lru_cache
def events_schema(fields: Fields = ()) -> pa.Schema:
    """The schema of rows of ``events`` that have a column for each of these fields."""
    further = [pa.field(column, pa.string()) for _, column in fields]
    return pa.schema([*EVENTS_SCHEMA, *further])


def shape_events(
    events: Sequence[Event], project_id: str, day: date, fields: Fields = ()
) -> pa.Table:
    """Events of one UTC day as rows of the table ``events``.

    Args:
        events: As decoded.
        project_id: Becomes a column.
        day: Becomes ``event_date``.
        fields: Of all events, beside those documented.

    Returns:
        A table of ``events_schema(fields)``, one row an event, in order; what is made of properties
        is null.

    Raises:
        ShapeError: A time is no time, or not of that day.
    """
    # Rows become columns in one go: a look-up per value would cost three times as much.
    names = events[0].__struct_fields__ if events else ()
    values = dict(zip(names, zip(*map(astuple, events), strict=False), strict=False))
    created_at = _timestamps(values.get("created_at", ()))
    if not _all_in_day(created_at, day):
        raise ShapeError(f"an event does not lie in {day}")
    made = {
        "project_id": pa.repeat(pa.scalar(project_id, pa.string()), len(events)),
        "event_date": pa.repeat(pa.scalar(day, pa.date32()), len(events)),
        "id": _id(values.get("id", ())),
        "created_at": created_at,
        "extras": _extras(events),
    }
    arrays = [
        made[column.name]
        if column.name in made
        else pa.nulls(len(events), pa.string())
        if column.property_key is not None
        else _MAKE[column.type](values.get(column.name, ()))
        for column in EVENTS.columns
    ]
    arrays += [_sparse_json(values.get(column, ())) for _, column in fields]
    return pa.Table.from_arrays(arrays, schema=events_schema(fields))


def shape_rejected(
    rejected: Sequence[Rejected], project_id: str, day: date, first: int = 0
) -> pa.Table:
    """Rejected rows of one UTC day as rows of ``rejected_events``, from a position on."""
    rows = [
        {
            "project_id": project_id,
            "event_date": day,
            "position": position,
            "reason": row.reason,
            "raw": row.raw or None,
        }
        for position, row in enumerate(rejected, first)
    ]
    return pa.Table.from_pylist(rows, schema=REJECTED_EVENTS.arrow_schema)


def _all_in_day(created_at: pa.Array, day: date) -> bool:
    if not len(created_at):
        return True
    import pyarrow.compute as pc

    bounds = pc.min_max(created_at)
    start = datetime(day.year, day.month, day.day, tzinfo=timezone.utc)
    first, last = bounds["min"].value, bounds["max"].value
    offset = int(start.timestamp()) * 1_000_000
    return bool(offset <= first and last < offset + 86_400_000_000)


def _timestamps(values: Values) -> pa.Array:
    try:
        return pa.array(values, pa.string()).cast(pa.timestamp("us", "UTC"))
    except pa.ArrowInvalid as error:
        raise ShapeError(str(error)) from None


def _extras(events: Sequence[Event]) -> pa.Array:
    if not any(is_kept(kind) for kind in set(map(type, events))):
        return pa.nulls(len(events), pa.string())
    return pa.array([getattr(event, "_extras", None) for event in events], pa.string())


def _id(values: Values) -> pa.Array:
    array = pa.array(values, pa.string())
    if b"\0" in _characters(array):
        raise ShapeError("an id holds NUL")
    return array


def _text(values: Values) -> pa.Array:
    array = pa.array(values, pa.string())
    if b"\0" in _characters(array):
        import pyarrow.compute as pc

        # An unknown country is two NUL characters (section 2), which PostgreSQL refuses.
        only_nul = pc.match_substring_regex(array, r"^\x00+$")
        array = pc.if_else(only_nul, None, array)
        if b"\0" in _characters(array):
            array = pc.replace_substring(array, "\0", "\ufffd")
    return array


def _json(values: Values) -> pa.Array:
    texts: list[bytes | None] = list(map(bytes, values))
    if b"null" in texts:
        texts = [None if text == b"null" else text for text in texts]
    try:
        array = pa.array(texts, pa.string())
        if _has_escapes(array):
            array = pa.array([text and without_nul_or_halves(text) for text in texts], pa.string())
        for text in texts:
            if text is not None and len(text) > SHORT:
                check_levels(text)
    except (pa.ArrowInvalid, ValueError) as error:
        raise ShapeError(str(error)) from None
    return array


def _sparse_json(values: Values) -> pa.Array:
    is_empty = values.count(NULL) == len(values)
    return pa.nulls(len(values), pa.string()) if is_empty else _json(values)


def _has_escapes(array: pa.Array) -> bool:
    """Whether a character is escaped by its number, other than as a quote or a line's end is."""
    characters = _characters(array)
    # One byte is found much faster than two.
    return b"\\" in characters and b"\\u" in characters


def _characters(array: pa.Array) -> bytes:
    """The text of all values in one."""
    buffer = array.buffers()[2]
    return b"" if buffer is None else buffer.to_pybytes()


def shape_column(type_: ColumnType, values: Values) -> pa.Array:
    """Values as a column.

    Raises:
        ShapeError: One of them does not fit.
    """
    return _MAKE[type_](values)


_MAKE: dict[str, Callable[[Values], pa.Array]] = {
    "text": _text,
    "json": _json,
    "bool": partial(pa.array, type=pa.bool_()),
    "double": partial(pa.array, type=pa.float64()),
    "bigint": partial(pa.array, type=pa.int64()),
    "timestamp": _timestamps,
}
