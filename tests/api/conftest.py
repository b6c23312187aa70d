"""A server of the real dataset, which behaves as it should when a test begins."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from openpanel_source.sandbox import Sandbox
from tests.support.recorded import real_world


@pytest.fixture(scope="module")
def server() -> Iterator[Sandbox]:
    with real_world() as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(server: Sandbox) -> Iterator[Sandbox]:
    server.behave()
    yield server
    server.behave()
