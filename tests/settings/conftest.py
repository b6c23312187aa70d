"""A server with three events, the configuration to read it, and dlt's files of this test alone."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from openpanel_source.sandbox import Sandbox
from tests.support.dlt_files import forget_files
from tests.support.sandbox_world import CLIENT, NOW, SECRET, event, world


@pytest.fixture(autouse=True)
def files_are_read_again() -> Iterator[None]:
    forget_files()
    yield
    forget_files()


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with world(event(1), event(2), event(3)) as server:
        yield server


@pytest.fixture
def settings(sandbox: Sandbox) -> dict[str, str]:
    return {
        "client_id": CLIENT,
        "client_secret": SECRET,
        "project_id": "web",
        "base_url": sandbox.url,
        "backoff_seconds": "0.001",
        "now": NOW.isoformat(),
    }


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch, settings: dict[str, str]) -> dict[str, str]:
    for name, value in settings.items():
        monkeypatch.setenv(f"SOURCES__OPENPANEL__{name.upper()}", value)
    return settings
