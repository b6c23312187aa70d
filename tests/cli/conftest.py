"""A server with three events, and the configuration to read it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from openpanel_source.sandbox import Sandbox
from tests.support.sandbox_world import CLIENT, NOW, SECRET, event, world

TODAY = "2026-11-23T10:00:00.000Z"


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with world(event(1), event(2), event(3, createdAt=TODAY)) as server:
        yield server


@pytest.fixture(autouse=True)
def configured(monkeypatch: pytest.MonkeyPatch, sandbox: Sandbox) -> None:
    settings = {
        "client_id": CLIENT,
        "client_secret": SECRET,
        "project_id": "web",
        "base_url": sandbox.url,
        "backoff_seconds": "0.001",
        "max_outage": "0",
        "now": NOW.isoformat(),
    }
    for name, value in settings.items():
        monkeypatch.setenv(f"SOURCES__OPENPANEL__{name.upper()}", value)
