"""What the reader of a report has to know beside its numbers: what they lack, what brings it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple

from openpanel_source.destinations.warehouse import day_of
from openpanel_source.model.clock import DAY
from openpanel_source.model.text import counted, printable
from openpanel_source.models.build import Definitions, changed_days, is_current
from openpanel_source.report.blocks import BLOCKS, MOST_DAYS
from openpanel_source.report.fill import Range
from openpanel_source.report.warehouse import ReportedWarehouse

_NAMED = 5
_Rows = Mapping[str, Sequence[Sequence[Any]]]
_PLACES = {block.key: [column.key for column in block.columns] for block in BLOCKS}


class Known(NamedTuple):
    """Which days there is something of, up to today; None where there is nothing.

    Attributes:
        first_event: The first day with events.
        last_event: The last one.
        last_reading: The last UTC day that was read.
    """

    first_event: date | None
    last_event: date | None
    last_reading: date | None


def notes_of(
    warehouse: ReportedWarehouse, days: Range, rows: _Rows, known: Known, today: date
) -> list[str]:
    """The notes, the most important first.

    Args:
        warehouse: Where the numbers come from.
        days: Of the report.
        rows: Of the blocks, of all projects.
        known: What there are days of.
        today: The day.
    """
    notes = [
        *_of_events(days, known, today),
        *_of_proof(days, rows),
        *_of_holdings(warehouse, rows),
        *_of_models(warehouse),
    ]
    if not rows.get("charts"):
        notes.append("No charts are loaded; openpanel-source sync --charts FILE loads some.")
    if known.first_event and not rows.get("retention"):
        notes.append(
            "No visitors of these weeks were identified: there is no retention, and nobody is known"
            " to return."
        )
    return notes


def _of_events(days: Range, known: Known, today: date) -> list[str]:
    if known.first_event is None:
        return ["No events were loaded yet; openpanel-source sync loads them."]
    notes = []
    newest = max(known.last_event or date.min, known.last_reading or date.min)
    if newest < today - DAY and newest <= days.last:
        notes.append(f"No day after {newest} was read; openpanel-source sync reads those since.")
    if days.is_compared and days.begin < known.first_event <= days.last:
        notes.append(
            f"There are no events before {known.first_event}: the period before is not whole."
        )
    return notes


def _of_proof(days: Range, rows: _Rows) -> list[str]:
    notes = []
    within = [
        day
        for day in _dicts("proof", rows)
        if days.first.isoformat() <= day["day"] <= days.last.isoformat()
    ]
    doubtful = [day for day in within if day["verdict"] not in ("complete", "open")]
    if doubtful:
        named = ", ".join(
            f"{printable(day['project_id'], 100)} {day['day']} {printable(day['verdict'], 20)}"
            for day in doubtful[:_NAMED]
        )
        more = ", …" if len(doubtful) > _NAMED else ""
        notes.append(
            f"{_days(len(doubtful))} not proven complete ({named}{more});"
            " openpanel-source sync reads them again."
        )
    is_open = sorted({day["day"] for day in within if day["verdict"] == "open"})
    if is_open:
        notes.append(f"Not over when last read (UTC): {', '.join(is_open[-_NAMED:])}.")
    for one in _dicts("proof_summary", rows):
        if one["days"] > MOST_DAYS:
            name = printable(one["project_id"], 100)
            notes.append(
                f"The calendar of proof shows the newest {MOST_DAYS:,} of {one['days']:,} days of"
                f" {name}; all are in the table sync_days."
            )
    return notes


def _of_holdings(warehouse: ReportedWarehouse, rows: _Rows) -> list[str]:
    """Whether the table events holds what the ledger says."""
    loaded = {(day["project_id"], day["day"]): day["loaded"] or 0 for day in _dicts("proof", rows)}
    held = {
        (project, day_of(day).isoformat()): count
        for project, day, count in warehouse.rows(
            "SELECT project_id, event_date, COUNT(*)"
            f" FROM {warehouse.tables['events']} GROUP BY project_id, event_date"
        )
    }
    differing = sorted(key for key, count in loaded.items() if held.get(key, 0) != count)
    if not differing:
        return []
    named = ", ".join(f"{printable(name, 100)} {day}" for name, day in differing[:_NAMED])
    more = ", …" if len(differing) > _NAMED else ""
    return [
        f"{_days(len(differing))} no longer as loaded ({named}{more}); openpanel-source sync"
        " reads them again."
    ]


def _of_models(warehouse: ReportedWarehouse) -> list[str]:
    if not warehouse.has_models:
        if warehouse.is_of_files:
            return [
                "The numbers were computed from the files for this report; the SQL shown asks"
                " tables of models, which are made in DuckDB and PostgreSQL alone."
            ]
        return [
            "There are no tables of models: the numbers were computed for this report, which takes"
            " longer. openpanel-source models makes them; the SQL shown asks them."
        ]
    dataset = warehouse.dataset
    changed = 0
    if dataset.has_tables:
        [[changed]] = warehouse.rows(f"SELECT COUNT(*) FROM ({changed_days(dataset)}) AS changed")
    if changed:
        return [
            f"The models have not taken in {counted(changed, 'day')} that changed since;"
            " openpanel-source models does."
        ]
    if not is_current(dataset, Definitions(dataset, warehouse.zone)):
        return [
            "The models were made by another version, or from other settings than those of now;"
            " openpanel-source models makes them anew."
        ]
    return []


def _days(number: int) -> str:
    return f"{counted(number, 'day')} {'is' if number == 1 else 'are'}"


def _dicts(key: str, rows: _Rows) -> list[dict[str, Any]]:
    return [dict(zip(_PLACES[key], row, strict=True)) for row in rows.get(key, ())]
