"""Rows arrive and vanish while a sync reads: it ends proven or says which days moved."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest

from openpanel_source.sandbox import Sandbox
from tests.support.sandbox_world import NOW, event, event_id, world
from tests.support.warehouse import Warehouse

DAYS = [str(NOW.date() - timedelta(days=back)) for back in range(4)]


def row(number: int) -> dict[str, Any]:
    """Rows spread over four days, today among them; each day's newer ones have higher numbers."""
    return event(
        number,
        createdAt=f"{DAYS[number % 4]}T{number // 3600 % 11:02d}:{number // 60 % 60:02d}"
        f":{number % 60:02d}.{number % 1000:03d}Z",
    )


@contextmanager
def in_motion(sandbox: Sandbox, first: int) -> Iterator[set[int]]:
    """Two hundred rows a second arrive and others are deleted, until the block ends."""
    present = set(range(1, first))
    stop = threading.Event()

    def change() -> None:
        for number in itertools.count(first, 4):
            if stop.wait(0.02):
                return
            arriving = range(number, number + 4)
            sandbox.add([row(new) for new in arriving])
            present.update(arriving)
            gone = number - first + 7
            sandbox.remove([event_id(gone)])
            present.discard(gone)

    thread = threading.Thread(target=change)
    thread.start()
    try:
        yield present
    finally:
        stop.set()
        thread.join()


@pytest.mark.long
def test_a_moving_server_is_loaded_or_said_to_move_and_the_next_sync_is_complete(
    warehouse: Warehouse,
) -> None:
    rows = [row(number) for number in range(1, 12_000)]
    with world(*rows) as sandbox:
        with in_motion(sandbox, 12_000) as present:
            summary = warehouse.sync(sandbox)
        for record in summary.unproven:
            assert record.verdict.value in ("moving", "short")
        assert summary.exit_code == (3 if summary.unproven else 0)
        last = warehouse.sync(sandbox)
        assert last.exit_code == 0
        assert warehouse.numbers() == sorted(present)
        assert warehouse.sync(sandbox).days_read == 0
