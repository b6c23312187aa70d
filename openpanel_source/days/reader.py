"""Read UTC days: their pages, several in flight, until the end of each day is proven."""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import date
from itertools import islice
from typing import TYPE_CHECKING

from openpanel_source.api.client import Client
from openpanel_source.api.failed_projects import FailedProjects
from openpanel_source.api.generation import CURRENT, Generation
from openpanel_source.api.page import Meta, newest_day, peek
from openpanel_source.api.query import EVENTS_PATH, EventQuery
from openpanel_source.days.attempt import DayReading, Mark, Placement
from openpanel_source.days.ledger import DayRecord, Reason
from openpanel_source.days.meter import Meter
from openpanel_source.days.old_servers.looks import DayRange, Looker
from openpanel_source.days.pages import FirstPage, Pages
from openpanel_source.days.planned_days import PlannedDay
from openpanel_source.days.tail import read_tail
from openpanel_source.days.verdict import judge
from openpanel_source.model.clock import DAY, Clock, midnight
from openpanel_source.rows.dimensions import DimensionShaper
from openpanel_source.rows.new_fields import NewFields
from openpanel_source.rows.privacy import Privacy
from openpanel_source.rows.promoted import NOTHING, Promotion
from openpanel_source.rows.shape import Shaper

if TYPE_CHECKING:
    from openpanel_source.days.old_servers.reader import ExactReader

_READINGS = 3
"""Times a day is read before its verdict stands."""


