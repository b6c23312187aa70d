"""Follow the pages of the Export API until the end is proven.

Works with dlt's ``RESTClient`` as well as in this source::

    before = {"name": "created_at", "operator": "lt", "value": ["2026-11-02 00:00:00.000"]}
    day = {
        "start": "2026-11-01T00:00:00.000Z",
        "end": "2026-11-02T00:00:00.000Z",
        "filters": json.dumps([before]),
    }
    client = RESTClient("https://api.openpanel.dev", headers={...}, paginator=EventsPaginator())
    for page in client.paginate(
        "/export/events", params={"projectId": "shop", **day}, data_selector="data"
    ):
        ...

These bounds select a whole day whatever the server takes ``start`` and ``end`` for
(openpanel-api.md, section 10); servers before 2026-05 ignore filters and need the day in both.
"""

from __future__ import annotations

from typing import Any

from dlt.sources.helpers.rest_client.paginators import BasePaginator
from requests import Request, Response

from openpanel_source.api.page import Meta, split_page
from openpanel_source.errors import UnexpectedAnswerError

_BARREN_PAGES = 3
"""Pages in a row without a new row after which a server is taken to repeat itself."""
_MOST_PAGES = 1_000_000
"""Pages after which a listing is taken to have no end."""


class EventsPaginator(BasePaginator):
    """Pages of ``/export/events``, from ``meta.pages``, to an end that is proven.

    Neither a short page nor ``meta.pages`` alone ends a listing: it ends when as many rows came as
    the server counted, or with an empty page (openpanel-api.md, sections 3 and 9).

    Args:
        until_empty: Read on until a page is empty, as a listing by profile id needs: the server
            lists more rows there than it counts.
    """

    def __init__(self, *, until_empty: bool = False) -> None:
        super().__init__()
        self._until_empty = until_empty
        self._start()

    def _start(self) -> None:
        self._has_next_page = True
        self._barren = 0
        self._last_rows: list[bytes] | None = None
        self.page = 0
        """Pages seen."""
        self.pages = 1
        """Pages there are at least, as far as the server said."""
        self.rows = 0
        """Rows seen."""

    def init_request(self, request: Request) -> None:
        """Ask for page 1."""
        self._start()
        self.update_request(request)

    def update_state(self, response: Response, data: list[Any] | None = None) -> None:
        """Take in the next page.

        Raises:
            UnexpectedAnswerError: The answer is no page.
        """
        page = split_page(response.content, f"GET {(response.url or '').partition('?')[0]}")
        rows = [bytes(row) for row in page.data]
        self.observe(page.meta, len(rows), new_rows=0 if rows == self._last_rows else None)
        self._last_rows = rows

    def observe(self, meta: Meta, rows: int, new_rows: int | None = None) -> None:
        """Take in what the next page said.

        Args:
            meta: Its counts.
            rows: Rows it held.
            new_rows: How many of them no page before had, where the caller knows.

        Raises:
            UnexpectedAnswerError: There were a million pages, and there are more.
        """
        self.page += 1
        self.rows += rows
        self.pages = max(meta.pages, 1)
        self._barren = self._barren + 1 if new_rows == 0 else 0
        counted = self.page >= self.pages and self.rows >= meta.total_count
        ended = rows == 0 or self._barren >= _BARREN_PAGES
        self._has_next_page = not ended and (self._until_empty or not counted)
        if self._has_next_page and self.page >= _MOST_PAGES:
            raise UnexpectedAnswerError(
                f"the server's pages of one listing have no end ({self.page:,} so far); check that"
                " base_url leads to OpenPanel's API."
            )

    def update_request(self, request: Request) -> None:
        """Ask for the next page."""
        request.params = {**(request.params or {}), "page": self.page + 1}
