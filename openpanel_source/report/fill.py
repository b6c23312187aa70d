"""The SQL of a block for a warehouse, a range of days and some projects; pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date

from openpanel_source.model.clock import DAY
from openpanel_source.model.conditions import literal
from openpanel_source.model.zones import zone_in_sql
from openpanel_source.models.definitions import each_day
from openpanel_source.report.blocks import MOST_DAYS, MOST_ROWS, Block

_COHORTS = 12
"""Weeks of retention at least, however short the range is."""
_ADDRESS = "'[^/@<>|?=&;,() ]+(@|%40)[^/@ ]+[.][^/@ ]+', '(e-mail)', 'g'"
_NAME = rf"LEFT(REGEXP_REPLACE(LEFT({{}}, 500), {_ADDRESS}), 200)"
_WORDS = {
    "NAME": _NAME.format(r"\1"),
    "PAGE": _NAME.format(r"SPLIT_PART(SPLIT_PART(\1, '?', 1), '#', 1)"),
    "SUNDAY": r"CAST(\1 - CAST(EXTRACT(DOW FROM \1) AS INTEGER) AS DATE)",
}
"""What stands for a word with one argument."""


@dataclass(frozen=True)
class Range:
    """The days of a report, in its time zone.

    Attributes:
        first: The first.
        last: The last, inclusive.
        is_compared: Whether as many days before are told as well.
    """

    first: date
    last: date
    is_compared: bool

    @property
    def begin(self) -> date:
        """The first day that is looked at."""
        return self.first - self.days * DAY if self.is_compared else self.first

    @property
    def days(self) -> int:
        """How many days it has."""
        return (self.last - self.first).days + 1


def filled(
    block: Block,
    days: Range,
    *,
    zone: str,
    projects: Collection[str],
    several: bool,
    tables: Mapping[str, str],
    dialect: str,
) -> str:
    """The SQL of a block.

    Args:
        block: The block.
        days: Which days.
        zone: IANA name of the time zone of these.
        projects: Of these alone; of all where there are none.
        several: Whether what is shown is of several projects.
        tables: What stands for the names of tables, as SQL.
        dialect: ``duckdb`` or ``postgres``.
    """
    query = block.query
    if not projects:
        query = re.sub(r"\n *AND \{project\}", "", query)
    named = ", ".join(literal(project) for project in projects)
    values = {
        "first": _day(days.first),
        "last": _day(days.last),
        "begin": _day(days.begin),
        "cohorts": _day(min(days.first, days.last - 7 * _COHORTS * DAY)),
        "length": str(days.days),
        "zone": zone_in_sql(zone),
        "most": str(MOST_ROWS),
        "most_days": str(MOST_DAYS),
        "project": f"project_id = {named}" if len(projects) == 1 else f"project_id IN ({named})",
        "chart": "charts.project_id || ': ' || charts.name" if several else "charts.name",
        **tables,
    }
    for word, meaning in _WORDS.items():
        query = re.sub(rf"\b{word}\(([^()]+)\)", meaning, query)
    series = each_day(r"\1", r"\2", dialect)
    query = re.sub(r"\bEACH_DAY\(([^()]+), ([^()]+)\)", series, query)
    return query.format(**values)


def _day(day: date) -> str:
    return f"DATE '{day}'"
