"""Erase profiles from a warehouse: read the days that hold them again, without them."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import dlt
from dlt.destinations import filesystem

from openpanel_source.destinations.prepare import drop_copies, separate_staging
from openpanel_source.destinations.warehouse import (
    ProjectDay,
    day_of,
    has_table,
    select,
    sql_client,
)
from openpanel_source.errors import DestinationError, InvalidSettingError
from openpanel_source.model.plain import AsDict
from openpanel_source.model.schema import EVENTS, PROFILES, REJECTED_EVENTS
from openpanel_source.models.make import refresh_tables
from openpanel_source.operations.preamble import BUSY_TIMEOUT, looking_alone, operation
from openpanel_source.operations.runs.summary import SyncSummary
from openpanel_source.operations.stop import Halt
from openpanel_source.operations.sync import sync
from openpanel_source.rows.privacy import HASH_DIGITS, Privacy, ids_in

_VALUES_AT_A_TIME = 500
_OF_EVENTS = ("profile_id", "device_id")
_ID_COLUMNS = (*((EVENTS.name, column) for column in _OF_EVENTS), (PROFILES.name, "id"))


@dataclass
class ErasureReport(AsDict):
    """What became of the days that held erased profiles.

    Attributes:
        days: Projects and UTC days that held a row of the profiles.
        left: Those of them that still do: of projects that are not configured, or days that the
            server did not list in full.
        sync: What reading them again did; None if there was none to read.
        profiles: Rows of ``profiles`` that were deleted.
    """

    days: list[ProjectDay] = field(default_factory=list)
    left: list[ProjectDay] = field(default_factory=list)
    sync: SyncSummary | None = None
    profiles: int = 0

    @property
    def exit_code(self) -> int:
        """0 if no row of the profiles is left, 1 if a project failed, 3 if rows are left."""
        if self.left and not (self.sync and self.sync.failed_projects):
            return 3
        return self.sync.exit_code if self.sync else 0

    @property
    def stopped(self) -> bool:
        """Whether it was asked to stop before all was read."""
        return self.sync is not None and self.sync.stopped


def erase(
    pipeline: dlt.Pipeline,
    profiles: Sequence[str],
    *,
    busy_timeout: float = BUSY_TIMEOUT,
    stop: threading.Event | None = None,
    **settings: Any,
) -> ErasureReport:
    """Find the days whose rows in the destination are of profiles, and sync them without.

    Args:
        pipeline: A pipeline with its destination.
        profiles: Ids of profiles or devices, or their hashes; all in ``erased_profiles``.
        busy_timeout: Seconds to wait for a DuckDB file that another process holds.
        stop: Once set, the sync ends as ``sync`` does, and no wait for the file goes on.
        settings: Arguments of ``openpanel()``; those left out come from dlt's configuration.

    Returns:
        The days, and which still hold such rows.

    Raises:
        InvalidSettingError: A profile is not in ``erased_profiles``.
        OpenPanelError: Server or destination cannot be asked.
    """
    with operation(settings, Halt(stop=stop), busy_timeout) as (_, checked):
        privacy = checked.privacy or Privacy()
        for profile in profiles:
            if not privacy.erases(profile):
                raise InvalidSettingError(
                    f"the profile {profile!r} is not in erased_profiles, so the next sync would"
                    " bring it back; add it there, then run again."
                )
        with looking_alone(pipeline, busy_timeout) as there:
            report = ErasureReport(days=_days_of(there, profiles, privacy))
        reread = frozenset(day for day in report.days if day[0] in checked.project_ids)
        if reread:
            report.sync = sync(
                pipeline, reread=reread, busy_timeout=busy_timeout, stop=stop, **settings
            )
        else:
            # A sync that was killed may have left their rows in the tables of models.
            refresh_tables(pipeline, busy_timeout)
        with looking_alone(pipeline, busy_timeout) as there:
            report.left = _days_of(there, profiles, privacy) if reread else report.days
            report.profiles = _delete_profiles(there, profiles, privacy)
            separate_staging(there)
            drop_copies(there)
    return report


def _days_of(pipeline: dlt.Pipeline, profiles: Sequence[str], privacy: Privacy) -> list[ProjectDay]:
    """Projects and days of which the destination holds rows of profiles, newest first.

    Raises:
        DestinationError: It cannot be asked: that none was found would prove nothing.
    """
    if not has_table(pipeline, EVENTS.name):
        raise DestinationError(
            f"the dataset {pipeline.dataset_name} has no table {EVENTS.name}, so nothing was"
            " erased; name the dataset that holds it, or run openpanel-source sync first."
        )
    values = _as_stored(pipeline, profiles, privacy)
    found: set[ProjectDay] = set()
    for some in _parts(values):
        marks = ", ".join(["%s"] * len(some))
        where = " OR ".join(f"{column} IN ({marks})" for column in _OF_EVENTS)
        rows = select(pipeline, EVENTS.name, "DISTINCT project_id, event_date", where, *some, *some)
        found |= {(project, day_of(day)) for project, day in rows}
    if has_table(pipeline, REJECTED_EVENTS.name):
        rows = select(pipeline, REJECTED_EVENTS.name, "project_id, event_date, raw")
        found |= {(project, day_of(day)) for project, day, raw in rows if ids_in(raw) & values}
    return sorted(found, key=lambda item: (item[1], item[0]), reverse=True)


def _as_stored(pipeline: dlt.Pipeline, profiles: Sequence[str], privacy: Privacy) -> set[str]:
    """The values that columns may hold for profiles: ids, and hashes where they are hashed."""
    values = set(profiles)
    if privacy.key:
        values |= {privacy.hash(profile) for profile in profiles}
    if privacy.key and any(len(profile) == HASH_DIGITS for profile in profiles):
        # One given as its hash may have been loaded as it is.
        for table, column in _ID_COLUMNS:
            if has_table(pipeline, table):
                held = (one for (one,) in select(pipeline, table, f"DISTINCT {column}"))
                values |= {one for one in held if one and privacy.hash(one) in profiles}
    return values


def _delete_profiles(pipeline: dlt.Pipeline, profiles: Sequence[str], privacy: Privacy) -> int:
    """Delete the rows of profiles from the table ``profiles``; how many there were."""
    if not has_table(pipeline, PROFILES.name):
        return 0
    deleted = 0
    for some in _parts(_as_stored(pipeline, profiles, privacy)):
        where = f"id IN ({', '.join(['%s'] * len(some))})"
        found = len(list(select(pipeline, PROFILES.name, "id", where, *some)))
        if found and isinstance(pipeline.destination, filesystem):
            raise DestinationError(
                f"{found} rows of profiles are left: files cannot be changed row by row; delete"
                " the files of the table profiles, then run sync --reload."
            )
        if found:
            with sql_client(pipeline) as client:
                name = client.make_qualified_table_name(PROFILES.name)
                client.execute_sql(f"DELETE FROM {name} WHERE {where}", *some)  # noqa: S608
        deleted += found
    return deleted


def _parts(values: set[str]) -> Iterator[list[str]]:
    ordered = sorted(values)
    for start in range(0, len(ordered), _VALUES_AT_A_TIME):
        yield ordered[start : start + _VALUES_AT_A_TIME]
