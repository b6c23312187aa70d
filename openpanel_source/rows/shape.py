"""Turn decoded events into Arrow tables, column by column."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timezone
from functools import lru_cache
from typing import NamedTuple

import pyarrow as pa
from msgspec.structs import astuple

from openpanel_source.api.page import Meta, RawPage, split_page
from openpanel_source.model.json_text import UNREADABLE
from openpanel_source.model.schema import EVENTS, REJECTED_EVENTS
from openpanel_source.rows.columns import ShapeError, Values, id_column, shape_column
from openpanel_source.rows.decode import Page, Rejected, decode_page, decode_rows
from openpanel_source.rows.dimensions import Dimensions, DimensionShaper
from openpanel_source.rows.event import NULL, Event, Fields, is_kept
from openpanel_source.rows.new_fields import NewFields
from openpanel_source.rows.privacy import Privacy
from openpanel_source.rows.promoted import NOTHING, Promotion

EVENTS_SCHEMA = EVENTS.arrow_schema


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
    """

    meta: Meta
    ids: list[str]
    rejected: list[Rejected]
    table: pa.Table
    keep: pa.Array | None = None
    dimensions: Dimensions = ()
    first_id: str | None = None

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
        dimensions: What the server is asked to tell beside events.
        promotion: What is made of properties.
    """

    privacy: Privacy | None = None
    fields: NewFields | None = None
    dimensions: DimensionShaper | None = None
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
        page = None
        try:
            page = decode_page(
                body, self._dimension_names, self.fields.known if self.fields else ()
            )
            table = shape_events(page.events, project_id, day, page.fields)
        except (ShapeError, *UNREADABLE):
            return self.rows(split_page(body, request), project_id, day, page)
        return self._shaped(page, table, project_id)

    def rows(
        self, page: RawPage, project_id: str, day: date, decoded: Page | None = None
    ) -> ShapedPage:
        """Decode rows one by one, whatever they hold, and shape those that are events.

        Args:
            page: The rows.
            project_id: The project that was asked for.
            day: The UTC day that was asked for.
            decoded: The same as events, if they are but cannot all be shaped.
        """
        found = decode_rows(page, day, self._dimension_names, self.fields, decoded)
        table = shape_events(found.events, project_id, day, found.fields)
        return self._shaped(found, table, project_id)

    @property
    def _dimension_names(self) -> tuple[str, ...]:
        return self.dimensions.names if self.dimensions else ()

    def _shaped(self, page: Page, table: pa.Table, project_id: str) -> ShapedPage:
        ids = [event.id for event in page.events]
        dimensions = self.dimensions.shape(page.events, project_id) if self.dimensions else ()
        keep = None
        if self.privacy is not None:
            table, keep = self.privacy.hide(table, page.fields)
        # While the page is at hand: later, its texts would have to come from far away again.
        table = self.promotion.fill(table)
        return ShapedPage(page.meta, ids, page.rejected, table, keep, dimensions, page.first_id)


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
    created_at = shape_column("timestamp", values.get("created_at", ()))
    if not _all_in_day(created_at, day):
        raise ShapeError(f"an event does not lie in {day}")
    made = {
        "project_id": pa.repeat(pa.scalar(project_id, pa.string()), len(events)),
        "event_date": pa.repeat(pa.scalar(day, pa.date32()), len(events)),
        "id": id_column(values.get("id", ())),
        "created_at": created_at,
        "extras": _extras(events),
    }
    arrays = [
        made[column.name]
        if column.name in made
        else pa.nulls(len(events), pa.string())
        if column.property_key is not None
        else shape_column(column.type, values.get(column.name, ()))
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
    return REJECTED_EVENTS.arrow_table(rows)


def _all_in_day(created_at: pa.Array, day: date) -> bool:
    if not len(created_at):
        return True
    import pyarrow.compute as pc

    bounds = pc.min_max(created_at)
    start = datetime(day.year, day.month, day.day, tzinfo=timezone.utc)
    first, last = bounds["min"].value, bounds["max"].value
    offset = int(start.timestamp()) * 1_000_000
    return bool(offset <= first and last < offset + 86_400_000_000)


def _extras(events: Sequence[Event]) -> pa.Array:
    if not any(is_kept(kind) for kind in set(map(type, events))):
        return pa.nulls(len(events), pa.string())
    return pa.array([getattr(event, "_extras", None) for event in events], pa.string())


def _sparse_json(values: Values) -> pa.Array:
    is_empty = values.count(NULL) == len(values)
    return pa.nulls(len(values), pa.string()) if is_empty else shape_column("json", values)
