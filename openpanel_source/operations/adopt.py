"""Find days that other pipelines have loaded and recorded, so that they need not be read again."""

from __future__ import annotations

import dlt

from openpanel_source.days.ledger import DayRecord, Ledger
from openpanel_source.days.verdict import Verdict
from openpanel_source.destinations.warehouse import NOT_THERE, count_events
from openpanel_source.model.clock import DAY, EARLIEST
from openpanel_source.model.day_ranges import ranges_without
from openpanel_source.model.schema import EVENT_GROUPS
from openpanel_source.source.ledger_storage import newest_records
from openpanel_source.source.settings.checked import Settings

_MOST_GAPS = 20
"""More gaps in a ledger are not worth naming: what lies between them is asked for as well."""


def adoptable_days(pipeline: dlt.Pipeline, settings: Settings, ledger: Ledger) -> list[DayRecord]:
    """Days that a ledger does not know and the destination holds whole, as ``sync_days`` says.

    Such a day was over and proven when it was last read, with the same query, and the rows of
    ``events`` and ``event_groups`` are still as many as were loaded then. So are those of a day
    whose loss is held back, which stays so.

    Args:
        pipeline: A pipeline with its destination, which may be empty.
        settings: Projects, query and range.
        ledger: Its days are left out.

    Returns:
        The records of these days; none where the destination cannot be asked in SQL.
    """
    unknown = _unknown(settings, ledger)
    if not unknown:
        return []
    try:
        newest = newest_records(pipeline, unknown)
    except NOT_THERE:
        return []
    found = [
        record
        for record in newest.values()
        if record.query_fingerprint == settings.query.fingerprint
        and ((record.is_settled and record.is_proven) or record.verdict is Verdict.SHRUNK)
        and ledger.get(record.project_id, record.day) is None
    ]
    if not found:
        return []
    first, last = min(record.day for record in found), max(record.day for record in found)
    held = count_events(pipeline, first, last)
    has_groups = any(record.group_rows for record in found)
    grouped = count_events(pipeline, first, last, EVENT_GROUPS.name) if has_groups else {}
    return [
        record
        for record in found
        if held.get((record.project_id, record.day), 0) == record.distinct_ids
        and grouped.get((record.project_id, record.day), 0) == record.group_rows
    ]


def _unknown(settings: Settings, ledger: Ledger) -> str:
    """An SQL condition on ``sync_days`` for the days that are over and not in the ledger."""
    since = settings.start or EARLIEST
    last = settings.now().date() - DAY
    if settings.end is not None:
        last = min(last, settings.end)
    parts = []
    for project in settings.project_ids:
        # Before its first event there is nothing to adopt.
        first = ledger.first_day(project, since) or since
        gaps = list(ranges_without(first, last, ledger.days(project)))
        if len(gaps) > _MOST_GAPS:
            gaps = [(first, last)]
        days = " OR ".join(f"day BETWEEN '{start}' AND '{end}'" for start, end in gaps)
        if days:
            parts.append(f"(project_id = '{project}' AND ({days}))")
    return " OR ".join(parts)
