"""A server with visits of two days, and the configuration to read it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from openpanel_source.sandbox import Sandbox
from tests.support.sandbox_world import CLIENT, NOW, SECRET, world
from tests.support.visits import EVENTS


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with world(*EVENTS) as server:
        yield server


@pytest.fixture
def configured(monkeypatch: pytest.MonkeyPatch, sandbox: Sandbox) -> None:
    settings = {
        "client_id": CLIENT,
        "client_secret": SECRET,
        "project_id": "web",
        "base_url": sandbox.url,
        "now": NOW.isoformat(),
    }
    for name, value in settings.items():
        monkeypatch.setenv(f"SOURCES__OPENPANEL__{name.upper()}", value)
