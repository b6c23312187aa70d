"""Where the ledger lies: in dlt's state, or in ``sync_days`` where the state would not hold it.

dlt keeps its state in one text. Some databases bound texts, as Redshift does with 65,535 bytes:
the days of two years fit. Beyond half of the bound, as other sources may share the state, the days
are left out of it. ``sync_days`` has them all, and says which package brought them: those count of
which dlt has written down the end, as it is with its state.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping, MutableMapping
from datetime import date, datetime
from typing import Any

import dlt
import msgspec
from dlt.common.configuration.container import Container
from dlt.common.destination import DestinationCapabilitiesContext
from dlt.common.pipeline import current_pipeline
from dlt.common.versioned_state import compress_state
from dlt.destinations.exceptions import DatabaseUndefinedRelation

from openpanel_source.days.ledger import DayRecord, Ledger
from openpanel_source.destinations.warehouse import (
    SOURCE_NAME,
    ProjectDay,
    day_of,
    instant_of,
    own_schema,
    selecting,
    sql_client,
)
from openpanel_source.model.schema import EVENTS, SYNC_DAYS

_IN_TABLE = "in_sync_days"
"""In the state, that it lacks the days."""
_SHARE = 2
_MOST_A_DAY = 1_000
"""Bytes that no day exceeds, so that few need not be packed to tell."""


class StoredLedger:
    """The ledger of the pipeline that runs, and what of it goes into dlt's state.

    Args:
        state: Of the resource ``events``, stored with the load package.
        fingerprint: The query's.
    """

    def __init__(self, state: MutableMapping[str, Any], fingerprint: str) -> None:
        self._state = state
        pipeline: Any = current_pipeline()
        self._whole = _recalled(pipeline, state)
        self.ledger = Ledger(self._whole, fingerprint)

    def keep(self) -> None:
        """Put into the state what it holds."""
        capabilities = Container()[DestinationCapabilitiesContext]
        bound = capabilities.max_text_data_type_length
        if _IN_TABLE not in self._state and (bound is None or self._fits(bound // _SHARE)):
            return
        projects = {
            project: {**entry, "days": {}, "left": {}}
            for project, entry in self._whole["projects"].items()
        }
        self._state.update({**self._whole, "projects": projects, _IN_TABLE: True})

    def _fits(self, size: int) -> bool:
        days = sum(len(entry["days"]) for entry in self._whole["projects"].values())
        if days * _MOST_A_DAY <= size:
            return True
        return len(compress_state(self._whole)) <= size  # type: ignore[arg-type]


def ledger_of(pipeline: dlt.Pipeline, fingerprint: str) -> Ledger:
    """The ledger of a pipeline for a query; changes to it are not kept."""
    return Ledger(dict(_recalled(pipeline, _state_of(pipeline))), fingerprint)


def server_of(pipeline: dlt.Pipeline) -> str | None:
    """The mark of the server's generation, as a pipeline found it the last time."""
    return _state_of(pipeline).get("server")


def projects_of(pipeline: dlt.Pipeline) -> dict[str, tuple[date, date] | None]:
    """The projects that a pipeline has read, those without events included.

    Returns:
        By id, since which UTC day events were looked for up to the present, and a day before which
        there were none; None where each sync had an end, or found nothing.
    """
    found = {}
    for project, entry in _state_of(pipeline).get("projects", {}).items():
        first = entry.get("first_day")
        bounds = first and (date.fromisoformat(first["since"]), date.fromisoformat(first["day"]))
        found[project] = bounds or None
    return found


def newest_records(pipeline: dlt.Pipeline, condition: str) -> dict[ProjectDay, DayRecord]:
    """The last record in ``sync_days`` of each day, whichever query it was read with.

    Args:
        pipeline: A pipeline with its destination.
        condition: SQL on ``sync_days``.
    """
    records: dict[ProjectDay, DayRecord] = {}
    with selecting(pipeline, SYNC_DAYS.name, "*", condition) as cursor:
        # SQLAlchemy's cursors have keys, all others a description.
        given = getattr(cursor, "keys", lambda: [one[0] for one in cursor.description])()
        names = [str(name).lower() for name in given]
        rows = cursor.fetchall()
    for row in rows:
        record = _record(dict(zip(names, row, strict=True)))
        key = record.project_id, record.day
        if key not in records or _order(records[key]) <= _order(record):
            records[key] = record
    return records


def _order(record: DayRecord) -> tuple[datetime, str]:
    return record.read_at, record.load_id


def _record(row: Mapping[str, Any]) -> DayRecord:
    # An older version of this package did not write all of the columns.
    values = {name: value for name, value in row.items() if value is not None}
    values["day"] = day_of(values["day"])
    for name in ("read_at", "newest_at", "shrunk_since"):
        values[name] = instant_of(values.get(name))
    return msgspec.convert(values, DayRecord, strict=False)


def _state_of(pipeline: dlt.Pipeline) -> dict[str, Any]:
    schema = own_schema(pipeline)
    source = pipeline.state.get("sources", {}).get(schema.name if schema else SOURCE_NAME, {})
    state: dict[str, Any] = source.get("resources", {}).get(EVENTS.name, {})
    return state


def _recalled(pipeline: dlt.Pipeline, state: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """A state with the days that it lacks."""
    if _IN_TABLE not in state:
        return state
    projects = copy.deepcopy(state["projects"])
    for record in _committed(pipeline).values():
        entry = projects.get(record.project_id)
        if entry is None:
            continue
        day = record.day.isoformat()
        if record.query_fingerprint == entry["query_fingerprint"]:
            entry["days"][day] = msgspec.to_builtins(record)
        elif record.rows_received:
            entry["left"][day] = msgspec.to_builtins(record)
    return {**state, "projects": projects}


def _committed(pipeline: dlt.Pipeline) -> dict[ProjectDay, DayRecord]:
    """The last record of each day that came with a package that was loaded to its end."""
    with sql_client(pipeline) as client:
        loads = client.make_qualified_table_name("_dlt_loads")
    ended = f"load_id IN (SELECT load_id FROM {loads} WHERE status = 0)"  # noqa: S608 - a name
    try:
        return newest_records(pipeline, ended)
    except DatabaseUndefinedRelation:
        # Somebody dropped one of them: what other checks do not recover is read again.
        return {}
