"""Large days are read with several pages in flight, within the server's rate limit."""

from __future__ import annotations

import gc
import threading
import weakref
from contextlib import closing
from datetime import date, timedelta
from typing import Any

import pytest
import requests

from openpanel_source.api.client import Client
from openpanel_source.api.credentials import Credentials
from openpanel_source.api.failed_projects import FailedProjects
from openpanel_source.api.query import EventQuery
from openpanel_source.days.ledger import Reason
from openpanel_source.days.planned_days import PlannedDay
from openpanel_source.days.reader import DayReader
from openpanel_source.days.verdict import Verdict
from openpanel_source.sandbox import Sandbox
from tests.support.sandbox_world import CLIENT, NOW, SECRET, dataset, event, world
from tests.support.warehouse import Warehouse


class Watched(requests.Session):
    """A session that knows how many requests were under way at once."""

    def __init__(self) -> None:
        super().__init__()
        self.most = self._now = 0
        self._lock = threading.Lock()

    def get(self, *arguments: Any, **options: Any) -> requests.Response:
        with self._lock:
            self._now += 1
            self.most = max(self.most, self._now)
        try:
            return super().get(*arguments, **options)
        finally:
            with self._lock:
                self._now -= 1


@pytest.mark.long
def test_a_day_of_100_000_events_is_read_with_several_pages_in_flight() -> None:
    rows = [
        event(number, createdAt=f"2026-11-10T12:00:{number % 60:02d}.{number % 1000:03d}Z")
        for number in range(100_000)
    ]
    session = Watched()
    with Sandbox(dataset(*rows), rate_limit=None) as sandbox:
        client = Client(sandbox.url, Credentials(CLIENT, SECRET), session=session)
        reader = DayReader(client, EventQuery(), 8, lambda: NOW)
        [reading] = reader.read_days(
            [PlannedDay("web", date(2026, 11, 10), Reason.NEW)], FailedProjects()
        )
        served = len(sandbox.requests)
    assert reading.record.verdict is Verdict.COMPLETE
    assert reading.record.distinct_ids == sum(table.num_rows for table in reading.tables) == 100_000
    assert served == reading.record.pages == 100
    assert 4 <= session.most <= 8


def test_first_pages_of_the_next_days_are_fetched_ahead() -> None:
    days = [date(2026, 11, 1) + timedelta(days=offset) for offset in range(20)]
    rows = [
        event(number, createdAt=f"{day}T12:00:00.000Z") for number, day in enumerate(days, start=1)
    ]
    session = Watched()
    with world(*rows) as sandbox:
        sandbox.behave(delay=0.02)
        client = Client(sandbox.url, Credentials(CLIENT, SECRET), session=session)
        reader = DayReader(client, EventQuery(), 8, lambda: NOW)
        readings = list(
            reader.read_days((PlannedDay("web", day, Reason.NEW) for day in days), FailedProjects())
        )
    assert [reading.record.day for reading in readings] == days
    assert session.most > 4


def test_a_day_is_let_go_when_it_is_taken() -> None:
    days = [date(2026, 11, 1) + timedelta(days=offset) for offset in range(3)]
    rows = [
        event(number, createdAt=f"{day}T12:00:00.000Z") for number, day in enumerate(days, start=1)
    ]
    with world(*rows) as sandbox:
        client = Client(sandbox.url, Credentials(CLIENT, SECRET))
        reader = DayReader(client, EventQuery(), 8, lambda: NOW)
        planned = (PlannedDay("web", day, Reason.NEW) for day in days)
        with closing(reader.read_days(planned, FailedProjects())) as readings:
            taken = weakref.ref(next(readings))
            gc.collect()
            assert taken() is None


@pytest.mark.long
def test_a_sync_beyond_the_rate_limit_never_draws_a_429(warehouse: Warehouse) -> None:
    first = date(2026, 1, 1)
    rows = [
        event(number, createdAt=f"{first + timedelta(days=number)}T12:00:00.000Z")
        for number in range(300)
    ]
    with world(*rows, rate_limit=100, window_seconds=1.0) as sandbox:
        summary = warehouse.sync(sandbox, start_date="2026-01-01")
        served = sandbox.requests
    assert summary.events_loaded == 300
    assert len(served) > 300
    # What is refused is the question whether filters are known.
    assert {request.status for request in served} == {200, 400}


def test_a_429_is_survived(warehouse: Warehouse) -> None:
    rows = [event(number) for number in range(1, 5)]
    with world(*rows) as sandbox:
        sandbox.behave(status=429, headers={"retry-after": "0"}, times=5, skip=2)
        assert warehouse.sync(sandbox).events_loaded == 4
        assert sum(request.status == 429 for request in sandbox.requests) == 5
