"""What is chosen in the notebook, as SQL for DuckDB or PostgreSQL; pure.

Names of events, projects, keys and columns come from the open internet: they stand in it as texts
and identifiers, quoted, whatever they hold.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from openpanel_source.model.conditions import identifier, literal
from openpanel_source.model.zones import zone_in_sql

MEASURES = {
    "events": "COUNT(*)",
    "active_visitors": "COUNT(DISTINCT NULLIF(events.profile_id, ''))",
    "active_sessions": "COUNT(DISTINCT NULLIF(events.session_id, ''))",
    "event_revenue": "COALESCE(SUM(CASE WHEN NOT COALESCE(events.name, '') IN ('session_start',"
    " 'session_end') THEN events.revenue END), 0)",
}
"""What is counted, as in the model ``daily_metrics``."""
INTERVALS = ("hour", "day", "week", "month")
MOST_VALUES = 100
"""Values that a breakdown shows."""
_MOST_NAMES = 1_000
_LOOKED_AT = 10_000
"""Newest events whose keys are listed."""
_NO_DIMENSIONS = ("project_id", "event_date", "id", "name", "properties", "groups", "extras")
"""Columns that are chosen elsewhere, or of which each event has its own."""


@dataclass(frozen=True)
class Choice:
    """The events that are looked at.

    Attributes:
        dialect: ``duckdb`` or ``postgres``.
        zone: IANA name of the time zone in which days begin.
        project: Id of the project.
        first: First day.
        last: Last day, inclusive.
        event: Name of the event; all events when None.
    """

    dialect: str
    zone: str
    project: str
    first: date
    last: date
    event: str | None = None

    @property
    def condition(self) -> str:
        """SQL for the events that are chosen."""
        days = self.is_of_days(f"CAST({self.local} AS DATE)")
        named = f" AND events.name = {literal(self.event)}" if self.event is not None else ""
        return f"{self.is_near} AND {days}{named}"

    @property
    def local(self) -> str:
        """The local time of an event."""
        return f"(events.created_at AT TIME ZONE {zone_in_sql(self.zone)})"

    @property
    def is_near(self) -> str:
        """SQL for the project's events of the UTC days that these days may lie in."""
        day = timedelta(days=1)
        return (
            f"events.project_id = {literal(self.project)} AND events.event_date"
            f" BETWEEN DATE '{self.first - day}' AND DATE '{self.last + day}'"
        )

    def is_of_days(self, day: str) -> str:
        """SQL for a day to be one of those chosen."""
        return f"{day} BETWEEN DATE '{self.first}' AND DATE '{self.last}'"


def event_names(choice: Choice) -> str:
    """Names of events, the most frequent first."""
    return (
        f"SELECT events.name, COUNT(*) AS events FROM events WHERE {choice.condition}"
        " AND events.name IS NOT NULL"
        f" GROUP BY events.name ORDER BY 2 DESC, 1 LIMIT {_MOST_NAMES}"
    )


def property_keys(choice: Choice) -> str:
    """Keys of the properties of the newest events, the most frequent first."""
    newest = (
        f"(SELECT events.properties FROM events WHERE {choice.condition}"
        f" ORDER BY events.created_at DESC LIMIT {_LOOKED_AT}) AS newest"
    )
    keys = f"(SELECT UNNEST(JSON_KEYS(newest.properties)) AS key FROM {newest}) AS keys"
    if choice.dialect == "postgres":
        keys = (
            f"{newest} CROSS JOIN LATERAL jsonb_object_keys(CASE WHEN"
            " jsonb_typeof(newest.properties) = 'object' THEN newest.properties ELSE '{}' END)"
            " AS keys(key)"
        )
    return (
        f"SELECT keys.key, COUNT(*) AS events FROM {keys}"
        f" GROUP BY keys.key ORDER BY 2 DESC, 1 LIMIT {_MOST_NAMES}"
    )


def dimensions(columns: Collection[str]) -> list[str]:
    """Columns of ``events`` that it can be broken down by."""
    return [name for name in columns if name not in _NO_DIMENSIONS and not name.startswith("_dlt_")]


def column(name: str) -> str:
    """The value of a column as text."""
    return f"CAST(events.{identifier(name)} AS TEXT)"


