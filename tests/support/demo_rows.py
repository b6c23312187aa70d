"""The rows of a demo, made once, and its sessions."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime, timedelta, timezone
from functools import lru_cache

from openpanel_source.sandbox.dataset import Dataset, Row
from openpanel_source.sandbox.demo.generate import generate

NOW = datetime(2026, 11, 23, 14, 47, 31, 250_000, tzinfo=timezone.utc)
EVENTS = 20_000
DAYS = 30


@lru_cache(maxsize=1)
def demo() -> Dataset:
    return generate(EVENTS, DAYS, seed=7, now=NOW)


def rows(dataset: Dataset | None = None) -> list[Row]:
    return [row for part in (dataset or demo()).events.values() for row in part]


def instant(text: str) -> datetime:
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=timezone.utc)


def between(first: Row, second: Row) -> timedelta:
    return instant(second["createdAt"]) - instant(first["createdAt"])


def sessions() -> list[list[Row]]:
    """Every session's rows, oldest first; what offline apps and servers sent has no session."""
    found: dict[str, list[Row]] = defaultdict(list)
    for row in rows():
        if row["sessionId"]:
            found[row["sessionId"]].append(row)
    return [sorted(session, key=lambda row: row["createdAt"]) for session in found.values()]


def happened(session: list[Row]) -> list[Row]:
    """What the site sent, without the start and the end that the server adds."""
    return [row for row in session if row["name"] not in ("session_start", "session_end")]


def ended() -> list[list[Row]]:
    return [session for session in sessions() if session[-1]["name"] == "session_end"]
