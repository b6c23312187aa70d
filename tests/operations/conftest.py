"""A server with two weeks of events, for commands in processes of their own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from openpanel_source.sandbox import Sandbox
from tests.support.own_process import ROWS
from tests.support.sandbox_world import world


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with world(*ROWS) as running:
        yield running
