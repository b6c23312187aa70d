"""Read what is new of a day: the rows newer than those known of it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec
import pyarrow as pa

from openpanel_source.days.attempt import Attempt, DayReading
from openpanel_source.days.ledger import DayRecord
from openpanel_source.days.pages import FirstPage, Pages
from openpanel_source.days.planned_days import PlannedDay
from openpanel_source.days.verdict import Verdict
from openpanel_source.model.clock import Clock
from openpanel_source.rows.spill import SpilledTables


def read_tail(pages: Pages, item: PlannedDay, first: FirstPage, now: Clock) -> DayReading | None:
    """Read the rows that are newer than what was read of the day before.

    Relies on page 1 and on the order of its rows.

    Args:
        pages: Of the query.
        item: The day.
        first: Its first page.
        now: The clock.

    Returns:
        The rows, if with those known they are as many as the server counts; else None: then rows
        came, went or came again among the known ones, or the count moved, and the day must be read.
        No page is asked for after one without new rows, nor after more of them than there can be.

    Raises:
        OpenPanelError: A request failed for good.
    """
    before = item.tail_of
    if before is None or before.newest_at is None:
        return None
    attempt = Attempt()
    newer: list[str] = []
    known: set[str] = set()
    number = 0
    while True:
        number += 1
        fresh = 0
        for page in first.pages.result() if number == 1 else pages.fetch(item, number):
            after, until = _divided(page.table, before.newest_at)
            newer += after.column("id").to_pylist()
            known.update(until.column("id").to_pylist())
            fresh += attempt.add(page)
        is_more = len(newer) > attempt.totals[0] - before.total_count
        if known or attempt.rejected or is_more or not fresh:
            break
    counts = attempt.counts(None)
    if not known or not known.isdisjoint(newer) or counts.moved or attempt.rejected:
        return None
    if before.total_count + len(newer) != counts.first_total:
        return None
    return _reading(
        before,
        before.newest_at,
        attempt,
        len(newer),
        verdict=Verdict.OPEN if item.day >= first.asked_on else Verdict.COMPLETE,
        reason=item.reason,
        read_at=now(),
    )


def _reading(
    before: DayRecord, since: datetime, attempt: Attempt, newer: int, **said: Any
) -> DayReading:
    """The rows that are newer, and what is known of the day with them."""
    tables, side_rows = SpilledTables(), attempt.side_rows.after(since)
    for table in attempt.tables:
        tables.append(_divided(table, since)[0])
    erased = sum(instant > since for instant in attempt.erased_at)
    record = msgspec.structs.replace(
        before,
        **said,
        total_count=before.total_count + newer,
        rows_received=before.rows_received + newer,
        distinct_ids=before.distinct_ids + tables.num_rows,
        erased_rows=before.erased_rows + erased,
        group_rows=before.group_rows + side_rows.group_rows,
        pages=len(attempt.totals),
        requests=len(attempt.totals),
        rereads=0,
        newest_id=attempt.newest_id,
        newest_at=attempt.newest_at,
    )
    return DayReading(record, tables, after=since, side_rows=side_rows)


def _divided(table: pa.Table, instant: datetime) -> tuple[pa.Table, pa.Table]:
    """The rows of events after an instant, and those until then."""
    import pyarrow.compute as pc

    is_after = pc.greater(table.column("created_at"), instant)
    return table.filter(is_after), table.filter(pc.invert(is_after))
