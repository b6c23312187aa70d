"""Whatever happens to a server's history, a sync that ends well leaves the warehouse equal to it.

Histories are drawn by Hypothesis: rows arrive, late ones and future ones too, are delivered again
and vanish; time passes; syncs are small, cut short by faults, of another query, or begin with a
warehouse from a backup. What counting cannot see (docs/completeness.md) is excused, and nothing
else. ``OPENPANEL_SOURCE_HISTORIES=300`` draws that many histories, longer and new ones each time.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections import Counter, defaultdict
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule, run_state_machine_as_test

from openpanel_source.api.query import EventQuery
from openpanel_source.errors import OpenPanelError
from openpanel_source.operations.audit import audit
from openpanel_source.operations.values.choose_days import ValueAudit
from tests.support.equality import Rows, expected, held
from tests.support.history import ServerHistory
from tests.support.sandbox_world import Row, event, event_id, world
from tests.support.warehouse import Warehouse

HISTORIES = int(os.environ.get("OPENPANEL_SOURCE_HISTORIES", "0"))

_EVERY_DAY = 100_000
"""A look-back that no history exceeds."""


class History(ServerHistory):
    """The server, and a warehouse that follows it."""

    def __init__(self) -> None:
        super().__init__()
        folder = Path(self.cleanup.enter_context(tempfile.TemporaryDirectory()))
        self.warehouse = Warehouse(folder)
        self.names: tuple[str, ...] = ()
        self.backup = folder / "backup.duckdb"

    @rule(lookback=st.sampled_from((3, 3, 0, _EVERY_DAY)))
    def sync(self, lookback: int) -> None:
        self._sync(lookback_days=lookback)

    @rule()
    def a_sync_of_every_day_leaves_nothing_to_find(self) -> None:
        self._sync(lookback_days=_EVERY_DAY)
        settings = self.warehouse.settings(self.sandbox, now=self.now)
        settings |= {"events": list(self.names) or None, "allow_deletions": True}
        settings |= {"scrub_requests": 0}
        assert audit(self.warehouse.pipeline(), deep=True, **settings).differences == []
        assert self.warehouse.sync(self.sandbox, **settings).days_read == 0

    @rule(days=st.integers(2, 6), rows=st.integers(3, 8), seconds=st.sampled_from((0, 0.3, 30)))
    def sync_in_small_runs(self, days: int, rows: int, seconds: float) -> None:
        self._sync(max_days_per_run=days, max_events_per_run=rows, commit_seconds=seconds)

    @rule()
    def reload(self) -> None:
        self._sync(reload=True)
        # Every day was read: there is nothing to excuse.
        assert self._held() == self._wanted()
        self._compare_values()

    @rule()
    def old_days_are_listed_again(self) -> None:
        self._sync(scrub_requests=10_000)
        # Whatever counts cannot see of a day that was over and not proven lately.
        listed = self.now - timedelta(hours=23)
        read = self._read_at()
        found, wanted = _by_day(self._held()), _by_day(self._wanted())
        for day, at in read.items():
            if at <= listed and found[day]:
                assert found[day] == wanted[day], f"{day}: a listing has not found it"

    def _compare_values(self) -> None:
        """The verifier, which shares no code with what loads, finds all days with rows equal."""
        settings = self.warehouse.settings(self.sandbox, now=self.now)
        settings |= {"events": list(self.names) or None}
        report = audit(self.warehouse.pipeline(), values=ValueAudit(10_000), **settings)
        assert report.values is not None
        assert (report.values.differences, report.values.skipped) == ([], [])

    @rule(age=st.integers(0, 10), length=st.sampled_from((0, 3, 500)))
    def sync_of_some_days(self, age: int, length: int) -> None:
        end = self.now.date() - timedelta(days=age)
        self._sync(start_date=end - timedelta(days=length), end_date=end)

    @rule(age=st.sampled_from((0, 2, 50)))
    def sync_from_a_day_on(self, age: int) -> None:
        self._sync(start_date=self.now.date() - timedelta(days=age))

    @rule(
        requests=st.integers(0, 25), days=st.integers(1, 5), seconds=st.sampled_from((0, 0.3, 30))
    )
    def a_sync_breaks_off(self, requests: int, days: int, seconds: float) -> None:
        self.sandbox.behave(status=500, body="no", skip=requests)
        try:
            self._run(max_days_per_run=days, commit_seconds=seconds)
        except OpenPanelError:
            pass
        finally:
            self.sandbox.behave()
        # Nothing is there twice.
        self._held()

    @rule(names=st.sampled_from(((), ("purchase",), ("signup",))))
    def the_query_changes(self, names: tuple[str, ...]) -> None:
        self.names = names
        self._sync()

    @precondition(lambda self: self.warehouse.path.exists())
    @rule()
    def the_warehouse_is_backed_up(self) -> None:
        shutil.copyfile(self.warehouse.path, self.backup)

    @precondition(lambda self: self.backup.exists())
    @rule()
    def the_warehouse_is_restored(self) -> None:
        shutil.copyfile(self.backup, self.warehouse.path)
        self._sync()

    # What has to be true.

    def _run(self, **settings: Any) -> None:
        settings = {"scrub_requests": 0} | settings
        settings |= {"now": self.now, "events": list(self.names) or None}
        # What makes way for another query, and days emptied in great number, need consent.
        summary = self.warehouse.sync(self.sandbox, allow_deletions=True, **settings)
        assert summary.exit_code == 0
        assert summary.days_left == 0

    def _sync(self, *, lookback_days: int = 3, **settings: Any) -> None:
        self._run(lookback_days=lookback_days, **settings)
        today = self.now.date()
        start, end = settings.get("start_date", date.min), settings.get("end_date", date.max)
        settled = min(end, today - timedelta(days=1))
        counted = date.fromordinal(max(1, settled.toordinal() - lookback_days + 1))
        self._check_days(str(start), str(end), str(counted))

    def _check_days(self, start: str, end: str, counted: str) -> None:
        """Every day of a range is equal, except where counting cannot see that it is not.

        Args:
            start: First day.
            end: Last day.
            counted: From this day on until today, each is counted alone.
        """
        found, wanted = _by_day(self._held()), _by_day(self._wanted())
        deliveries = Counter(row["createdAt"][:10] for row in self._selected())
        ledger = self._ledger()
        today = self.now.date().isoformat()
        hidden: Counter[str] = Counter()
        for day in sorted(found.keys() | wanted.keys() | ledger.keys()):
            if not start <= day <= end:
                continue
            total, rows = ledger.get(day, (0, 0))
            assert rows == len(found[day]), f"{day}: the ledger says {rows}"
            changed = deliveries[day] - total
            if found[day] == wanted[day] and not changed:
                continue
            if counted <= day <= today:
                # One came for one that went, below the newest.
                assert not changed, f"{day}: {changed} not seen"
                assert _newest(found[day]) == _newest(wanted[day]), f"{day}: newest not seen"
            hidden["later" if day > today else "earlier"] += changed
        assert not any(hidden.values()), f"sums cannot hide {hidden}"

    def _read_at(self) -> dict[str, datetime]:
        """When each settled day was last read, or counted and kept, by its latest record."""
        if not self._has_table("sync_days"):
            return {}
        fingerprint = EventQuery(events=self.names).fingerprint
        rows = self.warehouse.query(
            "SELECT CAST(day AS VARCHAR), read_at, verdict FROM sync_days"
            f" WHERE query_fingerprint = '{fingerprint}' QUALIFY row_number() OVER ("
            "  PARTITION BY day ORDER BY CAST(load_id AS DOUBLE) DESC) = 1"
        )
        return {day: at for day, at, verdict in rows if verdict == "complete"}

    def _held(self) -> Rows:
        rows = held(self.warehouse.path) if self._has_table("sync_days") else {}
        groups = {(*key, group) for key, row in rows.items() for group in row["groups"]}
        assert self._held_groups() == groups
        return rows

    def _held_groups(self) -> set[tuple[str, str, str, str]]:
        if not self._has_table("event_groups"):
            return set()
        columns = "project_id, CAST(event_date AS VARCHAR), event_id, group_id"
        rows = self.warehouse.query(f"SELECT {columns} FROM event_groups")
        assert len(rows) == len(set(rows))
        return {(project, day, event_id, group) for project, day, event_id, group in rows}

    def _has_table(self, name: str) -> bool:
        """Whether anything was ever loaded into a table: of an empty project there is none."""
        count = f"SELECT count(*) FROM duckdb_tables() WHERE table_name = '{name}'"
        with duckdb.connect(str(self.warehouse.path)) as connection:
            return connection.execute(count).fetchone() != (0,)

    def _wanted(self) -> Rows:
        return expected(self._selected())

    def _selected(self) -> list[Row]:
        # None of the servers that are played sends the duration.
        return [
            {name: value for name, value in row.items() if name != "duration"}
            for row in self.rows
            if not self.names or row["name"] in self.names
        ]

    def _ledger(self) -> dict[str, tuple[int, int]]:
        """What the latest records say: rows counted and rows loaded, by day."""
        if not self._has_table("sync_days"):
            return {}
        fingerprint = EventQuery(events=self.names).fingerprint
        rows = self.warehouse.query(
            "SELECT CAST(day AS VARCHAR), total_count, distinct_ids FROM sync_days"
            f" WHERE query_fingerprint = '{fingerprint}' QUALIFY row_number() OVER ("
            "  PARTITION BY day ORDER BY CAST(load_id AS DOUBLE) DESC) = 1"
        )
        return {day: (total, loaded) for day, total, loaded in rows}


def _by_day(rows: Rows) -> defaultdict[str, Rows]:
    days: defaultdict[str, Rows] = defaultdict(dict)
    for key, row in rows.items():
        days[key[1]][key] = row
    return days


def _newest(rows: Rows) -> str | None:
    newest = max(rows.values(), key=lambda row: row["created_at"], default=None)
    return None if newest is None else newest["id"]


@pytest.mark.long
def test_a_changed_query_leaves_no_row_of_the_old_one(warehouse: Warehouse) -> None:
    days = ("2025-10-19", "2026-11-10", "2026-11-20", "2027-01-02")
    rows = [event(number, createdAt=f"{day}T10:00:00.000Z") for number, day in enumerate(days)]
    with world(*rows, event(9, name="signup", createdAt="2026-11-10T10:00:00.000Z")) as sandbox:
        warehouse.sync(sandbox)
        # In runs too small for all of it.
        warehouse.sync(sandbox, events="signup", max_days_per_run=1, allow_deletions=True)
    assert warehouse.numbers() == [9]


def test_a_range_that_the_server_emptied_is_emptied_here(warehouse: Warehouse) -> None:
    with world(event(1, createdAt="2026-11-20T10:00:00.000Z")) as sandbox:
        warehouse.sync(sandbox)
        sandbox.remove([event_id(1)])
        warehouse.sync(sandbox, start_date="2026-11-01")
    assert warehouse.numbers() == []


@pytest.mark.long
@pytest.mark.timeout(0 if HISTORIES else 600)
def test_any_history_of_changes_ends_equal() -> None:
    run_state_machine_as_test(
        History,
        settings=settings(
            max_examples=HISTORIES or 5,
            stateful_step_count=20 if HISTORIES else 10,
            derandomize=not HISTORIES,
            database=None,
            phases=(Phase.generate, Phase.shrink) if HISTORIES else (Phase.generate,),
            suppress_health_check=list(HealthCheck),
            print_blob=True,
        ),
    )
