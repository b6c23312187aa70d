"""Start a sync from what the destination says, whatever this machine remembers."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import dlt

from openpanel_source.days.ledger import DayRecord, Ledger
from openpanel_source.destinations.comments import write_comments
from openpanel_source.destinations.duckdb_session import open_meanwhile
from openpanel_source.destinations.files.table_format import check_table_format
from openpanel_source.destinations.known_tables import check_tables, client_of, know_tables
from openpanel_source.destinations.pipelines import place_of
from openpanel_source.destinations.warehouse import (
    ProjectDay,
    count_events,
    own_schema,
    takes_sql,
)
from openpanel_source.model.schema import EVENT_GROUPS, EVENTS
from openpanel_source.model.text import counted
from openpanel_source.operations.adopt import recorded_elsewhere
from openpanel_source.operations.users_pipeline import OtherSources
from openpanel_source.source.ledger_storage import ledger_of
from openpanel_source.source.settings.checked import Settings
from openpanel_source.source.sync_plan import check_consent

logger = logging.getLogger(__name__)


def restored(
    pipeline: dlt.Pipeline, settings: Settings, busy_timeout: float
) -> tuple[frozenset[ProjectDay], list[DayRecord]]:
    """Forget what this machine remembers of the pipeline: the destination alone tells the state.

    So a run that was killed, a working folder that vanished, and a destination that was restored
    from a backup are all the same case. What an interrupted run had extracted is read again, not
    loaded: a job that was cut off may have written its rows, and would write them twice.

    Args:
        pipeline: A pipeline with its destination.
        settings: What it reads.
        busy_timeout: Seconds to wait for a DuckDB file that another process holds.

    Returns:
        Projects and days that differ from the ledger, changed by hand or by a run that was cut off,
        and days that other pipelines have loaded, with this query or another.
    """
    ended_well = _take_mark(pipeline)
    other_sources = OtherSources.of(pipeline, busy_timeout)
    other_sources.forget_all_else(pipeline)
    with open_meanwhile(pipeline, busy_timeout):
        pipeline.sync_destination()
        other_sources.put_back(pipeline)
        mended: Mapping[str, Any] = {}
        schema = own_schema(pipeline)
        check_table_format(pipeline, schema, settings.table_format)
        if schema is not None:
            know_tables(pipeline)
        with client_of(pipeline, schema) as client:
            check_tables(pipeline, client, schema, settings.lists)
            if schema is not None:
                # Tables and columns that somebody dropped are made again, empty.
                mended = client.update_stored_schema(force=True) or {}
        ledger = ledger_of(pipeline, settings.query.fingerprint)
        elsewhere = recorded_elsewhere(pipeline, settings, ledger)
    ledger.leave(elsewhere.of_another_query)
    check_consent(settings, ledger)
    known = [*elsewhere.adoptable, *elsewhere.of_another_query]
    if schema is not None and (mended or not ended_well):
        write_comments(pipeline, busy_timeout)
    if mended:
        logger.warning("the destination lacked parts of %s", ", ".join(sorted(mended)))
    if not any(map(ledger.days, settings.project_ids)):
        # All that there is will be read or adopted.
        return frozenset(), known
    if EVENTS.name in mended or EVENT_GROUPS.name in mended:
        is_whole = EVENTS.name not in mended
        return _days_of(ledger, settings, with_groups=is_whole), known
    doubtful = _days_loaded_by(other_sources.discarded, ledger, settings)
    if ended_well and not takes_sql(pipeline):
        return doubtful, known
    # Somebody may have changed days, and a package that was cut off may have replaced some.
    with open_meanwhile(pipeline, busy_timeout):
        held = count_events(pipeline, settings.start or date.min, settings.end or date.max)
    differing = frozenset(
        (project, day)
        for project in settings.project_ids
        for day in differing_days(ledger.days(project), held, project, settings)
    ) - {(record.project_id, record.day) for record in known}
    if differing:
        logger.warning(
            "%s of events hold other rows here than were loaded, and are read again: somebody has"
            " changed them, or a load was cut off",
            counted(len(differing), "day"),
        )
    return differing | doubtful, known


def _days_loaded_by(
    discarded: frozenset[str], ledger: Ledger, settings: Settings
) -> frozenset[ProjectDay]:
    """Days whose rows were in packages that were discarded, though the ledger has arrived."""
    return frozenset(
        (project, day)
        for project in settings.project_ids
        for day, record in ledger.days(project).items()
        if discarded and record.load_id in discarded
    )


def _days_of(ledger: Ledger, settings: Settings, *, with_groups: bool) -> frozenset[ProjectDay]:
    """All days that the ledger holds rows of, or rows with groups."""
    return frozenset(
        (project, day)
        for project in settings.project_ids
        for day, record in ledger.days(project).items()
        if (record.group_rows if with_groups else record.rows_received)
    )


def mark_clean(pipeline: dlt.Pipeline) -> None:
    """Leave a mark on this machine that the last sync ended well."""
    _mark(pipeline).write_text(_place_mark(pipeline), "utf-8")


def _take_mark(pipeline: dlt.Pipeline) -> bool:
    """Whether the last sync on this machine into this destination ended well; forgets it."""
    mark = _mark(pipeline)
    try:
        # A pipeline may be given another destination: what ended well there says nothing here.
        return mark.read_text("utf-8") == _place_mark(pipeline)
    except (OSError, ValueError):
        return False
    finally:
        mark.unlink(missing_ok=True)


def _mark(pipeline: dlt.Pipeline) -> Path:
    return Path(pipeline.pipelines_dir) / f"{pipeline.pipeline_name}.ended-well"


def _place_mark(pipeline: dlt.Pipeline) -> str:
    place = f"{place_of(pipeline)}\0{pipeline.dataset_name}"
    return hashlib.sha256(place.encode()).hexdigest()


def differing_days(
    records: Mapping[date, DayRecord],
    counts: Mapping[ProjectDay, int],
    project_id: str,
    settings: Settings,
) -> dict[date, int]:
    """Days of a project whose rows in the destination are not as many as the ledger says.

    Args:
        records: The ledger.
        counts: Rows in the destination.
        project_id: The project.
        settings: Days outside their range are left alone.

    Returns:
        Rows held on each such day; a day that the ledger does not know should hold none.
    """
    held = {day: rows for (owner, day), rows in counts.items() if owner == project_id}
    loaded = {day: record.distinct_ids for day, record in records.items()}
    first, last = settings.start or date.min, settings.end or date.max
    return {
        day: held.get(day, 0)
        for day in held.keys() | loaded.keys()
        if first <= day <= last and held.get(day, 0) != loaded.get(day, 0)
    }
