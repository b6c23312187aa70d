"""Read a day from its first page to its last, several pages in flight."""

from __future__ import annotations

from collections import deque
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from openpanel_source.days.attempt import Attempt
from openpanel_source.days.meter import Meter
from openpanel_source.days.pages import FirstPage, Pages
from openpanel_source.days.planned_days import PlannedDay


@dataclass(frozen=True)
class PageByPage:
    """Reads days once, whatever they hold.

    Args:
        pages: Of the query.
        in_flight: Pages asked for at a time.
        meter: Counts rows as they come.
    """

    pages: Pages
    in_flight: int
    meter: Meter

    def read(
        self, pool: ThreadPoolExecutor, item: PlannedDay, first: FirstPage, size: int
    ) -> Attempt:
        """Read a day.

        Args:
            pool: Makes the requests.
            item: The day.
            first: Its first page.
            size: Rows that a page holds.

        Raises:
            OpenPanelError: A request failed for good.
        """
        from openpanel_source.api.paginator import EventsPaginator

        paginator = EventsPaginator(until_empty=not self.pages.query.is_counted)
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
                window.append(pool.submit(self.pages.fetch, item, asked, size))
        for unneeded in window:
            unneeded.cancel()
        return attempt
