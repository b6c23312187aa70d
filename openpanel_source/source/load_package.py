"""What a run gives to dlt: events, rejected rows, the ledger, and what they replace."""

from __future__ import annotations

import logging
from collections.abc import Generator, Iterator
from typing import Any

import dlt
from dlt.common.pipeline import current_pipeline

from openpanel_source.api.client import Client
from openpanel_source.api.generation import mark_of
from openpanel_source.api.recognise import recognise
from openpanel_source.days.attempt import DayReading
from openpanel_source.days.backlog import Backlog
from openpanel_source.days.ledger import Ledger, ledger_table
from openpanel_source.days.meter import Meter
from openpanel_source.days.reader import DayReader
from openpanel_source.destinations.dialect import current_dialect
from openpanel_source.model.conditions import days_condition
from openpanel_source.model.schema import (
    EVENTS,
    PROPERTY_FAILURES,
    REJECTED_EVENTS,
    SYNC_DAYS,
)
from openpanel_source.rows.new_fields import NewFields, field_hints
from openpanel_source.rows.promoted import NOTHING, WEB_COLUMNS, Failures, Promotion
from openpanel_source.rows.property_columns import property_columns
from openpanel_source.rows.spill import SideRows
from openpanel_source.source.events_file import EventsFile
from openpanel_source.source.hints import (
    appended,
    columns_of,
    materialize,
    new_fields,
    with_columns,
)
from openpanel_source.source.orders import Orders, Results
from openpanel_source.source.run import Run
from openpanel_source.source.settings.checked import Settings
from openpanel_source.source.side_tables import dimension_items, group_items

logger = logging.getLogger(__name__)


def reader_of(
    client: Client,
    settings: Settings,
    fields: NewFields | None = None,
    promotion: Promotion = NOTHING,
    *,
    known: str | None = None,
    meter: Meter | None = None,
) -> DayReader:
    """A reader for the server that answers, whatever its age.

    Args:
        client: Makes the requests.
        settings: What to read.
        fields: Those that have columns though this version does not know them.
        promotion: What is made of properties.
        known: The mark of the generation that was found the last time.
        meter: Counts rows as they come.

    Raises:
        UnsupportedServerError: The server is too old for the query.
        OpenPanelError: The server cannot be asked.
    """
    return DayReader(
        client,
        settings.query,
        settings.limits.pages_in_flight,
        settings.now,
        recognise(client, settings.query, settings.project_ids, known),
        settings.privacy,
        fields or NewFields(),
        promotion,
        meter or Meter(),
    )


