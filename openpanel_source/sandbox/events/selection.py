"""Which events a query is about, as SQL over the store."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from openpanel_source.sandbox.events.bounds import bounds
from openpanel_source.sandbox.events.conditions import Sql, joined
from openpanel_source.sandbox.events.events_query import EventsQuery
from openpanel_source.sandbox.events.filters import conditions
from openpanel_source.sandbox.generation import Generation, Order

Statement = tuple[str, tuple[Any, ...]]
"""A query and its parameters."""

BY_GROUP = "(SELECT *, unnest(groups) AS group_id FROM events)"
"""Each event once for each of its groups."""

_OF_PROFILE = (
    "(profile_id = ? OR {}device_id IN (SELECT e.device_id FROM events e"
    " WHERE e.project_id = ? AND e.device_id <> '' AND e.profile_id = ?))"
)
# OpenPanel 3 leaves out what others did on a device that is called the same.
_ANONYMOUS = "profile_id = device_id AND "
# Where the order leaves ties, a real server's changes with limit and offset.
_ORDERS: dict[Order, str] = {
    "id": "created_ms DESC, id_low, id_high, seq",
    "profile_and_name": "created_ms DESC, profile_id DESC, name DESC, hash(seq, ?, ?)",
    "unstable": "created_ms DESC, hash(seq, ?, ?)",
}


@dataclass(frozen=True)
class Selection:
    """The events that a query lists and those that it counts, which are not always the same."""

    source: str
    listed: Sql
    counted: Sql
    has_bounds: bool
    order: Order

    def page(
        self, columns: str, limit: int, offset: int, newer_than: int | None = None
    ) -> Statement:
        """Return the query for a page of the listed events, the newest first."""
        where = self.listed
        if newer_than is not None:
            where = joined([where, Sql("created_ms >= ?", (newer_than,))], "AND")
        order = _ORDERS[self.order]
        keys = (limit, offset) * order.count("hash")
        sql = f"SELECT {columns} {self._from(where)} ORDER BY {order} LIMIT ? OFFSET ?"
        return sql, (*where.parameters, *keys, limit, offset)

    def count(self) -> Statement:
        """Return the query for the total that the server reports."""
        return f"SELECT count(*) {self._from(self.counted)}", self.counted.parameters

    def count_listed(self) -> Statement:
        """Return the query for the number of rows on all pages."""
        return f"SELECT count(*) {self._from(self.listed)}", self.listed.parameters

    def _from(self, where: Sql) -> str:
        return f"FROM {self.source} AS events WHERE {where.text}"


def select_events(project: str, query: EventsQuery, generation: Generation) -> Selection:
    """Return the selection that a query of a project makes.

    Raises:
        Refusal: 500, a date or a filter is one that the server fails on.
    """
    given = conditions(query.filters, generation.charts)
    pieces = [Sql("project_id = ?", (project,)), given.where]
    between = bounds(query.start, query.end, generation)
    if between:
        pieces.append(between)
    if query.events:
        marks = ", ".join("?" * len(query.events))
        pieces.append(Sql(f"name IN ({marks})", query.events))
    listed, counted = pieces, pieces
    if query.profile:
        of_profile = _OF_PROFILE.format(_ANONYMOUS if generation.rewritten else "")
        listed = [*pieces, Sql(of_profile, (query.profile, project, query.profile))]
        counted = [*pieces, Sql("profile_id = ?", (query.profile,))]
    return Selection(
        source=BY_GROUP if given.by_group else "events",
        listed=joined(listed, "AND"),
        counted=joined(counted, "AND"),
        has_bounds=between is not None,
        order=generation.order,
    )
