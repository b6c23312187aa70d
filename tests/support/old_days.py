"""Days of long ago: their events, the nights after the first sync, and what changes meanwhile."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from openpanel_source.operations.runs.summary import SyncSummary
from openpanel_source.sandbox import Sandbox
from tests.support.sandbox_world import NOW, Row, event, event_id


def on(age: int, *numbers: int, **values: Any) -> list[Row]:
    """Events of a day so many days ago, in order of their numbers."""
    day = NOW.date() - timedelta(days=age)
    return [
        event(
            n,
            createdAt=f"{day}T10:{n // 60 % 60:02d}:{n % 60:02d}.{n % 1000:03d}Z",
            **values,
        )
        for n in numbers
    ]


def night(held: Any, sandbox: Sandbox, number: int, **settings: Any) -> SyncSummary:
    """A sync so many days after the first."""
    summary: SyncSummary = held.sync(sandbox, now=NOW + timedelta(days=number), **settings)
    return summary


def swap(sandbox: Sandbox, gone: int, came: Row) -> None:
    """Have a row go and another come."""
    sandbox.remove([event_id(gone)])
    sandbox.add([came])
