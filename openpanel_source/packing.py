"""What a package holds beside its events: their groups, and the dimensions that were asked for."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

from openpanel_source.beside import BesideEvents
from openpanel_source.dialects import Dialect
from openpanel_source.dimensions import DIMENSIONS
from openpanel_source.loading import appended, materialize, rows_of
from openpanel_source.newest import newest_rows
from openpanel_source.run import Run
from openpanel_source.run_report import RunReport
from openpanel_source.schema import EVENT_GROUPS, SYNC_DAYS
from openpanel_source.scope import days_condition


def group_items(
    run: Run, report: RunReport, beside: BesideEvents, known: Collection[str], dialect: Dialect
) -> Iterator[Any]:
    """The groups of the days that are replaced, and what they replace.

    Where no event ever had a group there is no table, and nothing is done.

    Args:
        run: After its last day.
        report: Its report.
        beside: Rows of all its days.
        known: Tables that this pipeline had loaded before the run.
        dialect: What the destination wants otherwise.
    """
    groups = beside[EVENT_GROUPS.name]
    is_new = SYNC_DAYS.name not in known
    may_hold = EVENT_GROUPS.name in known or (is_new and report.holds_groups())
    if not run.replaced or not (groups.num_rows or may_hold):
        return
    condition = days_condition(run.replaced, dialect.instant)
    is_free = report.holds_none(condition, EVENT_GROUPS.name)
    if is_free and not groups.num_rows and EVENT_GROUPS.name in known:
        # One that is not known has to be, for the packages that follow.
        return
    for rows in groups:
        yield rows_of(EVENT_GROUPS, rows, dialect)
    # What is appended is counted after the load: by the events.
    if is_free and report.appends:
        yield appended(EVENT_GROUPS, variant=True)
    else:
        yield materialize(EVENT_GROUPS, condition, dialect, variant=True)


def dimension_items(report: RunReport, beside: BesideEvents, dialect: Dialect) -> Iterator[Any]:
    """The newest row of each profile and each name of events, unless the destination has newer."""
    import pyarrow.compute as pc

    for one in DIMENSIONS:
        rows = beside[one.table.name]
        if not rows.num_rows:
            continue
        since = min(pc.min(table.column("read_at")).as_py() for table in rows)
        held = report.held(one, since)
        for table in newest_rows(rows, one.table.primary_key, one.version, held):
            yield rows_of(one.table, table, dialect)
