"""``/export/events``: a page of rows, selected, counted and written."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec

from openpanel_source.sandbox.answers import Answer, server_error
from openpanel_source.sandbox.dataset import Row
from openpanel_source.sandbox.dates import DAY_MS
from openpanel_source.sandbox.events.counts import CountCache
from openpanel_source.sandbox.events.events_query import EventsQuery, check_events
from openpanel_source.sandbox.events.rows import DEFAULT_FIELDS, LOOKED_UP, iso, member, picker
from openpanel_source.sandbox.events.selection import Selection, select_events
from openpanel_source.sandbox.events.store import Store
from openpanel_source.sandbox.generation import Generation
from openpanel_source.sandbox.query import Params, decode_values

_WINDOWS = (0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 365)
"""Days that page 1 looks back, one after the other, until there is a row."""

_LOOKUP_COLUMNS = "seq, name, device_id, profile_id"
_Found = tuple[Any, ...]


@dataclass
class Page:
    """A page before it becomes text; only misbehaviour makes it other than usual."""

    rows: list[bytes]
    meta: dict[str, Any] | None
    as_object: bool = False

    def answer(self) -> Answer:
        """Return the page as the server sends it."""
        data = b"[%s]" % b",".join(self.rows)
        if self.as_object:
            data = b'{"rows":%s}' % data
        if self.meta is None:
            return Answer(200, b'{"data":%s}' % data)
        return Answer(200, b'{"meta":%s,"data":%s}' % (msgspec.json.encode(self.meta), data))


class Events:
    """Reads pages of events.

    Args:
        store: Holds the rows.
        generation: What the server can do.
        now: The server's clock.
    """

    def __init__(self, store: Store, generation: Generation, now: Callable[[], datetime]) -> None:
        self._store = store
        self._generation = generation
        self._now = now
        self._counts = CountCache()
        self._hidden = {"duration"} if generation.groups else {"groups"}
        if not generation.revenue:
            self._hidden.add("revenue")

    def check(self, params: Params) -> EventsQuery:
        """Return the parameters of a request, checked.

        Raises:
            Refusal: 400, naming all that is wrong.
        """
        if self._generation.decodes_values and not self._generation.rewritten:
            params = decode_values(params)
        return check_events(params, self._generation)

    def page(self, project: str, query: EventsQuery) -> Page:
        """Return the page of a project that a query asks for.

        Raises:
            Refusal: 500, ClickHouse would fail on it.
            duckdb.Error: So would DuckDB.
        """
        limit = max(min(query.limit, self._generation.max_limit), 1)
        cursor = max(query.page, 1) - 1
        selection = select_events(project, query, self._generation)
        if limit != int(limit):
            raise server_error()
        rows = self._list(selection, query.includes, int(limit), cursor)
        total = self._total(project, query, selection)
        current = cursor + 1
        meta = {
            "count": len(rows),
            "totalCount": total,
            "pages": math.ceil(total / limit),
            "current": int(current) if current == int(current) else current,
        }
        return Page(self._encode(project, rows, query), meta)

    def _list(
        self, selection: Selection, includes: frozenset[str], limit: int, cursor: float
    ) -> list[_Found]:
        columns = _LOOKUP_COLUMNS if includes & LOOKED_UP else "seq"
        window = self._generation.window
        if cursor or window == "never" or (selection.has_bounds and window == "without_dates"):
            offset = cursor * limit
            if 0 < offset < 1 and not self._generation.rewritten:
                # ClickHouse takes an offset below 1 for a share of all rows.
                offset = math.ceil(offset * self._store.query(*selection.count_listed())[0][0])
            if offset >= 2**63 or offset != int(offset):
                raise server_error()
            return self._store.query(*selection.page(columns, limit, int(offset)))
        now_ms = int(self._now().timestamp() * 1000)
        for days in _WINDOWS:
            newest = selection.page(columns, limit, 0, newer_than=now_ms - days * DAY_MS)
            rows = self._store.query(*newest)
            if rows:
                return rows
        return []

    def _total(self, project: str, query: EventsQuery, selection: Selection) -> int:
        def count() -> int:
            total: int = self._store.query(*selection.count())[0][0]
            return total

        if not self._generation.cached_counts:
            return count()
        # The key leaves out the days, as that of the real server does.
        key = (project, query.events, query.profile, query.includes)
        return self._counts.get(key, self._now(), count)

    def _encode(self, project: str, rows: list[_Found], query: EventsQuery) -> list[bytes]:
        store = self._store
        names = (DEFAULT_FIELDS | query.includes) - LOOKED_UP - self._hidden
        if not self._generation.groups:
            names |= {"duration"}
        pick = picker(names)
        without_groups = self._generation.groups and "groups" not in names
        tail = member("groups", []) if without_groups else b""
        encoded = [b"{%s%s" % (b"".join(pick(store.fragments(row[0]))), tail) for row in rows]
        if query.includes & LOOKED_UP:
            looked_up = _Lookup(
                store, project, query.includes, iso(self._now()), self._generation.groups
            )
            encoded = [
                text + looked_up.members(*row[1:]) for text, row in zip(encoded, rows, strict=True)
            ]
        if store.has_raw:
            return [
                store.raw(row[0]) or text + b"}" for text, row in zip(encoded, rows, strict=True)
            ]
        return [text + b"}" for text in encoded]


class _Lookup:
    """The members of a row that come from elsewhere, encoded once a page."""

    def __init__(
        self, store: Store, project: str, includes: frozenset[str], now: str, has_groups: bool
    ) -> None:
        self._store = store
        self._lacking = () if has_groups else ("groups", "lastSeenAt")
        self._project = project
        self._includes = includes
        self._now = now
        self._profiles: dict[tuple[str, bool], bytes] = {}
        self._metas: dict[str, bytes] = {}

    def members(self, name: str, device: str, profile: str) -> bytes:
        """Return the JSON members for an event of this name, device and profile."""
        found = b""
        if "meta" in self._includes:
            if name not in self._metas:
                meta = self._store.meta(self._project, name)
                self._metas[name] = member("meta", meta) if meta else b""
            found += self._metas[name]
        if "profile" in self._includes:
            key = profile, device == profile
            if key not in self._profiles:
                self._profiles[key] = member("profile", self._profile(*key))
            found += self._profiles[key]
        return found

    def _profile(self, profile_id: str, anonymous: bool) -> Row:
        stored = None if anonymous else self._store.profile(self._project, profile_id)
        profile = stored or {
            "id": profile_id,
            "email": "",
            "avatar": "",
            "firstName": "",
            "lastName": "",
            "createdAt": self._now,
            "lastSeenAt": self._now,
            "projectId": self._project,
            "isExternal": False,
            "properties": {},
            "groups": [],
        }
        return {name: value for name, value in profile.items() if name not in self._lacking}
