"""Ask the server for a day in plain words, until nothing more comes of it.

Nothing is believed of the server but what it lists: bounds are wide enough for every meaning they
ever had, and where a listing does not add up it is asked for again in pages of other sizes.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from openpanel_source.api.client import Client
from openpanel_source.errors import (
    AnswerTooLargeError,
    InvalidQueryError,
    ProjectAccessError,
    ProjectNotFoundError,
)
from openpanel_source.verify.answers import Row, rows_of

_PATH = "/export/events"
_PAGE = 1000
Page = tuple[int, list[Row]]
"""How many rows the server counts, and those it lists."""


@dataclass(frozen=True)
class Asked:
    """Which events the warehouse is meant to hold.

    Args:
        events: Names; empty for all.
        filters: As the API takes them.
        profile_id: Of one profile and its devices.
        includes: Fields to name.
    """

    events: tuple[str, ...] = ()
    filters: tuple[Mapping[str, Any], ...] = ()
    profile_id: str | None = None
    includes: tuple[str, ...] = ()


class Listing:
    """What one server lists.

    Args:
        client: Makes the requests.
        asked: Which events.
        project: Tells, with one request, whether the server decodes what it is sent.
    """

    def __init__(self, client: Client, asked: Asked, project: str) -> None:
        self._client = client
        self._asked = asked
        try:
            client.get(_PATH, [("projectId", _quoted(project)), ("limit", '"1"')])
            self._text: Callable[[str], str] = _quoted
        except (InvalidQueryError, ProjectNotFoundError, ProjectAccessError):
            # Servers before 2026-04-09 take quotes for a part of the text.
            self._text = str

    def passes(self, project: str, day: date) -> Iterator[Iterator[Page]]:
        """Walks through all that is listed around a UTC day, each with pages of another size.

        Args:
            project: The project.
            day: The day; rows of other days may come as well.

        Yields:
            The pages of one walk.
        """
        params = self._params(project, day)
        first = self._page(params, _PAGE, 0)
        size = 50 if len(first[1]) == 50 < first[0] else _PAGE
        yield self._walk(params, size, size, first)
        power = 1 << (size.bit_length() - 1)
        # No page 1, whose rows some servers hide, and no page twice cut at the same rows.
        for limit, start in (
            (power, 1),
            (power, power // 2),
            *((power >> n, 1) for n in (1, 2, 3)),
        ):
            yield self._walk(params, limit, start)

    def _walk(
        self, params: list[tuple[str, str]], limit: int, offset: int, first: Page | None = None
    ) -> Iterator[Page]:
        before: list[str] = []
        if first is not None:
            yield first
            before = [row.raw for row in first[1]]
        while True:
            total, rows = self._page(params, limit, offset)
            texts = [row.raw for row in rows]
            if not rows or texts == before:
                return
            yield total, rows
            before, offset = texts, offset + limit

    def _page(self, params: list[tuple[str, str]], limit: int, offset: int) -> Page:
        # A page that is no whole number is an exact offset, on every server.
        page = 1 + offset / limit
        number = str(int(page)) if page.is_integer() else repr(page)
        try:
            answer = self._client.get(_PATH, [*params, ("limit", str(limit)), ("page", number)])
        except AnswerTooLargeError:
            if limit == 1:
                raise
            part = limit // next(by for by in (2, 5) if limit % by == 0)
            parts = [self._page(params, part, offset + n) for n in range(0, limit, part)]
            return parts[0][0], [row for _, rows in parts for row in rows]
        return rows_of(answer.content, f"GET {_PATH}")

    def _params(self, project: str, day: date) -> list[tuple[str, str]]:
        text, asked = self._text, self._asked
        params = [
            ("projectId", text(project)),
            ("start", f"{day}"),
            ("end", f"{day + timedelta(days=1)}"),
            *(("event", text(name)) for name in asked.events),
        ]
        if asked.filters:
            params.append(("filters", _quoted(json.dumps(list(asked.filters), ensure_ascii=False))))
        if asked.profile_id is not None:
            params.append(("profileId", text(asked.profile_id)))
        # Some servers keep counts for ten minutes under the names of the fields.
        unique = f"x{secrets.token_hex(8)}"
        return [*params, *(("includes", name) for name in (*asked.includes, unique))]


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False).replace(",", "\\u002c")
