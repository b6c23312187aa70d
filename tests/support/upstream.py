"""A server that changes while it is read, and the credentials to read it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta, timezone
from random import Random
from typing import Any

from openpanel_source.sandbox import Sandbox, generate
from openpanel_source.sandbox.demo.generate import DEMO_CLIENT_ID, DEMO_CLIENT_SECRET
from tests.support.equality import server_rows

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=timezone.utc)
HEADERS = {
    "openpanel-client-id": DEMO_CLIENT_ID,
    "openpanel-client-secret": DEMO_CLIENT_SECRET,
}


class Upstream:
    """A server whose history changes: rows arrive, late ones too, and vanish.

    A day either gains or loses rows, so that counting each day shows every change.
    """

    def __init__(self, seed: int, *, events: int = 3000, days: int = 20) -> None:
        dataset = generate(events=events, days=days, seed=seed, now=NOW)
        self.projects = [project.id for project in dataset.accounts.projects]
        self.sandbox = Sandbox(dataset, rate_limit=None, now=lambda: NOW)
        self._rng = Random(seed)
        self._rows = [row for rows in dataset.events.values() for row in rows]
        self._losing = [row for row in self._rows if _age(row) % 2]
        self._days = days
        self._made = 0

    def change(self) -> None:
        """Add rows of today, late ones and now and then years old ones; delete some."""
        rng = self._rng
        late = [rng.randrange(0, self._days, 2) for _ in range(rng.randint(1, 4))]
        old = [rng.randrange(100, 500, 2)] if rng.random() < 0.2 else []
        self.add([0, 0, *late, *old], again=rng.random() < 0.3)
        rng.shuffle(self._losing)
        gone, self._losing = self._losing[:3], self._losing[3:]
        self.remove([row["id"] for row in gone])

    def add(self, ages: Sequence[int], *, again: bool = False) -> list[str]:
        """Add a row of each age in days; with ``again`` deliver one of them twice.

        Returns:
            Their ids.
        """
        added = [self._row(age) for age in ages]
        self.sandbox.add([*added, *added[: int(again)]])
        return [row["id"] for row in added]

    def remove(self, ids: list[str]) -> None:
        """Delete rows."""
        self.sandbox.remove(ids)

    def rows(self) -> list[dict[str, Any]]:
        """All rows that the server lists."""
        return [
            row for project in self.projects for row in server_rows(self.sandbox, HEADERS, project)
        ]

    def _row(self, age: int) -> dict[str, Any]:
        self._made += 1
        at = NOW - timedelta(days=age, seconds=self._rng.uniform(0, 40_000))
        return self._rng.choice(self._rows) | {
            "id": f"{self._made:08x}-0000-4000-8000-{self._rng.getrandbits(48):012x}",
            "createdAt": f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03d}Z",
        }


def _age(row: dict[str, Any]) -> int:
    return (NOW.date() - date.fromisoformat(row["createdAt"][:10])).days
