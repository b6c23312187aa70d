"""A sync that is asked to stop while it lists old days does, and keeps what it has listed."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta
from functools import partial

import pytest

from openpanel_source.operations.sync import sync
from openpanel_source.sandbox import Sandbox
from tests.support.old_days import night, on
from tests.support.sandbox_world import NOW, event, world
from tests.support.warehouse import Warehouse

pytestmark = pytest.mark.long


def stopping_after(requests: int, sandbox: Sandbox, stop: threading.Event) -> Callable[[], None]:
    """Set an event once a server was asked so often."""

    def watch() -> None:
        before = len(sandbox.requests)
        while len(sandbox.requests) < before + requests:
            stop.wait(0.001)
        stop.set()

    return watch


def stopping_once(is_asked: Callable[[], object], stop: threading.Event) -> None:
    while not is_asked():
        stop.wait(0.001)
    stop.set()


def listings_of_may(sandbox: Sandbox, before: int) -> list[str]:
    urls = [one.url for one in sandbox.requests[before:] if "start=2026-05-07" in one.url]
    return [url for url in urls if "limit=1000&" in url or "limit=992&" in url]


def test_a_sync_that_is_asked_to_stop_keeps_what_was_listed(warehouse: Warehouse) -> None:
    rows = [row for age in range(5, 105) for row in on(age, age)]
    with world(*rows) as sandbox:
        warehouse.sync(sandbox)
        stop = threading.Event()
        settings = warehouse.settings(sandbox, now=NOW + timedelta(days=1), scrub_requests=100)
        # Those after it are slow, or all could be listed before the watcher looks again.
        sandbox.behave(delay=1, skip=30)
        watcher = threading.Thread(target=stopping_after(30, sandbox, stop))
        watcher.start()
        stopped = sync(warehouse.pipeline(), stop=stop, **settings)
        watcher.join()
        assert stopped.stopped
        assert stopped.scrub is not None
        assert stopped.scrub.days < 100
        sandbox.behave()
        done = night(warehouse, sandbox, 1, scrub_requests=100)
        assert done.scrub is not None
        assert stopped.scrub.days + done.scrub.days == 100


@pytest.mark.parametrize(("server_date", "parts"), [("2026-08", 1), ("2026-02", 0)])
def test_a_listing_ends_between_pages_when_the_sync_has_to(
    warehouse: Warehouse, server_date: str, parts: int
) -> None:
    rows = [
        event(n, createdAt=f"2026-05-07T10:{n // 100:02d}:{n // 10 % 10:02d}.000Z")
        for n in range(2500)
    ]
    with world(*rows, server_date=server_date) as sandbox:
        warehouse.sync(sandbox)
        stop = threading.Event()
        settings = warehouse.settings(sandbox, now=NOW + timedelta(days=1))
        asked = partial(listings_of_may, sandbox, len(sandbox.requests))
        # An answer stops in its middle once it is noted, for less than what is stopped may take.
        sandbox.behave(path="start=2026-05-07", stall=0.5)
        watcher = threading.Thread(target=stopping_once, args=(asked, stop))
        watcher.start()
        stopped = sync(warehouse.pipeline(), stop=stop, **settings)
        watcher.join()
        assert len(asked()) == 1
        assert stopped.scrub is not None
        assert (stopped.scrub.days, stopped.scrub.parts) == (0, parts)
        assert (stopped.scrub.differing, stopped.scrub.failure) == ([], "")
        sandbox.behave()
        done = night(warehouse, sandbox, 1).scrub
        assert done is not None
        assert (done.days, done.differing) == (1, [])
