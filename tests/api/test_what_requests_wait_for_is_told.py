"""Whoever waits for a sync is told what its requests wait for, and for how long."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import suppress

from openpanel_source.api.client import Client
from openpanel_source.api.credentials import Credentials
from openpanel_source.errors import OpenPanelError
from openpanel_source.wire.awaited import Awaited
from openpanel_source.wire.retry import RetryPolicy
from tests.support.listeners import closed_port
from tests.support.recorded import EVENTS, client_of
from tests.support.sandbox_world import CLIENT, SECRET, event, world


def seen_while(client: Client, work: Callable[[], object]) -> Awaited | None:
    """What the client says that it waits for, while something works; it is then ended."""
    thread = threading.Thread(target=work)
    thread.start()
    awaited = None
    deadline = time.monotonic() + 20
    while awaited is None and thread.is_alive() and time.monotonic() < deadline:
        awaited = client.awaited
        time.sleep(0.005)
    client.abort()
    thread.join()
    return awaited


def test_the_rate_limit_is_told_with_the_time_until_it_ends() -> None:
    with (
        world(event(1), rate_limit=3) as sandbox,
        client_of(sandbox, Credentials(CLIENT, SECRET)) as client,
    ):
        assert client.awaited is None

        def ask_often() -> None:
            with suppress(OpenPanelError):
                for _ in range(9):
                    client.get(EVENTS, [("projectId", "web")])

        awaited = seen_while(client, ask_often)
        assert awaited is not None
        assert awaited.what == "rate limit"
        assert 0 < awaited.until - time.monotonic() < 11
        assert client.awaited is None


def test_a_server_that_cannot_be_reached_is_told() -> None:
    policy = RetryPolicy(backoff_seconds=20, max_outage=60)
    with client_of(f"http://127.0.0.1:{closed_port()}", retry=policy) as client:

        def ask() -> None:
            with suppress(OpenPanelError):
                client.get(EVENTS, [])

        awaited = seen_while(client, ask)
    assert awaited is not None
    assert awaited.what == "no connection"
    assert "next in" in str(awaited)