@dataclass
class DayReader:
    """Reads days of a query through one client.

    Args:
        client: Makes the requests.
        query: Which events.
        pages_in_flight: Pages asked for at a time, over all days.
        now: The clock.
        generation: The server's.
        privacy: What must not be loaded.
        fields: Those that have columns though this version does not know them.
        promotion: What is made of properties.
        meter: Counts rows as they come.
    """

    client: Client
    query: EventQuery
    pages_in_flight: int
    now: Clock
    generation: Generation = CURRENT
    privacy: Privacy | None = None
    fields: NewFields = field(default_factory=NewFields)
    promotion: Promotion = NOTHING
    meter: Meter = field(default_factory=Meter)

    def __post_init__(self) -> None:
        client, query, now, generation = self.client, self.query, self.now, self.generation
        dimensions = (
            DimensionShaper(query.dimensions, now, self.privacy) if query.dimensions else None
        )
        shaper = Shaper(self.privacy, self.fields, dimensions, self.promotion)
        self._pages = Pages(client, query, generation, shaper, self.pages_in_flight, self.meter)
        self._placement = Placement()
        self._exact: ExactReader | None = None
        if not generation.has_stable_pages:
            from openpanel_source.days.old_servers.reader import ExactReader

            looker = Looker(client, query, generation, now)
            self._exact = ExactReader(looker, shaper, self.meter)

    @property
    def adds_up(self) -> bool:
        """Whether the count of a range is the sum of the counts of its days."""
        return self.query.is_counted

    def count(self, project_id: str, first: date, last: date) -> int:
        """Rows the server counts in a range of UTC days, both inclusive; one cheap request.

        With a profile id the server lists rows that it does not count: then at least 1 if it
        lists any.
        """
        if self._exact is not None:
            return self._exact.looker.count(DayRange(project_id, first, last))
        meta, newest_id = self._peek(project_id, first, last)
        total = meta.total_count - self._at_edge(project_id, last)
        if self.query.is_counted:
            return total
        return max(total, 0 if newest_id is None else 1)

    def glance(self, project_id: str, first: date, last: date) -> tuple[int, date | None] | None:
        """Rows the server counts in a range, and the day of the newest as far as it can be told.

        Returns:
            None where one request does not tell.
        """
        if self._exact is not None or not self.query.is_counted:
            return None
        params = self.query.params(project_id, first, last, limit=1, generation=self.generation)
        meta, day = self.client.read(EVENTS_PATH, params, newest_day)
        total = meta.total_count - self._at_edge(project_id, last)
        return total, day if day is not None and first <= day <= last else None

    def count_by_filter(self, project_id: str, first: date, last: date) -> int | None:
        """The same count, asked for in another way: by filters on ``created_at`` alone.

        Returns:
            None if the server has no filters.
        """
        if not self.generation.has_filters:
            return None
        params = self.query.filtered(project_id, first, last, self.generation)
        return self.client.read(EVENTS_PATH, params, peek)[0].total_count

    def count_as_read(self, project_id: str, day: date) -> int | None:
        """The count of a UTC day that comes with its first page.

        Returns:
            None where a day is read by many requests that count it past a cache.
        """
        if self._exact is not None:
            return None
        pages = self._pages.fetch(PlannedDay(project_id, day, Reason.CHANGED), 1)
        return pages[0].meta.total_count - self._at_edge(project_id, day)

    def newest(self, project_id: str, day: date) -> tuple[int, str | None]:
        """The server's count for a UTC day, and the id of its newest row if rows have an order."""
        if self._exact is not None or self.generation.has_edges:
            return self.count(project_id, day, day), None
        meta, newest_id = self._peek(project_id, day, day)
        return meta.total_count, newest_id

    def _at_edge(self, project_id: str, last: date) -> int:
        """Rows of the first instant after a day, where those of the day are asked for with it."""
        if not self.generation.has_edges:
            return 0
        edge = midnight(last + DAY)
        params = self.query.between(project_id, edge, edge, limit=1, generation=self.generation)
        return self.client.read(EVENTS_PATH, params, peek)[0].total_count

    def _peek(self, project_id: str, first: date, last: date) -> tuple[Meta, str | None]:
        params = self.query.params(project_id, first, last, limit=1, generation=self.generation)
        return self.client.read(EVENTS_PATH, params, peek)

    def read_days(
        self, planned: Iterable[PlannedDay], failed: FailedProjects
    ) -> Generator[DayReading]:
        """Read days in the order given, each while the one before is being used.

        The first pages of the days that follow are fetched ahead. Both go on in other threads
        while whoever takes the days is busy, so that no commit stops them.

        Args:
            planned: Days to read.
            failed: Gets the projects that fail alone; no further day of theirs is read.

        Yields:
            Each day, read to a verdict; its record is still of no load package.

        Raises:
            OpenPanelError: A request failed for good; the days yielded before are unharmed.
        """
        pool = ThreadPoolExecutor(self.pages_in_flight, thread_name_prefix="openpanel-page")
        reader = ThreadPoolExecutor(1, thread_name_prefix="openpanel-day")
        days = iter(planned)
        ahead: deque[tuple[PlannedDay, FirstPage]] = deque()

        def look_ahead() -> None:
            for item in islice(days, self.pages_in_flight - len(ahead)):
                ahead.append((item, self._first(pool, item)))

        def begin() -> Future[DayReading | None] | None:
            return (
                reader.submit(self._read_alone, failed, pool, *ahead.popleft()) if ahead else None
            )

        try:
            look_ahead()
            under_way = begin()
            while under_way is not None:
                read = [reading for reading in (under_way.result(),) if reading]
                under_way = begin()
                # It is not kept here meanwhile: whoever takes it may be busy for long.
                while read:
                    yield read.pop()
                look_ahead()
                under_way = under_way or begin()
        except BaseException:
            for executor in (pool, reader):
                executor.shutdown(wait=False, cancel_futures=True)
            # What is still under way is of no use: nobody should have to wait for it.
            self.client.abort()
            raise
        finally:
            for executor in (pool, reader):
                executor.shutdown(wait=True)

    def _first(
        self, pool: ThreadPoolExecutor, item: PlannedDay, size: int | None = None
    ) -> FirstPage:
        """The first request of a day, under way."""
        today = self.now().date()
        if self._exact is not None:
            return FirstPage(today, pool.submit(self._exact.first, item))
        return FirstPage(today, pool.submit(self._pages.fetch, item, 1, size))

    def _read_alone(
        self,
        failed: FailedProjects,
        pool: ThreadPoolExecutor,
        item: PlannedDay,
        first: FirstPage,
    ) -> DayReading | None:
        """A day, read to a verdict; None if its project has failed, or fails now."""
        if item.project_id not in failed:
            with failed.alone(item.project_id):
                reading = self._read_day(pool, item, first)
                self.meter.end()
                return reading
        return None

    def _read_day(self, pool: ThreadPoolExecutor, item: PlannedDay, first: FirstPage) -> DayReading:
        if self._exact is None and not self.generation.has_edges:
            self.meter.begin(item, is_whole=False)
            tail = read_tail(self._pages, item, first, self.now)
            if tail is not None:
                self.meter.reach(tail.tables.num_rows, tail.record.total_count)
                return tail
        requests = readings = 0
        earlier: Mark | None = None
        size = self.generation.page_size
        while True:
            readings += 1
            self.meter.begin(item, is_whole=True)
            is_open = item.day >= first.asked_on
            if self._exact is not None:
                attempt = self._exact.read(pool, first.pages.result())
            else:
                attempt = self._pages.read(pool, item, first, size)
            requests += len(attempt.totals)
            counts = attempt.counts(earlier)
            verdict = judge(counts, is_open=is_open, is_counted=self.query.is_counted)
            if verdict.is_proof or readings == _READINGS:
                break
            earlier = attempt.mark
            # Rows that were delivered twice are told from rows that slid by pages of another size.
            whole = self.generation.page_size
            size = whole - whole // 10 if attempt.repeats and size == whole else whole
            first = self._first(pool, item, size)
        beyond = attempt.leave_out_next_midnight(item.day) if self.generation.has_edges else 0
        self._placement.check(attempt, item.day)
        rejected, erased = attempt.redacted(self.privacy)
        record = DayRecord(
            project_id=item.project_id,
            query_fingerprint=self.query.fingerprint,
            day=item.day,
            load_id="",
            verdict=verdict,
            reason=item.reason,
            # Of a day still growing only the rows of the first count are sure to be here.
            total_count=(counts.first_total if is_open else attempt.totals[-1]) - beyond,
            rows_received=attempt.rows - beyond,
            distinct_ids=attempt.tables.num_rows,
            rejected_rows=len(rejected),
            erased_rows=erased,
            group_rows=attempt.side_rows.group_rows,
            pages=len(attempt.totals),
            requests=requests,
            rereads=readings - 1,
            read_at=self.now(),
            newest_id=None if self.generation.has_edges else attempt.newest_id,
            newest_at=attempt.newest_at,
        )
        return DayReading(record, attempt.tables, rejected, side_rows=attempt.side_rows)
