"""Build the query of a request so that the server reads exactly what was meant.

Servers JSON-decode every query value that parses as JSON before they validate it, and OpenPanel 3
splits values at commas and decodes what is in lists once more (openpanel-api.md, section 1;
openpanel-3.md, section 2). A JSON string without a comma is read as its text by all of them.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from openpanel_source.api.filters import Filter
from openpanel_source.api.generation import CURRENT, Generation
from openpanel_source.errors import InvalidSettingError
from openpanel_source.model.clock import DAY, EARLIEST, LATEST, midnight
from openpanel_source.model.instants import instant_text
from openpanel_source.model.schema import INCLUDES

EVENTS_PATH = "/export/events"

Params = list[tuple[str, str]]
"""Names and encoded values, in order; a name may repeat."""

PAGE_SIZE = 1000
"""Events a page: the most that servers give (section 3)."""

MAX_QUERY_BYTES = 15_000
"""URLs longer than this risk a 431: the server reads about 16 KB of URL and headers."""


EVERYTHING = (instant_text(midnight(EARLIEST)), instant_text(midnight(LATEST + DAY)))
"""Bounds that select whatever is ever asked for, on every generation."""

_JSON_WORDS = ("true", "false", "null")


def encode_string(value: str) -> str:
    """The query value that the server decodes to exactly this string.

    Args:
        value: Any text.

    Returns:
        The text itself, or as a JSON string where a server would read it as something else.
    """
    # JSON allows spaces around its words. More than JSON is quoted: 007 is read as a number too.
    is_plain = value[:1].isalpha() and "," not in value and value.strip() not in _JSON_WORDS
    return value if is_plain else json.dumps(value, ensure_ascii=False).replace(",", "\\u002c")


def encode_json(value: Any) -> str:
    """Compact JSON of a list or object."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def encode_list(value: Sequence[Any], generation: Generation) -> str:
    """The query value that the server reads as exactly this list, which cannot be sent as text.

    Args:
        value: JSON values.
        generation: The server's.
    """
    return encode_json(_once_more(value) if generation.decodes_lists_twice else value)


def _once_more(value: Any) -> Any:
    """A JSON value all of whose members are texts that decode to those meant."""
    if isinstance(value, Mapping):
        return {name: _once_more(item) for name, item in value.items()}
    if isinstance(value, str):
        return encode_string(value)
    if isinstance(value, Sequence):
        return [_once_more(item) for item in value]
    return None if value is None else encode_json(value)


def encode_filters(filters: Sequence[Filter]) -> str:
    """The query value that the server reads as exactly these filters, values and their types.

    A list itself would be decoded once more by OpenPanel 3; as text, only filters are made of it.
    """
    return encode_string(encode_json([item.to_api() for item in filters]))


