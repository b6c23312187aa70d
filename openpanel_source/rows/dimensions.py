"""What the server tells beside events: their profiles, and what the dashboard says of their names.

It comes with every event, so most of a page is the same over and over: it is taken as bytes, each
once a page. Nothing in it can harm an event.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import GenericAlias
from typing import Any

import msgspec
import pyarrow as pa

from openpanel_source.model.clock import Clock
from openpanel_source.model.instants import parse_instant
from openpanel_source.model.json_text import UNREADABLE, without_halves
from openpanel_source.model.schema import EVENT_META, PROFILES, Column, Table
from openpanel_source.rows.columns import ShapeError, shape_column
from openpanel_source.rows.event import NULL, Event
from openpanel_source.rows.key_rules import Action
from openpanel_source.rows.privacy import SHARED_WITH_EVENTS, Privacy, nulls

logger = logging.getLogger(__name__)

Dimensions = tuple[tuple[str, pa.Table], ...]
"""Names of tables beside ``events``, and rows for them."""

_NOTHING = (b"null", b"{}", b"[]")
_ONE_MOMENT = timedelta(seconds=1)


class Profile(msgspec.Struct, rename="camel", gc=False):
    """A profile as the server sends it (openpanel-api.md, section 2); JSON values stay bytes."""

    id: str
    email: str | None = None
    avatar: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    is_external: bool | None = None
    properties: msgspec.Raw = NULL
    groups: msgspec.Raw = NULL
    created_at: str | None = None
    last_seen_at: str | None = None

    @property
    def is_real(self) -> bool:
        """Whether it says more than what servers make up in place of a profile they do not have.

        Made up is one that is not external, has neither names, e-mail address, picture,
        properties nor groups, and was seen at no other moment than it was made. (The moment is
        that of the request; but clocks differ and answers are cached, so it tells nothing.)
        """
        return bool(
            self.is_external
            or self.email
            or self.avatar
            or self.first_name
            or self.last_name
            or bytes(self.properties) not in _NOTHING
            or bytes(self.groups) not in _NOTHING
            or not _is_one_moment(self.created_at, self.last_seen_at)
        )


class EventMeta(msgspec.Struct, rename="camel", gc=False):
    """What the dashboard says of the events of a name."""

    name: str
    id: str | None = None
    conversion: bool | None = None
    color: str | None = None
    icon: str | None = None
    created_at: str | None = None
    updated_at: str | None = None

    is_real = True


@dataclass(frozen=True)
class Dimension:
    """A table of what is told beside events.

    Args:
        field: The field of an event that tells it.
        type: What it is.
        table: Where it goes.
        version: The column that grows when it changes.
    """

    field: str
    type: type[Profile] | type[EventMeta]
    table: Table
    version: str


DIMENSIONS = (
    Dimension("profile", Profile, PROFILES, "last_seen_at"),
    Dimension("meta", EventMeta, EVENT_META, "updated_at"),
)


class DimensionShaper:
    """Shapes what the server was asked to tell beside events.

    Args:
        names: ``profile`` and ``meta``, or one of them.
        now: The clock.
        privacy: What must not be loaded.
    """

    def __init__(self, names: tuple[str, ...], now: Clock, privacy: Privacy | None = None) -> None:
        self.names = names
        self._now = now
        self._privacy = privacy
        self._dimensions = [one for one in DIMENSIONS if one.field in names]

    def shape(self, events: Sequence[Event], project_id: str) -> Dimensions:
        """What was told beside the events of a page, as rows of its tables, each once."""
        return tuple(
            (one.table.name, self._shape(one, events, project_id)) for one in self._dimensions
        )

    def _shape(self, one: Dimension, events: Sequence[Event], project_id: str) -> pa.Table:
        sent = dict.fromkeys(bytes(getattr(event, one.field)) for event in events)
        sent.pop(b"null", None)
        real = [item for item in decoded(one.type, sent) if item.is_real]
        rows = shaped(one.table, real, project_id, self._now())
        if len(rows) < len(real):
            logger.warning(
                "%d rows of %s could not be shaped and are left out",
                len(real) - len(rows),
                one.table.name,
            )
        if one.table is PROFILES and self._privacy is not None:
            return hide_profiles(rows, self._privacy)
        return rows


def hide_profiles(rows: pa.Table, privacy: Privacy) -> pa.Table:
    """Apply the privacy settings to rows of ``profiles``, and leave out those that are erased."""
    keep = privacy.kept(rows, ("id",)) if privacy.erased else None
    if keep is not None:
        rows = rows.filter(keep)
    for place, column in enumerate(PROFILES.columns):
        change = _change(column, privacy)
        if change is not None:
            hidden = change(rows.column(place).combine_chunks())
            rows = rows.set_column(place, rows.schema.field(place), hidden)
    return rows


def _change(column: Column, privacy: Privacy) -> Callable[[pa.Array], pa.Array] | None:
    if column.name in SHARED_WITH_EVENTS:
        return privacy.change(SHARED_WITH_EVENTS[column.name])
    # The name that it would have as a field that nobody knows.
    action = privacy.action(column.field or "")
    if action is Action.DROP:
        return nulls
    if action is Action.HASH and column.type == "text":
        return privacy.hashed_texts
    return privacy.change(f"profiles.{column.name}")


def _is_one_moment(first: str | None, last: str | None) -> bool:
    if first == last or last is None:
        return True
    made, seen = parse_instant(first or ""), parse_instant(last)
    return made is not None and seen is not None and abs(seen - made) < _ONE_MOMENT


def decoded(type_: type[Any], raws: Collection[bytes]) -> list[Any]:
    """JSON as what it should be; what is something else is left out with a warning."""
    with suppress(*UNREADABLE):
        found: list[Any] = msgspec.json.decode(
            b"[%s]" % b",".join(raws), type=GenericAlias(list, type_)
        )
        return found
    found = []
    for raw in raws:
        try:
            found.append(msgspec.json.decode(without_halves(raw), type=type_))
        except UNREADABLE as error:
            logger.warning("a %s could not be read and is left out: %s", type_.__name__, error)
    return found


def shaped(table: Table, rows: list[Any], project_id: str, now: datetime) -> pa.Table:
    """Rows of a table; those that do not fit are left out."""
    try:
        return _whole(table, rows, project_id, now)
    except ShapeError:
        if len(rows) == 1:
            return table.arrow_schema.empty_table()
    return pa.concat_tables([shaped(table, [row], project_id, now) for row in rows])


def _whole(table: Table, rows: list[Any], project_id: str, now: datetime) -> pa.Table:
    import pyarrow.compute as pc

    given = {"project_id": project_id, "read_at": now}
    arrays = [
        pa.repeat(pa.scalar(given[field.name], field.type), len(rows))
        if field.name in given
        else shape_column(column.type, [getattr(row, column.name) for row in rows])
        for column, field in zip(table.columns, table.arrow_schema, strict=True)
    ]
    shaped = pa.Table.from_arrays(arrays, schema=table.arrow_schema)
    # An id of nothing but NUL has become null.
    key = shaped.column(table.primary_key[-1])
    return shaped.filter(pc.fill_null(pc.not_equal(key, ""), False))
