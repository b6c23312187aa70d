"""The document of a report: the numbers of each block, for all projects and for each."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timezone
from importlib.metadata import version
from math import isfinite
from typing import Any
from zoneinfo import ZoneInfo

from openpanel_source.destinations.warehouse import day_of, instant_of
from openpanel_source.errors import InvalidSettingError
from openpanel_source.model.clock import DAY
from openpanel_source.model.conditions import literal
from openpanel_source.model.text import printable
from openpanel_source.report.blocks import BLOCKS, Block, Unit
from openpanel_source.report.fill import Range, filled
from openpanel_source.report.notes import Known, notes_of
from openpanel_source.report.period import range_of
from openpanel_source.report.warehouse import ReportedWarehouse

VERSION = 1
"""Of the form of the document."""
Rows = list[list[Any]]
_LEFT_OUT_EMPTY = ("charts", "retention", "visitor_flow")
"""Blocks that a warehouse without charts, or without identified visitors, cannot give."""


def document_of(
    warehouse: ReportedWarehouse,
    *,
    projects: Collection[str],
    days: int | None,
    given: tuple[date | None, date | None],
    is_compared: bool,
    now: datetime,
) -> dict[str, Any]:
    """Ask for all numbers of a report.

    Args:
        warehouse: Where they are.
        projects: Ids of those that it is about; all when empty.
        days: How many days, unless the first was given.
        given: The first day and the last, as far as they were given.
        is_compared: Whether as many days before are told as well.
        now: The time, UTC.

    Returns:
        The document, JSON values; docs/report.md describes it.

    Raises:
        InvalidSettingError: A project is not in the warehouse, or there is nothing to tell.
        OpenPanelError: The warehouse cannot be asked.
    """
    names = _projects(warehouse, projects)
    today = now.astimezone(ZoneInfo(warehouse.zone.name)).date()
    known = _known_days(warehouse, names, today)
    newest = max(known.last_event, known.last_reading, key=lambda day: day or date.min)
    chosen = range_of(days, given, is_compared=is_compared, newest=newest, today=today)
    blocks = [block for block in BLOCKS if block.tables <= warehouse.tables.keys()]
    of_all = _Scope(warehouse, chosen, tuple(names) if projects else (), several=len(names) > 1)
    scopes = {"": of_all.rows(blocks)}
    for name in names:
        alone = _Scope(warehouse, chosen, (name,), several=False)
        scopes[name] = scopes[""] if len(names) == 1 else alone.rows(blocks)
    given_blocks = [one for one in blocks if scopes[""][one.key] or one.key not in _LEFT_OUT_EMPTY]
    return {
        "version": VERSION,
        "product": f"openpanel-source {version('openpanel-source')}",
        "generated_at": _instant(now),
        "timezone": warehouse.zone.name,
        "range": _range(chosen.first, chosen.last),
        "compared": _range(chosen.begin, chosen.first - DAY) if is_compared else None,
        "projects": [{"id": name, "name": title} for name, title in names.items()],
        "notes": notes_of(warehouse, chosen, scopes[""], known, today),
        "blocks": {one.key: one.as_dict(of_all.sql(one, warehouse.shown)) for one in given_blocks},
        "scopes": {
            name: {one.key: rows[one.key] for one in given_blocks} for name, rows in scopes.items()
        },
    }


@dataclass(frozen=True)
class _Scope:
    """Some projects of a report.

    Args:
        warehouse: Where they are.
        days: Which days.
        projects: Which; all when empty.
        several: Whether they are several.
    """

    warehouse: ReportedWarehouse
    days: Range
    projects: tuple[str, ...]
    several: bool

    def rows(self, blocks: Sequence[Block]) -> dict[str, Rows]:
        """The rows of blocks."""
        found = {}
        for block in blocks:
            units = [column.unit for column in block.columns]
            rows = self.warehouse.rows(self.sql(block, self.warehouse.tables))
            found[block.key] = [
                [cell(value, unit) for value, unit in zip(row, units, strict=True)] for row in rows
            ]
        return found

    def sql(self, block: Block, tables: Mapping[str, str]) -> str:
        """The SQL of a block, with tables as they are named."""
        return filled(
            block,
            self.days,
            zone=self.warehouse.zone.name,
            projects=self.projects,
            several=self.several,
            tables=tables,
            dialect=self.warehouse.dataset.dialect,
        )


def cell(value: Any, unit: Unit) -> Any:
    """A value of a database as a JSON value.

    Args:
        value: As a driver gives it.
        unit: Of its column.
    """
    return None if value is None else _CELLS.get(unit, float)(value)


def _number(value: Any) -> float | None:
    # JSON has no infinity.
    number = float(value)
    if not isfinite(number):
        return None
    return int(number) if number.is_integer() else number


def _instant(value: Any) -> str | None:
    instant = instant_of(value)
    if instant is None:
        return None
    utc = instant.astimezone(timezone.utc)
    return f"{utc.replace(tzinfo=None).isoformat(timespec='seconds')}Z"


_CELLS: Mapping[Unit, Callable[[Any], Any]] = {
    "text": str,
    "day": lambda value: day_of(value).isoformat(),
    "instant": _instant,
    "count": int,
    "money": int,
    "number": _number,
}
"""What makes JSON values of a driver's, by unit."""


def _range(first: date, last: date) -> dict[str, str]:
    return {"from": first.isoformat(), "until": last.isoformat()}


def _projects(warehouse: ReportedWarehouse, wanted: Collection[str]) -> dict[str, str | None]:
    """The ids of the projects of a report, in order, with their names where they are loaded."""
    found = [
        str(name)
        for (name,) in warehouse.rows(
            f"SELECT DISTINCT project_id FROM {warehouse.tables['sync_days']} ORDER BY project_id"
        )
    ]
    for name in wanted:
        if name not in found:
            there = ", ".join(found[:20]) or "none"
            raise InvalidSettingError(
                f"project {printable(name, 100)!r} is not in the warehouse; it holds:"
                f" {printable(there)}."
            )
    titles: dict[str, str] = {}
    if {"project_id", "name"}.issubset(warehouse.dataset.columns.get("projects", ())):
        table = warehouse.dataset.named("projects")
        titles = dict(warehouse.rows(f"SELECT project_id, name FROM {table}"))
    return {name: titles.get(name) for name in sorted(found) if not wanted or name in wanted}


def _known_days(warehouse: ReportedWarehouse, projects: Collection[str], today: date) -> Known:
    named = ", ".join(literal(name) for name in projects) or "NULL"
    # Anybody can send events of days to come.
    where = f"project_id IN ({named}) AND day <= DATE '{today}'"
    tables = warehouse.tables
    query = (
        f"SELECT MIN(day), MAX(day), (SELECT MAX(day) FROM {tables['sync_days']} WHERE {where})"
        f" FROM {tables['daily_metrics']} WHERE {where}"
    )
    [found] = warehouse.rows(query)
    return Known(*(None if day is None else day_of(day) for day in found))