def property_value(key: str, dialect: str) -> str:
    """The value of a key of the properties as text."""
    if dialect == "postgres":
        return f"(events.properties ->> {literal(key)})"
    # A pointer: what begins with $ would be a path.
    pointer = "/" + key.replace("~", "~0").replace("/", "~1")
    return f"JSON_EXTRACT_STRING(events.properties, {literal(pointer)})"


def over_time(choice: Choice, interval: str) -> str:
    """All measures by hour, day, week (from Monday on) or month, in local time."""
    if interval not in INTERVALS:
        raise ValueError(f"no interval: {interval}")
    start, kind = f"DATE_TRUNC('{interval}', {choice.local})", "DATE"
    if interval == "hour":
        kind = "TIMESTAMP"
    return (
        f"SELECT CAST({start} AS {kind}) AS {interval}, {_measures()}\n"
        f"FROM events WHERE {choice.condition}\nGROUP BY 1 ORDER BY 1"
    )


def by_value(choice: Choice, value: str) -> str:
    """All measures by a value, the most frequent first, and one more than are shown.

    Args:
        choice: The events.
        value: SQL, as ``column`` and ``property_value`` make it.
    """
    return (
        f"SELECT {value} AS value, {_measures()}\n"
        f"FROM events WHERE {choice.condition}\n"
        f"GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT {MOST_VALUES + 1}"
    )


def _measures() -> str:
    return ", ".join(f"{sql} AS {name}" for name, sql in MEASURES.items())


def funnel(choice: Choice, steps: Sequence[str], *, has_sessions: bool) -> str:
    """How many sessions came how far, as the model ``funnel`` counts.

    That is sessions that began on these days; each step after the one before, in the same session.

    Args:
        choice: Project and days; its event does not matter.
        steps: Names of events, in order; before them comes the visit itself.
        has_sessions: Whether there is the model ``sessions``, which knows when each began.
    """
    begun = _begun_of_model(choice) if has_sessions else _begun(choice)
    tables = [f"step_1 AS ({begun})"]
    for number, name in enumerate(steps, start=1):
        later = " AND events.created_at > earlier.reached_at" if number > 1 else ""
        tables.append(
            f"step_{number + 1} AS (\n  SELECT earlier.session_id, MIN(events.created_at) AS"
            f" reached_at FROM step_{number} AS earlier\n  JOIN events ON"
            f" events.project_id = {literal(choice.project)} AND events.session_id ="
            f" earlier.session_id\n    AND events.name = {literal(name)}{later}\n"
            "  GROUP BY earlier.session_id)"
        )
    counts = [
        f"SELECT {number} AS step, {literal(name)} AS name, COUNT(*) AS sessions FROM step_{number}"
        for number, name in enumerate(["visit", *steps], start=1)
    ]
    tables.append("counted AS (\n  {})".format("\n  UNION ALL ".join(counts)))
    share = "CAST(sessions AS DOUBLE PRECISION) / NULLIF({}(sessions) OVER (ORDER BY step), 0)"
    return (
        f"WITH {', '.join(tables)}\nSELECT step, name, sessions,"
        f" {share.format('LAG')} AS of_previous, {share.format('FIRST_VALUE')} AS of_visits\n"
        "FROM counted ORDER BY step"
    )


def _begun_of_model(choice: Choice) -> str:
    return (
        f"SELECT session_id FROM sessions WHERE project_id = {literal(choice.project)}"
        f" AND {choice.is_of_days('day')}"
    )


def _begun(choice: Choice) -> str:
    """Sessions by their first event that is no copy, as the model has it."""
    sent = (
        "CASE WHEN COALESCE(name, '') NOT IN ('session_start', 'session_end') THEN created_at END"
    )
    start = f"COALESCE(MIN({sent}), MIN(created_at)) AT TIME ZONE {zone_in_sql(choice.zone)}"
    return (
        f"SELECT session_id FROM events WHERE project_id = {literal(choice.project)}"
        f" AND session_id <> ''\n  GROUP BY session_id"
        f" HAVING {choice.is_of_days(f'CAST({start} AS DATE)')}"
    )
