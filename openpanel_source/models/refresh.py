"""Bring the tables of models up to date for exactly the days that changed.

A session belongs to the days of all of its events, so sessions are made anew whole: those with an
event in a changed day, and those that had one. From them follow the days of the organisation's time
zone whose numbers have changed, and from these the visitors.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from openpanel_source.model.schema import EVENTS
from openpanel_source.models.build import Definitions, changed_days
from openpanel_source.models.dataset import RECORD, Dataset
from openpanel_source.models.definitions import (
    OF_DAYS,
    Model,
    columns_read,
    each_day,
    local_day,
    models,
)


@dataclass(eq=False)
class Refresh:
    """What it takes to bring tables up to date, in temporary tables of a transaction.

    Args:
        dataset: Where the tables are, all of them.
        definitions: What they were made by.
    """

    dataset: Dataset
    definitions: Definitions
    _made: list[str] = field(default_factory=list, init=False)

    @property
    def _is_postgres(self) -> bool:
        return self.dataset.dialect == "postgres"

    def find_changed(self) -> tuple[int, int]:
        """Find the days that changed since they were taken in.

        Returns:
            How many, and how many there are in all.
        """
        record = self.dataset.named(RECORD)
        self._keep("changed", changed_days(self.dataset))
        [[changed]] = self._run(f"SELECT COUNT(*) FROM {self._kept('changed')}")
        [[known]] = self._run(f"SELECT COUNT(*) FROM {record}")
        return changed, known

    def take_in(self) -> None:
        """Make anew what follows from the days found, and record that they are taken in."""
        by_name = {model.name: model for model in models()}
        self._sessions(by_name["sessions"])
        self._days([by_name[name] for name in OF_DAYS])
        self._users(by_name["users"])
        self._retention(by_name["retention"])
        self._delete(RECORD, "changed", "project_id", "event_date")
        self._run(
            f"INSERT INTO {self.dataset.named(RECORD)} SELECT project_id, event_date, loads"
            f" FROM {self._kept('changed')} WHERE NOT loads IS NULL"
        )

    def forget(self) -> None:
        """Drop the temporary tables."""
        for name in self._made:
            self._run(f"DROP TABLE {self._kept(name)}")

    def _sessions(self, model: Model) -> None:
        events, sessions = self.dataset.named(EVENTS.name), self.dataset.named("sessions")
        changed = self._kept("changed")
        self._keep(
            "touched",
            f"SELECT events.project_id, events.session_id FROM {events} AS events"
            f" INNER JOIN {changed} AS changed ON changed.project_id = events.project_id"
            " AND changed.event_date = events.event_date WHERE events.session_id <> ''"
            " UNION SELECT sessions.project_id, sessions.session_id"
            f" FROM {sessions} AS sessions INNER JOIN {changed} AS changed"
            " ON changed.project_id = sessions.project_id"
            " AND changed.event_date = sessions.first_event_date"
            f" UNION SELECT sessions.project_id, sessions.session_id FROM {sessions} AS sessions"
            " WHERE sessions.first_event_date < sessions.last_event_date"
            f" AND EXISTS (SELECT 1 FROM {changed} AS changed"
            " WHERE changed.project_id = sessions.project_id AND changed.event_date"
            " BETWEEN sessions.first_event_date AND sessions.last_event_date)",
        )
        self._keep(
            "old_sessions",
            "SELECT sessions.project_id, sessions.session_id, sessions.day, sessions.profile_id,"
            " sessions.first_event_date, sessions.last_event_date"
            f" FROM {sessions} AS sessions INNER JOIN {self._kept('touched')} AS touched"
            " ON touched.project_id = sessions.project_id"
            " AND touched.session_id = sessions.session_id",
        )
        series = each_day("spans.first_event_date", "spans.last_event_date", self.dataset.dialect)
        self._keep(
            "span_dates",
            f"SELECT spans.project_id, {series} AS event_date"
            " FROM (SELECT DISTINCT project_id, first_event_date, last_event_date"
            f" FROM {self._kept('old_sessions')}) AS spans"
            f" UNION SELECT project_id, event_date FROM {changed}",
        )
        read = self.definitions.query(model)
        self._keep(
            "session_events",
            f"SELECT {self._columns([read])} FROM {events} AS events"
            f" INNER JOIN {self._kept('span_dates')} AS dates"
            " ON dates.project_id = events.project_id AND dates.event_date = events.event_date"
            f" INNER JOIN {self._kept('touched')} AS touched"
            " ON touched.project_id = events.project_id"
            " AND touched.session_id = events.session_id",
        )
        made = self.definitions.query(model, {EVENTS.name: self._kept("session_events")})
        self._keep("new_sessions", made)
        self._delete(model.name, "old_sessions", "project_id", "session_id")
        self._run(f"INSERT INTO {sessions} SELECT * FROM {self._kept('new_sessions')}")

    def _days(self, of_days: list[Model]) -> None:
        midnight = "CAST(event_date AS TIMESTAMP)"
        begins = self._local(f"({midnight} AT TIME ZONE 'UTC')")
        ends = self._local(f"(({midnight} + INTERVAL '86399999 ms') AT TIME ZONE 'UTC')")
        self._keep(
            "days",
            f"SELECT project_id, {begins} AS day FROM {self._kept('changed')}"
            f" UNION SELECT project_id, {ends} FROM {self._kept('changed')}"
            f" UNION SELECT project_id, day FROM {self._kept('old_sessions')}"
            f" UNION SELECT project_id, day FROM {self._kept('new_sessions')}",
        )
        # Local days lie in these UTC days, in whatever time zone.
        around = " UNION ".join(
            f"SELECT project_id, CAST(day + INTERVAL '{more} day' AS DATE) AS event_date"
            f" FROM {self._kept('days')}"
            for more in (-1, 0, 1)
        )
        queries = [self.definitions.query(model) for model in of_days]
        self._keep("dates", around)
        self._keep(
            "day_events",
            # To tell the local day of all events would take long.
            f"WITH events AS MATERIALIZED (SELECT {self._columns(queries)}"
            f" FROM {self.dataset.named(EVENTS.name)} AS events"
            f" INNER JOIN {self._kept('dates')} AS dates"
            " ON dates.project_id = events.project_id AND dates.event_date = events.event_date)"
            f" SELECT events.* FROM events INNER JOIN {self._kept('days')} AS days"
            " ON days.project_id = events.project_id"
            f" AND days.day = {self._local('events.created_at')}",
        )
        self._keep("day_sessions", self._joined("sessions", "days", "day"))
        self._keep("old_visitors", self._joined("visitor_days", "days", "day"))
        instead = {
            EVENTS.name: self._kept("day_events"),
            "sessions": self._kept("day_sessions"),
        }
        for model in of_days:
            self._delete(model.name, "days", "project_id", "day")
            self._insert(model, instead)
            if model.name == "visitor_days":
                self._keep("new_visitors", self._joined("visitor_days", "days", "day"))
                instead["visitor_days"] = self._kept("new_visitors")

    def _users(self, model: Model) -> None:
        visitors = " UNION ".join(
            f"SELECT project_id, profile_id FROM {source}"
            for source in (
                self._kept("old_sessions"),
                self._kept("new_sessions"),
                self._kept("old_visitors"),
                self._kept("new_visitors"),
            )
        )
        self._keep("visitors", visitors)
        instead = {}
        for name in ("sessions", "visitor_days"):
            self._keep(f"user_{name}", self._joined(name, "visitors", "profile_id"))
            instead[name] = self._kept(f"user_{name}")
        self._delete("users", "visitors", "project_id", "profile_id")
        self._insert(model, instead)

    def _retention(self, model: Model) -> None:
        self._keep("projects", f"SELECT DISTINCT project_id FROM {self._kept('changed')}")
        users, projects = self.dataset.named("users"), self._kept("projects")
        some = (
            "(SELECT project_id, first_identified_day, last_identified_day"
            f" FROM {users} WHERE NOT first_identified_day IS NULL"
            f" AND project_id IN (SELECT project_id FROM {projects}))"
        )
        self._delete("retention", "projects", "project_id")
        self._insert(model, {"users": some})

    def _joined(self, name: str, kept: str, column: str) -> str:
        """The rows of a table whose project and column are kept."""
        return (
            f"SELECT rows.* FROM {self.dataset.named(name)} AS rows"
            f" INNER JOIN {self._kept(kept)} AS kept ON kept.project_id = rows.project_id"
            f" AND kept.{column} = rows.{column}"
        )

    def _delete(self, name: str, kept: str, *columns: str) -> None:
        where = " AND ".join(f"kept.{column} = old.{column}" for column in columns)
        self._run(
            f"DELETE FROM {self.dataset.named(name)} AS old USING {self._kept(kept)} AS kept"
            f" WHERE {where}"
        )

    def _insert(self, model: Model, instead: dict[str, str]) -> None:
        query = self.definitions.query(model, instead)
        self._run(f"INSERT INTO {self.dataset.named(model.name)}\n{query}")

    def _columns(self, queries: Iterable[str]) -> str:
        read = {column for query in queries for column in columns_read(query, EVENTS.name)}
        return ", ".join(f"events.{column}" for column in sorted(read))

    def _local(self, instant: str) -> str:
        return local_day(instant, self.definitions.zone.name, self.dataset.dialect)

    def _kept(self, name: str) -> str:
        return f"{'pg_temp' if self._is_postgres else 'temp.main'}.openpanel_{name}"

    def _keep(self, name: str, query: str) -> None:
        self._run(f"CREATE TEMPORARY TABLE openpanel_{name} AS {query}")
        self._made.append(name)
        if self._is_postgres:
            self._run(f"ANALYZE {self._kept(name)}")

    def _run(self, statement: str) -> Any:
        return self.dataset.client.execute_sql(statement)
