"""Erase profiles from a warehouse: read the days that hold them again, without them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import dlt
from dlt.destinations import filesystem

from openpanel_source.destination import destination_errors
from openpanel_source.errors import DestinationError, InvalidSettingError
from openpanel_source.exact import make_exact
from openpanel_source.pipeline import SyncSummary, running_alone, sync
from openpanel_source.privacy import HASH_DIGITS, Privacy, ids_in
from openpanel_source.schema import EVENTS, PROFILES, REJECTED_EVENTS
from openpanel_source.source import configured
from openpanel_source.warehouse import ProjectDay, day_of, has_table

_ROWS_AT_A_TIME = 10_000
_VALUES_AT_A_TIME = 500
_OF_EVENTS = ("profile_id", "device_id")
_ID_COLUMNS = (*((EVENTS.name, column) for column in _OF_EVENTS), (PROFILES.name, "id"))


@dataclass
class ErasureReport:
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
        """0 if no row of the profiles is left; 3 if there is, or another day is not verified."""
        if self.left:
            return 3
        return self.sync.exit_code if self.sync else 0

    def as_dict(self) -> dict[str, Any]:
        """The report as JSON values."""
        return {
            "days": [[project, day.isoformat()] for project, day in self.days],
            "left": [[project, day.isoformat()] for project, day in self.left],
            "sync": self.sync.as_dict() if self.sync else None,
            "profiles": self.profiles,
        }


def erase(pipeline: dlt.Pipeline, profiles: Sequence[str], **settings: Any) -> ErasureReport:
    """Find the days whose rows in the destination are of profiles, and sync them without.

    Args:
        pipeline: A pipeline with its destination.
        profiles: Ids of profiles or devices, or their hashes; all in ``erased_profiles``.
        settings: Arguments of ``openpanel()``; those left out come from dlt's configuration.

    Returns:
        The days, and which still hold such rows.

    Raises:
        InvalidSettingError: A profile is not in ``erased_profiles``.
        OpenPanelError: Server or destination cannot be asked.
    """
    with destination_errors():
        make_exact(pipeline)
        client, checked = configured(**settings)
        client.close()
        privacy = checked.privacy or Privacy()
        for profile in profiles:
            if not privacy.erases(profile):
                raise InvalidSettingError(
                    f"the profile {profile!r} is not in erased_profiles, so the next sync would"
                    " bring it back; add it there, then run again."
                )
        report = ErasureReport(days=_days_of(pipeline, profiles, privacy))
        wanted = frozenset(day for day in report.days if day[0] in checked.project_ids)
        if wanted:
            report.sync = sync(pipeline, wanted=wanted, **settings)
        report.left = _days_of(pipeline, profiles, privacy) if wanted else report.days
        report.profiles = _delete_profiles(pipeline, profiles, privacy)
    return report


def _days_of(pipeline: dlt.Pipeline, profiles: Sequence[str], privacy: Privacy) -> list[ProjectDay]:
    """Projects and days of which the destination holds rows of profiles, newest first."""
    with running_alone(pipeline):
        pipeline.sync_destination()
        if not has_table(pipeline, EVENTS.name):
            return []
        values = _as_stored(pipeline, profiles, privacy)
        found: set[ProjectDay] = set()
        ordered = sorted(values)
        for start in range(0, len(ordered), _VALUES_AT_A_TIME):
            found |= _days_with(pipeline, ordered[start : start + _VALUES_AT_A_TIME])
        if has_table(pipeline, REJECTED_EVENTS.name):
            rows = _rows(pipeline, REJECTED_EVENTS.name, "project_id, event_date, raw")
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
                held = (row[0] for row in _rows(pipeline, table, f"DISTINCT {column}"))
                values |= {one for one in held if one and privacy.hash(one) in profiles}
    return values


def _delete_profiles(pipeline: dlt.Pipeline, profiles: Sequence[str], privacy: Privacy) -> int:
    """Delete the rows of profiles from the table ``profiles``; how many there were."""
    with running_alone(pipeline):
        pipeline.sync_destination()
        if not has_table(pipeline, PROFILES.name):
            return 0
        values = sorted(_as_stored(pipeline, profiles, privacy))
        deleted = 0
        for start in range(0, len(values), _VALUES_AT_A_TIME):
            some = values[start : start + _VALUES_AT_A_TIME]
            where = f"id IN ({', '.join(['%s'] * len(some))})"
            found = len(list(_rows(pipeline, PROFILES.name, "id", where, some)))
            if found and isinstance(pipeline.destination, filesystem):
                raise DestinationError(
                    f"{found} rows of profiles are left: files cannot be changed row by row; delete"
                    " the files of the table profiles, then run sync --reload."
                )
            if found:
                with pipeline.sql_client() as client:
                    name = client.make_qualified_table_name(PROFILES.name)
                    client.execute_sql(f"DELETE FROM {name} WHERE {where}", *some)  # noqa: S608
            deleted += found
    return deleted


def _days_with(pipeline: dlt.Pipeline, values: Sequence[str]) -> set[ProjectDay]:
    marks = ", ".join(["%s"] * len(values))
    where = " OR ".join(f"{column} IN ({marks})" for column in _OF_EVENTS)
    rows = _rows(
        pipeline, EVENTS.name, "DISTINCT project_id, event_date", where, [*values, *values]
    )
    return {(project, day_of(day)) for project, day in rows}


def _rows(
    pipeline: dlt.Pipeline,
    table: str,
    columns: str,
    where: str = "1 = 1",
    values: Sequence[str] = (),
) -> Iterator[tuple[Any, ...]]:
    """Rows of a table of this package, a few at a time; values are passed beside the SQL."""
    with pipeline.sql_client() as client:
        name = client.make_qualified_table_name(table)
        query = f"SELECT {columns} FROM {name} WHERE {where}"  # noqa: S608 - constants only
        with client.execute_query(query, *values) as cursor:
            while rows := cursor.fetchmany(_ROWS_AT_A_TIME):
                yield from rows
