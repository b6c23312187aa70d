"""The resource ``events``: what a run reads, as Arrow tables, ledger and state for dlt."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import dlt
from dlt.common import pendulum
from dlt.common.configuration.container import Container
from dlt.common.configuration.specs import BaseConfiguration
from dlt.common.pipeline import PipelineContext
from dlt.extract import DltResource

from openpanel_source.api.client import Client
from openpanel_source.api.generation import mark_of
from openpanel_source.api.recognise import recognise
from openpanel_source.days.ledger import ledger_table
from openpanel_source.days.reader import DayReader
from openpanel_source.destinations.dialect import Dialect, current_dialect
from openpanel_source.destinations.table_format import check_replaces
from openpanel_source.model.clock import DAY, EARLIEST, parse_day, parse_instant
from openpanel_source.model.conditions import days_condition
from openpanel_source.model.schema import (
    EVENT_GROUPS,
    EVENT_META,
    EVENTS,
    PROFILES,
    PROPERTY_FAILURES,
    REJECTED_EVENTS,
    SYNC_DAYS,
)
from openpanel_source.rows.new_fields import NewFields, field_hints
from openpanel_source.rows.promoted import NOTHING, WEB_COLUMNS, Failures, Promotion
from openpanel_source.rows.property_columns import property_columns
from openpanel_source.rows.shape import shape_rejected
from openpanel_source.rows.spill import SideRows
from openpanel_source.source.consent import check_consent
from openpanel_source.source.events_file import EventsFile
from openpanel_source.source.hints import (
    appended,
    columns_of,
    declare,
    describe,
    materialize,
    new_fields,
    replacing,
    silence_expected,
    with_columns,
)
from openpanel_source.source.kept_ledger import KeptLedger
from openpanel_source.source.report import RunReport
from openpanel_source.source.resource_changes import check_caller
from openpanel_source.source.run import Run
from openpanel_source.source.settings import Settings
from openpanel_source.source.side_tables import dimension_items, group_items

logger = logging.getLogger(__name__)

_FURTHER = (SYNC_DAYS, REJECTED_EVENTS, PROPERTY_FAILURES, EVENT_GROUPS, PROFILES, EVENT_META)
"""Tables that the resource loads beside its own."""


def reader_of(
    client: Client,
    settings: Settings,
    load_id: str = "",
    fields: NewFields | None = None,
    promotion: Promotion = NOTHING,
    known: str | None = None,
) -> DayReader:
    """A reader for the server that answers, whatever its age.

    Args:
        client: Makes the requests.
        settings: What to read.
        load_id: The load package the rows go into.
        fields: Those that have columns though this version does not know them.
        promotion: What is made of properties.
        known: The mark of the generation that was found the last time.

    Raises:
        UnsupportedServerError: The server is too old for the query.
        OpenPanelError: The server cannot be asked.
    """
    generation = recognise(client, settings.query, settings.project_ids, known)
    in_flight = settings.limits.pages_in_flight
    return DayReader(
        client,
        settings.query,
        in_flight,
        settings.now,
        load_id,
        generation,
        settings.privacy,
        fields,
        promotion,
    )


def events_resource(settings: Settings, client: Client, report: RunReport) -> DltResource:
    """The resource ``events`` of checked settings; what it does goes into the report."""

    def events(
        created_at: dlt.sources.incremental[pendulum.DateTime] = _cursor(settings),  # noqa: B008
    ) -> Iterator[Any]:
        check_caller(declared)
        check_replaces()
        # Days, not rows, are what the cursor selects: rows pass unfiltered.
        created_at.advance(None)  # type: ignore[arg-type]
        start, end = _range_of(created_at)
        ranged = replace(settings, start=start, end=end)
        kept = KeptLedger(dlt.current.resource_state(), settings.query.fingerprint)
        ledger = kept.ledger
        check_consent(settings, ledger)
        load_id = dlt.current.load_package_state()["load_id"]
        with client:
            promotion = _promotion(settings)
            fields = new_fields(dlt.current.source_schema(), promotion.further)
            reader = reader_of(client, settings, load_id, fields, promotion, ledger.server)
            ledger.server = mark_of(reader.generation)
            run = Run(ranged, reader, ledger, report)
            yield from _items(run, report, fields, promotion, Failures(load_id))
        kept.keep()
        if run.newest is not None:
            newest = min(run.newest, settings.now())
            last = parse_instant("last_value", created_at.last_value)
            created_at.advance(pendulum.instance(newest if last is None else max(newest, last)))
        if report.days_left > 0:
            logger.info("%d days are left for the next run", report.days_left)

    resource: DltResource = dlt.resource(
        events,
        name=EVENTS.name,
        primary_key=EVENTS.primary_key,
        columns=_event_columns(),
        write_disposition=replacing("1 = 0"),
        # Or dlt would take the cursor's bounds from anywhere: CREATED_AT__END_VALUE.
        spec=BaseConfiguration,
    )
    silence_expected()
    for table in _FURTHER:
        declare(resource, table, settings.table_format)
    describe(resource, EVENTS, settings.table_format)
    declared = resource.compute_table_schema()
    return resource


def _promotion(settings: Settings) -> Promotion:
    stored = columns_of(dlt.current.source_schema(), EVENTS)
    columns = property_columns(settings.properties, stored)
    return Promotion((*(WEB_COLUMNS if settings.web_columns else ()), *columns), settings.privacy)


def _items(
    run: Run, report: RunReport, fields: NewFields, promotion: Promotion, failures: Failures
) -> Iterator[Any]:
    """Everything a run yields to dlt: events, rejected rows, the ledger, and what they replace."""
    dialect = current_dialect()
    schema = dlt.current.source_schema()
    known = frozenset(schema.tables)
    side_rows = SideRows()
    had_failures = bool(columns_of(schema, PROPERTY_FAILURES))
    held = columns_of(schema, EVENTS)
    with EventsFile(_working_dir(), held, fields, dialect.events_format) as file:
        for reading in run.readings():
            for table in reading.tables:
                file.add(table)
                if reading.has_failures:
                    # Of the rows that are left of the pages.
                    failed = promotion.fill(table).failures
                    failures.add(reading.record.project_id, reading.record.day, failed)
            side_rows.update(reading.side_rows)
            if reading.rejected:
                record = reading.record
                rejected = shape_rejected(reading.rejected, record.project_id, record.day)
                yield dlt.mark.with_table_name(rejected, REJECTED_EVENTS.name)
        # First, as it may tell of columns what the files do not.
        yield from _replaced(run, report, dialect, held)
        further = field_hints(fields.known, file.schema.names, dialect.json_type(EVENTS))
        further |= {
            name: hints for name, hints in promotion.further.items() if name in file.schema.names
        }
        if further:
            yield with_columns(file.schema, further)
        yield from file.finish()
        report.heavy_bytes = file.heavy_bytes
    yield from _ledger_items(report, known)
    yield from _failed(run, failures, dialect, had_failures=had_failures)
    if run.had_rejected:
        condition = days_condition(run.had_rejected, dialect.instant)
        yield materialize(REJECTED_EVENTS, condition, dialect, variant=True)
    yield from group_items(run, report, side_rows, known, dialect)
    yield from dimension_items(report, side_rows, dialect)


def _replaced(
    run: Run, report: RunReport, dialect: Dialect, held: Mapping[str, Any]
) -> Iterator[Any]:
    """What makes way for the events that were read, in a table that has all columns."""
    if run.replaced:
        condition = days_condition(run.replaced, dialect.instant)
        # Where nothing makes way, rows need not pass through a merge.
        report.appends = report.holds_none(condition)
        if report.appends:
            yield appended(EVENTS)
        else:
            yield materialize(EVENTS, condition, dialect, variant=False)
    elif held and not held.keys() >= {column.name for column in EVENTS.columns}:
        # An earlier version made the table: it gets the columns though no day is read.
        yield appended(EVENTS)


def _ledger_items(report: RunReport, known: frozenset[str]) -> Iterator[Any]:
    records = report.records + report.settled + report.adopted
    if records:
        yield dlt.mark.with_table_name(ledger_table(records), SYNC_DAYS.name)
    elif not {EVENTS.name, SYNC_DAYS.name} <= known:
        # Projects without events have their tables all the same.
        yield from (appended(EVENTS), appended(SYNC_DAYS, variant=True))


def _failed(run: Run, failures: Failures, dialect: Dialect, *, had_failures: bool) -> Iterator[Any]:
    """Values of properties that could not be read, and what they replace."""
    if failures.table is not None:
        yield dlt.mark.with_table_name(failures.table, PROPERTY_FAILURES.name)
    if failures.table is not None or (run.replaced and had_failures):
        # The rest of a day that goes on adds to what was counted of it.
        whole = [day for day in run.replaced if day.after is None]
        condition = days_condition(whole, dialect.instant)
        yield materialize(PROPERTY_FAILURES, condition, dialect, variant=True)


def _working_dir() -> str | None:
    """The folder of the pipeline that runs; None where rows are taken without one."""
    context = Container()[PipelineContext]
    return context.pipeline().working_dir if context.is_active() else None


def _event_columns() -> dict[str, Any]:
    columns = EVENTS.dlt_columns()
    columns["event_date"]["partition"] = True
    return columns


def _cursor(settings: Settings) -> Any:
    start, end = settings.start, settings.end
    if end is not None and start is None:
        start = EARLIEST
    return dlt.sources.incremental[pendulum.DateTime](
        "created_at",
        initial_value=_midnight(start),
        end_value=_midnight(end + DAY if end else None),
        # Rows of one day are deduplicated by id where they are read.
        primary_key=(),
    )


def _range_of(cursor: Any) -> tuple[date | None, date | None]:
    """The days a cursor asks for: from its initial value on, up to but excluding its end value."""
    start = parse_day("initial_value", parse_instant("initial_value", cursor.initial_value))
    end = parse_instant("end_value", cursor.end_value)
    last = end - timedelta(microseconds=1) if end else None
    return None if start == EARLIEST else start, parse_day("end_value", last)


def _midnight(day: date | None) -> Any:
    return None if day is None else pendulum.datetime(day.year, day.month, day.day)
