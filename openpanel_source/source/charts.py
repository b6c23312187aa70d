"""The dlt resources of charts: one for each, all into the same three tables."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

import dlt
import msgspec
from dlt.extract import DltResource

from openpanel_source.api.client import Client
from openpanel_source.api.generation import Generation
from openpanel_source.api.query import EventQuery
from openpanel_source.api.recognise import probe
from openpanel_source.charts.buckets import Buckets
from openpanel_source.charts.definition import Chart
from openpanel_source.charts.ledger import ChartLedger, ChartRecord
from openpanel_source.charts.plan import bounds
from openpanel_source.charts.query import knows_series
from openpanel_source.charts.reader import ChartReader, ChartReading
from openpanel_source.charts.time_zones import probe_timezone
from openpanel_source.days.reader import DayReader
from openpanel_source.days.search_by_counts import first_day_with_events
from openpanel_source.destinations.dialect import current_dialect
from openpanel_source.destinations.files.table_format import check_replaces
from openpanel_source.errors import OpenPanelError, RequestAbortedError
from openpanel_source.model.clock import EARLIEST
from openpanel_source.model.conditions import ReplacedBuckets, buckets_condition
from openpanel_source.model.schema import CHART_POINTS, CHART_SERIES, CHARTS
from openpanel_source.source.hints import declare, describe, materialize, replacing, rows_of
from openpanel_source.source.orders import ChartResult, Orders
from openpanel_source.source.resource_changes import check_caller
from openpanel_source.source.settings.checked import Settings

logger = logging.getLogger(__name__)


class ChartRun:
    """What the charts of a run share.

    Args:
        client: Makes the requests.
        settings: Projects, time zones, the clock.
        orders: What whoever started the run has to say.
    """

    def __init__(self, client: Client, settings: Settings, orders: Orders) -> None:
        self.client = client
        self.settings = settings
        self.orders = orders
        self._load_id: str | None = None
        self.begin("")

    def begin(self, load_id: str) -> None:
        """Forget what another run found, if this is another: a source may be run twice.

        Args:
            load_id: The load package that the rows go into.
        """
        if load_id == self._load_id:
            return
        self._load_id = load_id
        self.now = self.settings.now()
        self.replaced: list[ReplacedBuckets] = []
        """What makes way in ``chart_points``; one condition for the table must name it all."""
        self._generation: Generation | None = None
        self._first_days: dict[str, date | None] = {}
        self._checked: set[tuple[str, str]] = set()

    @property
    def generation(self) -> Generation:
        """The server's; one request, some more on old ones."""
        if self._generation is None:
            found = probe(self.client, self.settings.project_ids)
            if not (found.decodes_values or found.draws_charts_of_2025):
                # Projects without events do not tell, and weeks would stop a server of spring 2025.
                found = replace(found, draws_charts_of_2025=not knows_series(self.client))
            self._generation = found
        return self._generation

    def check_timezone(self, project_id: str, zone: ZoneInfo) -> None:
        """Refuse a time zone that is not the organisation's, as far as that can be told.

        Raises:
            InvalidSettingError: It is another one.
        """
        if (project_id, zone.key) not in self._checked:
            probe_timezone(self.client, project_id, zone, self.now, self.generation)
            self._checked.add((project_id, zone.key))

    def first_day(self, project_id: str) -> date | None:
        """The first UTC day of a project that holds an event, found by counting."""
        if project_id not in self._first_days:
            reader = DayReader(self.client, EventQuery(), 1, self.settings.now, self.generation)
            self._first_days[project_id] = first_day_with_events(
                partial(reader.count, project_id),
                EARLIEST,
                self.now.date(),
            )
        return self._first_days[project_id]


def chart_resource(chart: Chart, run: ChartRun) -> DltResource:
    """The resource ``chart_<name>``.

    Args:
        chart: The definition.
        run: Shared with the other charts.

    Returns:
        A resource that yields rows of ``chart_points``, ``chart_series`` and ``charts``.
    """

    def read_chart() -> Iterator[Any]:
        check_caller(declared)
        check_replaces()
        run.begin(dlt.current.load_package_state()["load_id"])
        ledger = ChartLedger(dlt.current.resource_state())
        with run.client:
            for project_id in run.settings.project_ids:
                yield from _project_items(chart, project_id, run, ledger)

    resource: DltResource = dlt.resource(
        read_chart,
        name=chart.resource,
        table_name=CHART_POINTS.name,
        primary_key=CHART_POINTS.primary_key,
        columns=CHART_POINTS.dlt_columns(),
        write_disposition=replacing("1 = 0"),
    )
    for table in (CHARTS, CHART_SERIES):
        declare(resource, table, run.settings.table_format)
    describe(resource, CHART_POINTS, run.settings.table_format)
    declared = resource.compute_table_schema()
    return resource


def _project_items(
    chart: Chart, project_id: str, run: ChartRun, ledger: ChartLedger
) -> Iterator[Any]:
    """All that a chart of a project yields to dlt; an error ends it alone."""
    settings, orders = run.settings, run.orders
    timezone = chart.timezone or settings.timezone_of(project_id)
    buckets = Buckets(chart.interval, ZoneInfo(timezone))
    reading = ChartReading(ledger.get(chart, project_id, timezone))
    record = reading.record
    record.error = failure = None
    try:
        reader = ChartReader(
            run.client,
            chart,
            buckets,
            run.generation,
            run.now,
            orders.should_stop,
        )
        if record.coverage is None:
            run.check_timezone(project_id, buckets.zone)
        start = _start(chart, record, run)
        end = chart.moment("end") or settings.end
        whole = bounds(chart, buckets, run.now, start, end)
        if whole is not None:
            yield from reader.read(reading, whole, anew=settings.reload)
    except OpenPanelError as error:
        # What was asked to stop has not failed.
        if not (isinstance(error, RequestAbortedError) and orders.should_stop()):
            record.error = error.message
            failure = error
            logger.error("chart %s of %s cannot be read: %s", chart.name, project_id, error)
    dialect = current_dialect()
    if reading.series:
        rows = CHART_SERIES.arrow_table(reading.series.values())
        yield rows_of(CHART_SERIES, rows, dialect)
    superseded = ledger.put(record, run.now)
    yield rows_of(
        CHARTS, CHARTS.arrow_table(map(msgspec.structs.asdict, [*superseded, record])), dialect
    )
    if reading.replaced:
        run.replaced += reading.replaced
        condition = buckets_condition(run.replaced, dialect.instant)
        yield materialize(CHART_POINTS, condition, dialect, variant=False)
    several = len(settings.project_ids) > 1
    name = f"{chart.name} ({project_id})" if several else chart.name
    orders.on_chart(ChartResult(name, record.points if reading.replaced else 0, failure))


def _start(chart: Chart, record: ChartRecord, run: ChartRun) -> date | datetime | None:
    if chart.range is not None:
        return None
    given = chart.moment("start") or run.settings.start
    if given is not None:
        return given
    return record.covered_from or run.first_day(record.project_id)
