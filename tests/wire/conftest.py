"""A server of five events, which behaves as it should again when a test has ended."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from openpanel_source.sandbox import Sandbox
from tests.support.sandbox_world import event, world


@pytest.fixture(scope="module")
def server() -> Iterator[Sandbox]:
    with world(*(event(number) for number in range(1, 6))) as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(server: Sandbox) -> Iterator[Sandbox]:
    yield server
    server.behave()