@dataclass(frozen=True)
class EventQuery:
    """Which events of a project are asked for.

    Args:
        events: Event names; empty for all.
        filters: All must hold; empty for all events.
        profile_id: Only this profile's events and those of its devices.
        dimensions: What to have told with them, ``profile`` and ``meta``; selects no other events.
        unwanted: Fields of the API that are not asked for; selects no other events.
    """

    events: tuple[str, ...] = ()
    filters: tuple[Filter, ...] = ()
    profile_id: str | None = None
    dimensions: tuple[str, ...] = field(default=(), compare=False)
    unwanted: frozenset[str] = field(default=frozenset(), compare=False)

    @property
    def fingerprint(self) -> str:
        """16 hex digits that change when the query selects other events; ``all`` without one."""
        if self == EventQuery():
            return "all"
        parts = {
            "events": sorted(self.events),
            "filters": sorted(encode_json(filter_.to_api()) for filter_ in self.filters),
            "profile_id": self.profile_id,
        }
        return hashlib.sha256(encode_json(parts).encode()).hexdigest()[:16]

    @property
    def includes(self) -> tuple[str, ...]:
        """The fields to name in a request for whole events."""
        return (*(name for name in INCLUDES if name not in self.unwanted), *self.dimensions)

    @property
    def is_counted(self) -> bool:
        """Whether ``totalCount`` counts all rows listed; under a profile id it does not."""
        return self.profile_id is None

    def params(
        self,
        project_id: str,
        first: date,
        last: date,
        *,
        limit: int = PAGE_SIZE,
        includes: Sequence[str] = (),
        generation: Generation = CURRENT,
    ) -> Params:
        """The parameters that select the events of whole UTC days.

        Args:
            project_id: The project to read.
            first: First UTC day, inclusive.
            last: Last UTC day, inclusive.
            limit: Rows a page, 1 to 1,000.
            includes: Fields beyond the ones every answer holds.
            generation: The server's; it may not decode values.

        Returns:
            Parameters without ``page``.
        """
        start, end, filters = _days(first, last, generation)
        return self._params(project_id, (start, end), filters, limit, includes, generation)

    def between(
        self,
        project_id: str,
        start: datetime,
        end: datetime,
        *,
        limit: int = PAGE_SIZE,
        generation: Generation = CURRENT,
    ) -> Params:
        """The parameters that select the events from one instant to before another.

        The bounds are widened to whole seconds, which all servers read alike, and filters narrow
        them to the millisecond. Without filters on the server, what is at ``end`` is selected too.

        Args:
            project_id: The project to read.
            start: First instant, UTC.
            end: The first instant after.
            limit: Rows a page.
            generation: The server's.

        Returns:
            Parameters without ``page``.
        """
        second = timedelta(seconds=1)
        floor, ceiling = start.replace(microsecond=0), end.replace(microsecond=0)
        if ceiling < end:
            ceiling += second
        filters = _bounding(start, end) if generation.has_filters else ()
        bounds = (instant_text(floor), instant_text(ceiling))
        return self._params(project_id, bounds, filters, limit, (), generation)

    def filtered(self, project_id: str, first: date, last: date, generation: Generation) -> Params:
        """The parameters that count the events of whole UTC days by filters alone.

        Args:
            project_id: The project to count.
            first: First UTC day, inclusive.
            last: Last UTC day, inclusive.
            generation: The server's, which has filters.

        Returns:
            Parameters without ``page``, whose bounds select all that is ever asked for.
        """
        filters = _bounding(midnight(first), midnight(last + DAY))
        return self._params(project_id, EVERYTHING, filters, 1, (), generation)

    def _params(
        self,
        project_id: str,
        bounds: tuple[str, str],
        bounding: Sequence[Filter],
        limit: int,
        includes: Sequence[str],
        generation: Generation,
    ) -> Params:
        encode = encode_string if generation.decodes_values else str
        params = [
            ("projectId", encode(project_id)),
            ("start", bounds[0]),
            ("end", bounds[1]),
            ("limit", str(limit)),
        ]
        params.extend(("event", encode(name)) for name in self.events)
        filters = (*self.filters, *bounding)
        if filters:
            params.append(("filters", encode_filters(filters)))
        if self.profile_id is not None:
            params.append(("profileId", encode(self.profile_id)))
        # Repeated keys are the one form that every server version reads.
        params.extend(("includes", name) for name in includes)
        return params


def _days(first: date, last: date, generation: Generation) -> tuple[str, str, tuple[Filter, ...]]:
    """Bounds and filters that select whole UTC days (openpanel-api.md, section 10)."""
    if not generation.has_filters and not generation.bounds.are_instants:
        # All servers without filters have whole days, as far as any is known.
        return f"{first}", f"{last}", ()
    end = midnight(last + DAY)
    # Whatever the bounds are compared as, what happens at the next midnight is not of the day.
    filters = (_created_at("lt", end),) if generation.has_filters else ()
    return instant_text(midnight(first)), instant_text(end), filters


def _bounding(start: datetime, end: datetime) -> tuple[Filter, ...]:
    return _created_at("gte", start), _created_at("lt", end)


def _created_at(operator: str, instant: datetime) -> Filter:
    # Without a type, and in this form alone, a filter is exact to the millisecond (section 4).
    return Filter("created_at", operator, instant_text(instant).replace("T", " ").rstrip("Z"))


def unique_name() -> str:
    """A name that no field has and no request named before, so that no cache knows the answer."""
    return f"x{secrets.token_hex(8)}"


def query_string(params: Params) -> str:
    """The percent-encoded query string of the parameters."""
    return urlencode(params)


def check_length(params: Params, what: str, remedy: str) -> None:
    """Refuse parameters that make a longer URL than servers read.

    Args:
        params: The parameters.
        what: The settings that they are made of, for the error.
        remedy: What to do if they are too long.

    Raises:
        InvalidSettingError: They are, or their texts are none.
    """
    try:
        length = len(query_string(params))
    except UnicodeEncodeError:
        raise InvalidSettingError(
            f"{what} hold half a character (a lone surrogate); they must be text that UTF-8 can"
            " hold."
        ) from None
    if length > MAX_QUERY_BYTES:
        raise InvalidSettingError(
            f"{what} make a URL of {length} bytes; the server reads about 16,000: {remedy}."
        )
