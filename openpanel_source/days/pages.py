"""Read a day page by page, several in flight, and in parts where a page is too large."""

from __future__ import annotations

import logging
import threading
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import date
from typing import Any, NamedTuple

from openpanel_source.api.client import Client
from openpanel_source.api.generation import Generation
from openpanel_source.api.page import Meta, RawPage, first_id, split_page
from openpanel_source.api.query import EVENTS_PATH, EventQuery
from openpanel_source.days.attempt import Attempt
from openpanel_source.days.meter import Meter
from openpanel_source.days.planned_days import PlannedDay
from openpanel_source.errors import AnswerTooLargeError
from openpanel_source.rows.decode import Rejected, as_text
from openpanel_source.rows.shape import ShapedPage, Shaper, shape_events

logger = logging.getLogger(__name__)

_PARTS = (4, 5, 5, 10)
"""Into how many parts a page is divided that is too large, then each of them, down to an event."""


@dataclass
class Pages:
    """Pages of days of a query.

    Args:
        client: Makes the requests.
        query: Which events.
        generation: The server's.
        shaper: Makes tables of them.
        in_flight: Pages of a day that are asked for at a time.
        meter: Counts rows as they come.
    """

    client: Client
    query: EventQuery
    generation: Generation
    shaper: Shaper
    in_flight: int
    meter: Meter
    _shaping: threading.Lock = field(default_factory=threading.Lock, init=False)

    def fetch(self, item: PlannedDay, number: int, size: int | None = None) -> list[ShapedPage]:
        """A page of a day, with all fields.

        Args:
            item: The day.
            number: Counted from 1.
            size: Rows that a page holds; as many as the server allows when left out.

        Returns:
            The page; its parts, in order, if it is larger than an answer may be. An event that
            alone is larger is rejected. Each says how many whole pages there are.

        Raises:
            OpenPanelError: A request failed for good.
        """
        size = size or self.generation.page_size
        try:
            return [self._ask(item, number, size)]
        except AnswerTooLargeError:
            pages = self._in_parts(item, number, size, _PARTS)
        return [page._replace(meta=_of_whole_pages(page.meta, size)) for page in pages]

    def read(
        self, pool: ThreadPoolExecutor, item: PlannedDay, first: FirstPage, size: int
    ) -> Attempt:
        """Read a day once, from its first page to its last, whatever it holds.

        Args:
            pool: Makes the requests.
            item: The day.
            first: Its first page.
            size: Rows that a page holds.

        Raises:
            OpenPanelError: A request failed for good.
        """
        from openpanel_source.api.paginator import EventsPaginator

        paginator = EventsPaginator(until_empty=not self.query.is_counted)
        attempt = Attempt(page_size=size)
        window = deque([first.pages])
        asked = 1
        while window:
            pages = window.popleft().result()
            new_rows = sum([attempt.add(page) for page in pages])
            self.meter.reach(attempt.rows, attempt.totals[0])
            paginator.observe(pages[-1].meta, sum(page.rows for page in pages), new_rows)
            if not paginator.has_next_page:
                break
            known = max(paginator.pages, paginator.page + 1)
            while len(window) < self.in_flight and asked < known:
                asked += 1
                window.append(pool.submit(self.fetch, item, asked, size))
        for unneeded in window:
            unneeded.cancel()
        return attempt

    def _in_parts(
        self, item: PlannedDay, number: int, size: int, parts: tuple[int, ...]
    ) -> list[ShapedPage]:
        """A page that is too large, in parts that are not."""
        if size == 1:
            return [self._ask_in_short(item, number)]
        logger.info("page %d of %s by %d is too large: read in parts", number, item.day, size)
        divisor = next((part for part in parts if size % part == 0), size)
        pages: list[ShapedPage] = []
        for part in range((number - 1) * divisor + 1, number * divisor + 1):
            try:
                pages.append(self._ask(item, part, size // divisor))
            except AnswerTooLargeError:
                pages += self._in_parts(item, part, size // divisor, parts[1:])
            if not pages[-1].rows:
                break
        return pages

    def _ask(self, item: PlannedDay, number: int, size: int) -> ShapedPage:
        def shape(body: bytes, request: str) -> ShapedPage:
            # One page is shaped at a time: more threads would only fight for the interpreter.
            with self._shaping:
                return self.shaper.page(body, item.project_id, item.day, request)

        params = self.query.params(
            item.project_id,
            item.day,
            item.day,
            limit=size,
            includes=self.query.includes,
            generation=self.generation,
        )
        return self.client.read(EVENTS_PATH, [*params, ("page", str(number))], shape)

    def _ask_in_short(self, item: PlannedDay, number: int) -> ShapedPage:
        """An event that is too large, as rejected: what the server says of it unasked."""
        params = self.query.params(
            item.project_id, item.day, item.day, limit=1, generation=self.generation
        )
        page: RawPage = self.client.read(EVENTS_PATH, [*params, ("page", str(number))], split_page)
        reason = (
            f"the event (number {number} of the day, the newest first) is larger than"
            f" max_page_bytes ({self.client.max_page_bytes:,}) and is shown without its"
            " properties; raise max_page_bytes and reload the day"
        )
        rejected = [Rejected(as_text(bytes(raw)), reason) for raw in page.data]
        empty = shape_events([], item.project_id, item.day)
        return ShapedPage(page.meta, [], rejected, empty, first_id=first_id(page))


def _of_whole_pages(meta: Meta, size: int) -> Meta:
    """The counts of a part as those of pages of a size."""
    return Meta(meta.total_count, -(-meta.total_count // size))


class FirstPage(NamedTuple):
    """The first page of a day, under way.

    Attributes:
        asked_on: The UTC day on which it was asked for: what came later is not in it.
        pages: What ``Pages.fetch`` returns; of old servers, what their reader does.
    """

    asked_on: date
    pages: Future[Any]
