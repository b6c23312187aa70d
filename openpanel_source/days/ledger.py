"""The ledger: what was read of each UTC day, and what may be said of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, MutableMapping
from datetime import date, datetime
from enum import Enum
from typing import Any

import msgspec
import pyarrow as pa

from openpanel_source.days.verdict import Verdict
from openpanel_source.model.schema import SYNC_DAYS


class Reason(str, Enum):
    """Why a day was read."""

    NEW = "new"
    """It was never read with this query."""
    OPEN = "open"
    """It was not over when last read, or is not over now."""
    RECOUNT = "recount"
    """Counted alone, it did not hold what the ledger says; or its last reading proved nothing."""
    CHANGED = "changed"
    """Counts of longer ranges led to it: it does not hold what the ledger says."""
    FORCED = "forced"
    """The user asked for it."""
    SCRUB = "scrub"
    """Listed again after long, its ids were not those that are held."""
    ADOPTED = "adopted"
    """It was not: another pipeline had read and recorded it."""


class DayRecord(msgspec.Struct, frozen=True, omit_defaults=True):
    """One UTC day of a project as a run read it: a row of ``sync_days``."""

    project_id: str
    query_fingerprint: str
    day: date
    load_id: str
    verdict: Verdict
    reason: Reason
    total_count: int
    read_at: datetime
    rows_received: int = 0
    distinct_ids: int = 0
    rejected_rows: int = 0
    pages: int = 0
    requests: int = 0
    rereads: int = 0
    erased_rows: int = 0
    group_rows: int = 0
    newest_id: str | None = None
    newest_at: datetime | None = None
    shrunk_to: int | None = None
    shrunk_since: datetime | None = None

    @property
    def is_proven(self) -> bool:
        """Whether the rows that the server counted are among the rows received."""
        return self.verdict.is_proof and self.rows_received >= self.total_count

    @property
    def loadable_rows(self) -> int:
        """Rows that are loaded, or would be if their profiles were not erased."""
        return self.distinct_ids + self.erased_rows

    @property
    def has_more_than_counted(self) -> bool:
        """Whether rows came that the server did not count, as where some arrive meanwhile.

        Then its count is not what is held, and does not tell whether that has changed.
        """
        return self.loadable_rows + self.rejected_rows > self.total_count

    @property
    def is_settled(self) -> bool:
        """Whether the day was over when it was read, and is proven."""
        return self.verdict is Verdict.COMPLETE

    @property
    def held(self) -> int:
        """Rows that were counted and came, deliveries included."""
        return min(self.total_count, self.rows_received)

    @property
    def counted(self) -> int:
        """Rows that the server counts as far as is known, be they held or not."""
        return self.total_count if self.shrunk_to is None else self.shrunk_to


class Ledger:
    """The records of all projects for one query, kept in dlt's state.

    Args:
        state: A mapping that dlt stores with the load package.
        fingerprint: The query's; of the records of another query only the days are kept that held
            rows, until this query has read them.
    """

    def __init__(self, state: MutableMapping[str, Any], fingerprint: str) -> None:
        self._state = state
        self._projects: dict[str, Any] = state.setdefault("projects", {})
        self._fingerprint = fingerprint

    @property
    def server(self) -> str | None:
        """The mark of the server's generation, as found and tried the last time."""
        return self._state.get("server")

    @server.setter
    def server(self, mark: str) -> None:
        self._state["server"] = mark

    def get(self, project_id: str, day: date) -> DayRecord | None:
        """What is known of a day."""
        row = self._entry(project_id)["days"].get(day.isoformat())
        return None if row is None else msgspec.convert(row, DayRecord)

    def days(self, project_id: str) -> dict[date, DayRecord]:
        """What is known of the project's days."""
        known = self._entry(project_id)["days"]
        records = msgspec.convert(list(known.values()), list[DayRecord])
        return {record.day: record for record in records}

    def of_another_query(self, project_id: str) -> dict[date, DayRecord]:
        """What is known of days whose rows another query left, and this one has not read yet."""
        entry = self._entry(project_id)
        left = [record for day, record in _left(entry).items() if day not in entry["days"]]
        return {record.day: record for record in msgspec.convert(left, list[DayRecord])}

    def leave(self, records: Iterable[DayRecord]) -> None:
        """Remember days whose rows another query left, be it another pipeline's."""
        for record in records:
            left = self._entry(record.project_id).setdefault("left", {})
            left[record.day.isoformat()] = msgspec.to_builtins(record)

    def record(self, record: DayRecord) -> None:
        """Remember a reading; it becomes durable together with its rows."""
        days = self._entry(record.project_id)["days"]
        days[record.day.isoformat()] = msgspec.to_builtins(record)

    def first_day(self, project_id: str, since: date) -> date | None:
        """A day before which none holds an event from ``since`` on, as found earlier."""
        found = self._entry(project_id).get("first_day")
        if found is None or found["since"] > since.isoformat():
            return None
        # What was found of a longer range tells of its end, too.
        return max(date.fromisoformat(found["day"]), since)

    def remember_first_day(self, project_id: str, since: date, day: date) -> None:
        """Keep the first day from ``since`` on that holds an event."""
        found = {"since": since.isoformat(), "day": day.isoformat()}
        self._entry(project_id)["first_day"] = found

    def _entry(self, project_id: str) -> dict[str, Any]:
        entry: dict[str, Any] | None = self._projects.get(project_id)
        if entry is None or entry["query_fingerprint"] != self._fingerprint:
            left = _days_with_rows(entry) if entry else {}
            entry = {"query_fingerprint": self._fingerprint, "days": {}, "left": left}
            self._projects[project_id] = entry
        return entry


def _days_with_rows(entry: dict[str, Any]) -> dict[str, Any]:
    known = {**_left(entry), **entry["days"]}
    return {day: record for day, record in known.items() if record.get("rows_received")}


def _left(entry: dict[str, Any]) -> dict[str, Any]:
    days: dict[str, Any] = entry.get("left", {})
    return days


def ledger_table(records: list[DayRecord]) -> pa.Table:
    """Records as rows of the table ``sync_days``."""
    rows = [msgspec.structs.asdict(record) for record in records]
    return SYNC_DAYS.arrow_table(rows)


Known = Mapping[date, DayRecord]
"""What is known of a project's days."""