class Package:
    """Everything that a run yields to dlt, all of it in one load package.

    Args:
        settings: What to read.
        ledger: What earlier runs read; gets this run's records.
        orders: What whoever starts the run has to say.
        backlog: What the sync has still to read.
    """

    def __init__(
        self, settings: Settings, ledger: Ledger, orders: Orders, backlog: Backlog
    ) -> None:
        self._settings = settings
        self._ledger = ledger
        self._orders = orders
        self._backlog = backlog
        self._dialect = current_dialect()
        schema = dlt.current.source_schema()
        self._known = frozenset(schema.tables)
        self._held = columns_of(schema, EVENTS)
        self._had_failures = bool(columns_of(schema, PROPERTY_FAILURES))
        reader = backlog.reader
        if reader is None:
            columns = property_columns(settings.properties, self._held)
            web = WEB_COLUMNS if settings.web_columns else ()
            self._promotion = Promotion((*web, *columns), settings.privacy)
            self._fields = new_fields(schema, self._promotion.further)
        else:
            # Days are read ahead of their run: what they are made into stays what it is.
            self._promotion, self._fields = reader.promotion, reader.fields
        self._load_id = dlt.current.load_package_state()["load_id"]
        self._failures = Failures(self._load_id)
        self._side_rows = SideRows()

    def items(self, client: Client) -> Generator[Any, None, Results]:
        """Read, and yield what came of it."""
        backlog = self._backlog
        reader = backlog.reader
        # Without counts that confirm each other, each run looks who answers.
        if reader is None or not self._settings.query.is_counted:
            known = self._ledger.server
            backlog.close()
            backlog.meter.is_exact = self._settings.query.is_counted
            reader = backlog.reader = reader_of(
                *(client, self._settings, self._fields, self._promotion),
                known=known,
                meter=backlog.meter,
            )
        self._ledger.server = mark_of(reader.generation)
        run = Run(self._settings, reader, self._ledger, self._orders, backlog, self._load_id)
        results = run.results
        yield from self._events(run)
        yield from self._of_ledger(results)
        yield from self._of_failures(results)
        if results.had_rejected:
            condition = days_condition(results.had_rejected, self._dialect.instant)
            yield materialize(REJECTED_EVENTS, condition, self._dialect, variant=True)
        yield from self._of_side_tables(results)
        if backlog.days_left > 0:
            logger.info("%d days are left for the next run", backlog.days_left)
        return results

    def _events(self, run: Run) -> Iterator[Any]:
        results, fields = run.results, self._fields
        events_format = self._dialect.events_format
        with EventsFile(_working_dir(), self._held, fields, events_format) as file:
            for reading in run.readings():
                yield from self._rejected(reading)
                record = reading.record
                for table in reading.tables:
                    file.add(self._failures.counted(table, record.project_id, record.day))
                self._side_rows.update(reading.side_rows)
            # First, as it may tell of columns what the files do not.
            yield from self._replaced(results)
            promoted = self._promotion.further
            further = field_hints(fields.known, file.schema.names, self._dialect.json_type(EVENTS))
            further |= {name: promoted[name] for name in promoted if name in file.schema.names}
            if further:
                yield with_columns(file.schema, further)
            yield from file.finish()
            results.heavy_bytes = file.heavy_bytes

    def _rejected(self, reading: DayReading) -> Iterator[Any]:
        record = reading.record
        for rejected in reading.rejected.shaped(record.project_id, record.day):
            yield dlt.mark.with_table_name(rejected, REJECTED_EVENTS.name)

    def _replaced(self, results: Results) -> Iterator[Any]:
        """What makes way for the events that were read, in a table that has all columns."""
        if results.replaced:
            condition = days_condition(results.replaced, self._dialect.instant)
            # Where nothing makes way, rows need not pass through a merge.
            results.appends = self._orders.holdings.holds_none(condition)
            if results.appends:
                yield appended(EVENTS)
            else:
                yield materialize(EVENTS, condition, self._dialect, variant=False)
        elif self._held and not self._held.keys() >= {column.name for column in EVENTS.columns}:
            # An earlier version made the table: it gets the columns though no day is read.
            yield appended(EVENTS)

    def _of_ledger(self, results: Results) -> Iterator[Any]:
        records = results.of_ledger()
        if records:
            yield dlt.mark.with_table_name(ledger_table(records), SYNC_DAYS.name)
        elif not {EVENTS.name, SYNC_DAYS.name} <= self._known:
            # Projects without events have their tables all the same.
            yield from (appended(EVENTS), appended(SYNC_DAYS, variant=True))

    def _of_failures(self, results: Results) -> Iterator[Any]:
        """Values of properties that could not be read, and what they replace."""
        failed = self._failures.table
        if failed is not None:
            yield dlt.mark.with_table_name(failed, PROPERTY_FAILURES.name)
        if failed is not None or (results.replaced and self._had_failures):
            # The rest of a day that goes on adds to what was counted of it.
            whole = [day for day in results.replaced if day.after is None]
            condition = days_condition(whole, self._dialect.instant)
            yield materialize(PROPERTY_FAILURES, condition, self._dialect, variant=True)

    def _of_side_tables(self, results: Results) -> Iterator[Any]:
        holdings, dialect = self._orders.holdings, self._dialect
        yield from group_items(results, self._side_rows, self._known, holdings, dialect)
        yield from dimension_items(self._side_rows, holdings, dialect)


def _working_dir() -> str | None:
    """The folder of the pipeline that runs; None where rows are taken without one."""
    pipeline = current_pipeline()
    return pipeline.working_dir if pipeline else None
