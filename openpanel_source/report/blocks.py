"""What each block of a report says, and the SQL that says it: one definition of each number.

A query stands in ``queries/`` for DuckDB and PostgreSQL alike. Names in braces are what a report
fills in: tables, days, the condition on projects. ``NAME(x)`` and ``PAGE(x)`` stand for a text of
visitors fit to be shown: cut, without e-mail addresses, a page also without its query string.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Literal

Unit = Literal["text", "count", "share", "seconds", "money", "day", "instant", "number"]

MOST_ROWS = 50
"""Of a breakdown; what is left is one row more."""
MOST_DAYS = 1830
"""Of the calendar of proof, by project: five years."""
_FOLDER = files("openpanel_source") / "report" / "queries"
_TOP = """\
WITH counted AS (
{counted}
),
ranked AS (
  SELECT
    counted.*,
    LEAST(ROW_NUMBER() OVER (ORDER BY {by} DESC, {names}), {{most}} + 1) AS place
  FROM counted
)
SELECT
  {shown}
FROM ranked
GROUP BY place, {places}
ORDER BY place"""
"""The rows of a breakdown, the largest first, and one of all that are left, without a name."""
_SUMMED = {
    # Who came twice would count twice.
    "visitors": "CASE WHEN place <= {most} THEN SUM(visitors) END AS visitors",
    "bounce_rate": "CAST(SUM(bounces) AS DOUBLE PRECISION) / NULLIF(SUM(entries), 0)"
    " AS bounce_rate",
}


@dataclass(frozen=True)
class Column:
    """A column of a block.

    Attributes:
        key: Its name in SQL.
        label: Its heading.
        unit: What its values are.
    """

    key: str
    label: str
    unit: Unit


@dataclass(frozen=True)
class Block:
    """A table of the report.

    Attributes:
        key: Its name.
        title: Its heading.
        columns: In order.
        ranked_by: Of a breakdown, the column by which its rows are ranked.
    """

    key: str
    title: str
    columns: tuple[Column, ...]
    ranked_by: str | None = None

    @property
    def query(self) -> str:
        """Its SQL, with names in braces."""
        text = _text(self.key)
        if self.ranked_by is None:
            return text.replace("{proof_days}", _text("proof_days"))
        names = [one.key for one in self.columns if one.unit == "text"]
        return _TOP.format(
            counted=text,
            by=self.ranked_by,
            names=", ".join(names),
            places=", ".join(str(place) for place in range(1, len(names) + 1)),
            shown=",\n  ".join(map(_shown, self.columns)),
        )

    @property
    def tables(self) -> frozenset[str]:
        """The names of the tables that it reads."""
        return frozenset(re.findall(r"(?:FROM|JOIN) \{(\w+)\}", self.query))

    def as_dict(self, sql: str) -> dict[str, Any]:
        """The block as the document has it."""
        columns = [vars(column) for column in self.columns]
        return {"title": self.title, "columns": columns, "sql": sql}


def _shown(column: Column) -> str:
    if column.unit == "text":
        return f"CASE WHEN place <= {{most}} THEN {column.key} END AS {column.key}"
    return _SUMMED.get(column.key, f"SUM({column.key}) AS {column.key}")


@cache
def _text(name: str) -> str:
    return (_FOLDER / f"{name}.sql").read_text("utf-8").rstrip("\n")


def _texts(*keys: str) -> tuple[Column, ...]:
    return tuple(Column(key, key.capitalize(), "text") for key in keys)


def _counts(*keys: str) -> tuple[Column, ...]:
    return tuple(Column(key, key.capitalize(), "count") for key in keys)


_REVENUE = Column("revenue", "Revenue", "money")
_BOUNCE_RATE = Column("bounce_rate", "Bounce rate", "share")
_SESSIONS = _counts("sessions")

BLOCKS = (
    Block(
        "tiles",
        "Summary",
        (
            *_texts("key", "label", "unit"),
            Column("value", "Value", "number"),
            Column("before", "Before", "number"),
        ),
    ),
    Block(
        "days",
        "Days",
        (
            Column("day", "Day", "day"),
            *_counts("visitors", "sessions", "views"),
            _REVENUE,
            _BOUNCE_RATE,
            Column("before_visitors", "Visitors before", "count"),
            Column("before_sessions", "Sessions before", "count"),
            Column("before_views", "Views before", "count"),
        ),
    ),
    Block(
        "sources",
        "Sources",
        (
            *_texts("source", "medium"),
            *_counts("sessions", "visitors", "conversions"),
            _REVENUE,
        ),
        ranked_by="sessions",
    ),
    Block(
        "campaigns",
        "Campaigns",
        (*_texts("campaign"), *_counts("sessions", "conversions"), _REVENUE),
        ranked_by="sessions",
    ),
    Block(
        "landing_pages",
        "Landing pages",
        (*_texts("path"), *_counts("entries", "bounces"), _BOUNCE_RATE),
        ranked_by="entries",
    ),
    Block(
        "pages",
        "Pages",
        (*_texts("path", "title"), *_counts("views", "sessions", "exits")),
        ranked_by="views",
    ),
    Block(
        "events",
        "Events",
        (*_texts("name"), *_counts("events", "visitors")),
        ranked_by="events",
    ),
    Block(
        "devices",
        "Devices",
        (*_texts("device"), *_counts("sessions", "views")),
        ranked_by="sessions",
    ),
    Block(
        "browsers",
        "Browsers",
        (*_texts("browser"), *_counts("sessions", "views")),
        ranked_by="sessions",
    ),
    Block(
        "countries",
        "Countries",
        (*_texts("country"), *_counts("sessions", "visitors", "views")),
        ranked_by="sessions",
    ),
    Block(
        "hours",
        "Weekdays and hours",
        (Column("weekday", "Weekday", "number"), Column("hour", "Hour", "number"), *_SESSIONS),
    ),
    Block(
        "funnel",
        "Funnel",
        (
            Column("step", "Step", "number"),
            *_texts("name"),
            *_SESSIONS,
            Column("share", "Share of visits", "share"),
        ),
    ),
    Block(
        "retention",
        "Weekly retention",
        (
            Column("cohort_week", "First week", "day"),
            Column("week", "Weeks later", "number"),
            *_counts("visitors"),
            Column("share", "Share", "share"),
        ),
    ),
    Block(
        "visitor_flow",
        "New, returning and churned visitors",
        (Column("week", "Week", "day"), *_counts("new", "returning", "churned")),
    ),
    Block(
        "paths",
        "From landing page to purchase",
        (
            *_texts("source", "target"),
            *_SESSIONS,
            Column("source_stage", "From stage", "number"),
            Column("target_stage", "To stage", "number"),
        ),
    ),
    Block(
        "charts",
        "Charts",
        (
            *_texts("chart", "series"),
            Column("at", "At", "instant"),
            Column("value", "Value", "number"),
        ),
    ),
    Block(
        "proof",
        "Calendar of proof",
        (
            Column("project_id", "Project", "text"),
            Column("day", "Day (UTC)", "day"),
            *_texts("verdict"),
            *_counts("counted", "received", "loaded"),
            Column("read_at", "Read at", "instant"),
            *_counts("readings"),
            *_texts("reason"),
            Column("last_proven_at", "Last proven at", "instant"),
        ),
    ),
    Block(
        "proof_summary",
        "Proof",
        (
            Column("project_id", "Project", "text"),
            Column("from", "From", "day"),
            Column("until", "Until", "day"),
            *_counts("days", "complete", "doubtful", "missing", "rows"),
            Column("oldest_proof_at", "Oldest proof", "instant"),
        ),
    ),
)
"""All blocks, in the order of the page."""
