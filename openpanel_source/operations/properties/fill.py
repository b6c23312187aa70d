"""Fill columns of ``events`` from the ``properties`` that are there, as reading again would."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import dlt
import pyarrow as pa
import pyarrow.compute as pc
from dlt.common.schema.utils import new_table
from dlt.destinations import postgres

from openpanel_source.destinations.comments import write_comments
from openpanel_source.destinations.known_tables import client_of
from openpanel_source.destinations.warehouse import (
    ProjectDay,
    day_of,
    has_table,
    nothing_loaded,
    own_schema,
    select,
    sql_client,
)
from openpanel_source.errors import DestinationError, InvalidSettingError
from openpanel_source.model.conditions import Replaced, days_condition
from openpanel_source.model.plain import AsDict
from openpanel_source.model.schema import EVENTS, PROPERTY_FAILURES, SYNC_DAYS, Column
from openpanel_source.operations.preamble import BUSY_TIMEOUT, looking_alone
from openpanel_source.operations.properties.filled_rows import (
    can_be_filled,
    insert_failures,
    text_of_properties,
    update_events,
)
from openpanel_source.rows.privacy import Privacy
from openpanel_source.rows.promoted import Failures, Promotion
from openpanel_source.rows.property_columns import (
    Properties,
    names_of,
    parse_properties,
    property_columns,
)
from openpanel_source.source.hints import columns_of
from openpanel_source.source.settings.configuration import found_settings
from openpanel_source.source.settings.declared import REQUIRED, Arguments
from openpanel_source.source.settings.privacy import parse_privacy

_ROWS = 20_000
"""Rows that are in memory at once."""
_SOURCE = pa.schema([("id", pa.string()), ("properties", pa.string())])


@dataclass
class FillReport(AsDict):
    """What was filled.

    Attributes:
        columns: Names of the columns, by key.
        rows: Rows that have a value now that they lacked.
        days: Projects and days that were looked at.
        failed_rows: By key, rows whose value is none of the type; they are in
            ``property_failures``.
        left: Days that cannot be filled from what is held, and have to be read again: some value
            of them is no text, and PostgreSQL does not keep how it was written.
    """

    columns: dict[str, str] = field(default_factory=dict)
    rows: int = 0
    days: int = 0
    failed_rows: dict[str, int] = field(default_factory=dict)
    left: list[ProjectDay] = field(default_factory=list)

    @property
    def exit_code(self) -> int:
        """0 if all was filled, 3 if days have to be read again."""
        return 3 if self.left else 0


def fill(
    pipeline: dlt.Pipeline, *, busy_timeout: float = BUSY_TIMEOUT, **settings: Any
) -> FillReport:
    """Fill the columns of the setting ``properties`` where they are null; nothing is downloaded.

    Each day is one transaction; what was cut off goes on when it is called again.

    Args:
        pipeline: A pipeline whose destination is DuckDB, PostgreSQL or written by sqlalchemy.
        busy_timeout: Seconds to wait for another sync, and for a DuckDB file that is in use.
        settings: Arguments of ``openpanel()``; those left out come from dlt's configuration.

    Raises:
        DestinationError: It is another destination, or nothing was loaded yet.
        InvalidSettingError: No key is configured, or the privacy settings hide one.
    """
    given = {item.name: item.value for item in found_settings(settings)}
    # No server is asked, so that no client is needed.
    arguments = Arguments(**{**dict.fromkeys(REQUIRED, ""), **given})
    properties = parse_properties(arguments.properties)
    privacy = parse_privacy(arguments, properties)
    check_fillable(pipeline, properties, privacy)
    with looking_alone(pipeline, busy_timeout) as there:
        if not has_table(there, EVENTS.name):
            raise nothing_loaded(there.dataset_name)
        columns = _made_columns(there, properties)
        report = FillReport({str(one.property_key): one.name for one in columns})
        _Filling(there, columns, Promotion(columns, privacy), report).fill_all()
        write_comments(there, busy_timeout)
    return report


def check_fillable(pipeline: dlt.Pipeline, properties: Properties, privacy: Privacy | None) -> None:
    """Refuse what can only be read again.

    Raises:
        DestinationError: The destination is none that can be filled.
        InvalidSettingError: There is no key, or the privacy settings hide one.
    """
    if not properties:
        raise InvalidSettingError(
            "no key of the properties has a column; write --property KEY=TYPE, as --property"
            " total=double, or [sources.openpanel.properties] into .dlt/config.toml."
        )
    if not can_be_filled(pipeline.destination):
        raise DestinationError(
            "columns are filled from the warehouse in DuckDB, PostgreSQL and what sqlalchemy writes"
            " only; read the days again: openpanel-source sync --reload."
        )
    for key in properties if privacy else ():
        if privacy and _hides(privacy, key):
            raise InvalidSettingError(
                f"the privacy settings hide the key {key!r:.100}, and its values may have been"
                " loaded before they did; read the days again: openpanel-source sync --reload."
            )


def _hides(privacy: Privacy, key: str) -> bool:
    hidden = privacy.excluded | privacy.hashed
    return privacy.hides(f"properties.{key}") or not hidden.isdisjoint(names_of(key))


def _made_columns(pipeline: dlt.Pipeline, properties: Properties) -> tuple[Column, ...]:
    """The columns of keys, made where they are missing, in the destination and in its schema."""
    schema = own_schema(pipeline)
    if schema is None:
        raise DestinationError("the dataset tells nothing of its tables; run a sync first.")
    held = columns_of(schema, EVENTS)
    columns = property_columns(properties, held)
    hints = Promotion(columns).further
    missing = {name: hints[name] for name in hints if name not in held}
    schema.update_table({"name": EVENTS.name, "columns": missing})
    if not columns_of(schema, PROPERTY_FAILURES):
        made = list(PROPERTY_FAILURES.dlt_columns().values())
        schema.update_table(
            new_table(PROPERTY_FAILURES.name, write_disposition="merge", columns=made)
        )
    pipeline.schemas.save_schema(schema)
    with client_of(pipeline, schema) as client:
        client.update_stored_schema()
    return columns


@dataclass(frozen=True)
class _Filling:
    """Fills days, one after another.

    Args:
        pipeline: Knows the tables as they are.
        columns: Those to fill.
        promotion: Makes their values.
        report: Gets what was done.
    """

    pipeline: dlt.Pipeline
    columns: tuple[Column, ...]
    promotion: Promotion
    report: FillReport

    @property
    def _names(self) -> list[str]:
        return [column.name for column in self.columns]

    @property
    def _is_null(self) -> str:
        return "(" + " OR ".join(f"{name} IS NULL" for name in self._names) + ")"

    def fill_all(self) -> None:
        """Fill all days that have rows with a null."""
        loads = {
            (project, day_of(day)): str(load)
            for project, day, load in select(
                self.pipeline, SYNC_DAYS.name, "project_id, day, load_id", "1 = 1 ORDER BY read_at"
            )
        }
        columns = "DISTINCT project_id, event_date"
        found = select(self.pipeline, EVENTS.name, columns, self._is_null)
        days = sorted((project, day_of(day)) for project, day in found)
        self.report.left = sorted(self._unlike_sent())
        for project, day in days:
            if (project, day) not in self.report.left:
                self._fill_day(project, day, loads.get((project, day), "filled"))
        self.report.days = len(days) - len(self.report.left)

    def _unlike_sent(self) -> set[ProjectDay]:
        """Days with values that PostgreSQL does not keep as they were sent, as 1e2."""
        if not isinstance(self.pipeline.destination, postgres):
            return set()
        found: set[ProjectDay] = set()
        for column in self.columns:
            unlike = f"jsonb_typeof(properties -> %s) NOT IN ('string', 'null') AND {self._is_null}"
            columns = "DISTINCT project_id, event_date"
            rows = select(self.pipeline, EVENTS.name, columns, unlike, str(column.property_key))
            found |= {(project, day_of(day)) for project, day in rows}
        return found

    def _fill_day(self, project: str, day: date, load_id: str) -> None:
        failures = Failures(load_id)
        condition = days_condition([Replaced(project, day)])
        with sql_client(self.pipeline) as client, client.begin_transaction():
            for rows in self._chunks(client, condition):
                filled = failures.counted(self.promotion.fill(rows), project, day)
                self.report.rows += self._write(client, filled, condition)
            self._write_failures(client, failures.table, condition)

    def _chunks(self, client: Any, condition: str) -> Iterator[pa.Table]:
        """The rows of a day with a null, by id: a cursor would not outlive what is written."""
        table, last = client.make_qualified_table_name(EVENTS.name), ""
        text = text_of_properties(self.pipeline.destination)
        while True:
            rows = client.execute_sql(
                f"SELECT id, {text} FROM {table}"  # noqa: S608 - names
                f" WHERE {condition} AND {self._is_null} AND id > %s ORDER BY id LIMIT {_ROWS}",
                last,
            )
            if not rows:
                return
            yield pa.table(dict(zip(_SOURCE.names, zip(*rows, strict=True), strict=True)), _SOURCE)
            last = rows[-1][0]

    def _write(self, client: Any, filled: pa.Table, condition: str) -> int:
        """Write the values of rows; how many have one."""
        rows = filled.select(["id", *self._names])
        has_value = pc.is_valid(rows[self._names[0]])
        for name in self._names[1:]:
            has_value = pc.or_(has_value, pc.is_valid(rows[name]))
        rows = rows.filter(has_value)
        if not rows.num_rows:
            return 0
        return update_events(self.pipeline.destination, client, rows, condition)

    def _write_failures(self, client: Any, failed: pa.Table | None, condition: str) -> None:
        table = client.make_qualified_table_name(PROPERTY_FAILURES.name)
        keys = list(self.report.columns)
        marks = ", ".join(["%s"] * len(keys))
        gone = f"DELETE FROM {table} WHERE ({condition}) AND property_key IN ({marks})"  # noqa: S608
        client.execute_sql(gone, *keys)
        if failed is None:
            return
        insert_failures(self.pipeline.destination, client, failed)
        for row in failed.to_pylist():
            key, count = row["property_key"], row["failed_rows"]
            self.report.failed_rows[key] = self.report.failed_rows.get(key, 0) + count
