"""Clients that wait for an answer for a moment only, and how their requests fail."""

from __future__ import annotations

from contextlib import closing
from typing import Any

import pytest

from openpanel_source.api.client import Client
from openpanel_source.api.credentials import Credentials
from openpanel_source.api.query import Params
from openpanel_source.errors import OpenPanelError
from openpanel_source.sandbox import Sandbox
from openpanel_source.wire.retry import RetryPolicy
from tests.support.recorded import EVENTS, client_of, unknown_client
from tests.support.sandbox_world import CLIENT, SECRET

WEB: Params = [
    ("projectId", "web"),
    ("start", "2026-11-10T00:00:00.000Z"),
    ("end", "2026-11-11T00:00:00.000Z"),
]
TWICE = RetryPolicy(
    attempts=2, doubtful_attempts=2, limited_attempts=2, backoff_seconds=0.001, max_outage=0
)
KNOWN = Credentials(CLIENT, SECRET)


def impatient(sandbox: Sandbox | str, **settings: Any) -> Client:
    """A client of its own limiter, that waits 0.3 s for a whole answer."""
    given = {"retry": TWICE, "timeout": (5, 5), "request_timeout": 0.3} | settings
    return client_of(sandbox, unknown_client(), **given)


def patient(sandbox: Sandbox | str, **settings: Any) -> Client:
    """The same that waits for answers as long as a busy machine may take."""
    return impatient(sandbox, **{"timeout": (60, 60), "request_timeout": 60} | settings)


def failure(client: Client) -> OpenPanelError:
    with closing(client), pytest.raises(OpenPanelError) as caught:
        client.get(EVENTS, WEB)
    return caught.value
