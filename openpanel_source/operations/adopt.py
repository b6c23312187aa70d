"""Find days that other pipelines have loaded and recorded, so that they need not be read again."""

from __future__ import annotations

from typing import NamedTuple

import dlt

from openpanel_source.days.ledger import DayRecord, Ledger
from openpanel_source.days.verdict import Verdict
from openpanel_source.destinations.warehouse import NOT_THERE, count_events
from openpanel_source.model.clock import DAY, EARLIEST, LATEST
from openpanel_source.model.day_ranges import ranges_without
from openpanel_source.model.schema import EVENT_GROUPS
from openpanel_source.source.ledger_storage import newest_records
from openpanel_source.source.settings.checked import Settings

_MOST_GAPS = 20
"""More gaps in a ledger are not worth naming: what lies between them is asked for as well."""


class Elsewhere(NamedTuple):
    """Days that a ledger does not know and other pipelines have recorded in the same dataset.

    Attributes:
        adoptable: Those of the same query that were over and proven when last read, and of which
            ``events`` and ``event_groups`` hold as many rows as were loaded then. So are those
            whose loss is held back, which stays so.
        of_another_query: Those of which another query's rows are held.
    """

    adoptable: list[DayRecord]
    of_another_query: list[DayRecord]


def recorded_elsewhere(pipeline: dlt.Pipeline, settings: Settings, ledger: Ledger) -> Elsewhere:
    """Find the days that other pipelines have loaded, as ``sync_days`` says and the rows confirm.

    Args:
        pipeline: A pipeline with its destination, which may be empty.
        settings: Projects, query and range.
        ledger: Its days are left out.

    Returns:
        Their records; none where the destination cannot be asked in SQL.
    """
    unknown = _unknown(settings, ledger)
    if not unknown:
        return Elsewhere([], [])
    try:
        newest = newest_records(pipeline, unknown)
    except NOT_THERE:
        return Elsewhere([], [])
    found = [one for one in newest.values() if ledger.get(one.project_id, one.day) is None]
    fingerprint = settings.query.fingerprint
    others = [one for one in found if one.query_fingerprint != fingerprint]
    own = [one for one in found if one.query_fingerprint == fingerprint]
    own = [one for one in own if _is_adoptable(one, settings)]
    if not own and not others:
        return Elsewhere([], [])
    days = [one.day for one in (*own, *others)]
    held = count_events(pipeline, min(days), max(days))
    has_groups = any(one.group_rows for one in own)
    grouped = count_events(pipeline, min(days), max(days), EVENT_GROUPS.name) if has_groups else {}
    return Elsewhere(
        [
            one
            for one in own
            if held.get((one.project_id, one.day), 0) == one.distinct_ids
            and grouped.get((one.project_id, one.day), 0) == one.group_rows
        ],
        [one for one in others if held.get((one.project_id, one.day), 0)],
    )


def _is_adoptable(record: DayRecord, settings: Settings) -> bool:
    is_proven = record.is_settled and record.is_proven
    return record.day < settings.now().date() and (is_proven or record.verdict is Verdict.SHRUNK)


def _unknown(settings: Settings, ledger: Ledger) -> str:
    """An SQL condition on ``sync_days`` for the days that are not in the ledger.

    Of projects that it knows at all, those that are over: the others are read each time.
    """
    since = settings.start or EARLIEST
    parts = []
    for project in settings.project_ids:
        last = settings.end or LATEST
        if ledger.days(project):
            last = min(last, settings.now().date() - DAY)
        # Before its first event there is nothing to adopt.
        first = ledger.first_day(project, since) or since
        gaps = list(ranges_without(first, last, ledger.days(project)))
        if len(gaps) > _MOST_GAPS:
            gaps = [(first, last)]
        days = " OR ".join(f"day BETWEEN '{start}' AND '{end}'" for start, end in gaps)
        if days:
            parts.append(f"(project_id = '{project}' AND ({days}))")
    return " OR ".join(parts)
