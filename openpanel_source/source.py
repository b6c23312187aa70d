"""The dlt source: settings in, Arrow tables, ledger and state out."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import dlt
from dlt.common import pendulum
from dlt.common.configuration.container import Container
from dlt.common.pipeline import PipelineContext
from dlt.common.typing import TSecretStrValue
from dlt.extract import DltResource

from openpanel_source.beside import BesideEvents
from openpanel_source.client import MAX_PAGE_BYTES, Client, Credentials
from openpanel_source.dialects import Dialect, current_dialect
from openpanel_source.errors import OpenPanelError
from openpanel_source.events_file import EventsFile
from openpanel_source.expected_warnings import silence_expected
from openpanel_source.ledger import Ledger, ledger_table
from openpanel_source.loading import (
    appended,
    columns_of,
    declare,
    describe,
    materialize,
    new_fields,
    replacing,
    with_columns,
)
from openpanel_source.new_fields import NewFields, field_hints
from openpanel_source.packing import dimension_items, group_items
from openpanel_source.plan import DAY, EARLIEST
from openpanel_source.privacy import parse_privacy
from openpanel_source.promote import WEB_COLUMNS, Failures, Promotion
from openpanel_source.property_columns import (
    parse_properties,
    possible_names,
    property_columns,
)
from openpanel_source.read import DayReader
from openpanel_source.recognise import recognise
from openpanel_source.retry import RetryPolicy
from openpanel_source.run import Run, RunReport
from openpanel_source.schema import (
    EVENT_GROUPS,
    EVENT_META,
    EVENTS,
    PROFILES,
    PROPERTY_FAILURES,
    REJECTED_EVENTS,
    SYNC_DAYS,
)
from openpanel_source.scope import days_condition
from openpanel_source.settings import (
    DEFAULT_BASE_URL,
    Limits,
    Settings,
    parse_clock,
    parse_day,
    parse_settings,
)
from openpanel_source.shape import shape_rejected
from openpanel_source.table_format import check_replaces, parse_table_format, stored_as

logger = logging.getLogger(__name__)

_FURTHER = (SYNC_DAYS, REJECTED_EVENTS, PROPERTY_FAILURES, EVENT_GROUPS, PROFILES, EVENT_META)
"""Tables that the resource loads beside its own."""

SCHEMA_CONTRACT: Any = {"tables": "evolve", "columns": "evolve", "data_type": "freeze"}
"""Columns come, and never change their type; a contract of the user's own takes its place."""


@dlt.source(
    name="openpanel", section="openpanel", max_table_nesting=0, schema_contract=SCHEMA_CONTRACT
)
def openpanel(
    project_id: Any = dlt.config.value,
    client_id: str = dlt.config.value,
    client_secret: TSecretStrValue = dlt.secrets.value,
    base_url: str = DEFAULT_BASE_URL,
    start_date: Any = None,
    end_date: Any = None,
    events: Any = None,
    filters: Any = None,
    profile_id: Any = None,
    charts: Any = None,
    timezone: Any = None,
    max_events_per_run: int = 1_000_000,
    max_days_per_run: int = 366,
    pages_in_flight: int = 8,
    lookback_days: int = 3,
    reload: bool = False,
    web_columns: bool = True,
    properties: Any = None,
    exclude_columns: Any = None,
    hash_columns: Any = None,
    drop_properties: Any = None,
    erased_profiles: Any = None,
    hash_key: TSecretStrValue | None = None,
    include_profiles: bool = False,
    include_event_meta: bool = False,
    table_format: Any = None,
    allow_http: bool = False,
    connect_timeout: float = 10.0,
    read_timeout: float = 60.0,
    request_timeout: float = 300.0,
    max_page_bytes: int = MAX_PAGE_BYTES,
    backoff_seconds: float = 0.5,
    now: Any = None,
    report: RunReport | None = None,
) -> Sequence[DltResource]:
    """Events and charts of OpenPanel projects; events by UTC day, each day proven complete.

    Every argument may also come from dlt's configuration, section ``[sources.openpanel]``.

    Args:
        project_id: A project's id, or a list of ids; each becomes rows, not tables.
        client_id: Id of a client of type read or root.
        client_secret: Its secret.
        base_url: Root of the API; self-hosted often ``https://HOST/api``.
        start_date: First UTC day, ``YYYY-MM-DD``; the first day with events when left out.
        end_date: Last UTC day, inclusive; everything there is when left out.
        events: Names of events to load; all when left out.
        filters: Conditions that all must hold: ``Filter`` objects or mappings.
        profile_id: Load only this profile's events and those of its devices.
        charts: ``Chart`` objects, mappings, or the path of a file of charts.
        timezone: IANA name of the organisation's time zone, in which charts have their buckets, or
            names by project; UTC when left out. The API does not tell it.
        max_events_per_run: A run ends after the day that reaches this many events.
        max_days_per_run: A run ends after this many days.
        pages_in_flight: Pages of 1,000 events asked for at a time.
        lookback_days: The newest settled days that are counted one by one on each run; older
            ones are counted together.
        reload: Read days again that are recorded as complete.
        web_columns: Fill the columns of UTM parameters, page title and hash; else they are null.
        properties: Keys of the properties that become columns, with their types.
        exclude_columns: Columns of ``events`` that stay null.
        hash_columns: Columns, and keys as ``properties.KEY``, that hold a hash of the value.
        drop_properties: Keys of ``properties`` that are left out; ``*`` stands for any text.
        erased_profiles: Ids of profiles and devices, or their hashes, whose events are left out.
        hash_key: The secret of the hash, HMAC-SHA256.
        include_profiles: Load the profiles of the events read, into ``profiles``.
        include_event_meta: Load what the dashboard says of their names, into ``event_meta``.
        table_format: ``delta`` or ``iceberg``, of tables in the destination ``filesystem``; plain
            Parquet when left out.
        allow_http: Permit plain http to other hosts than this one.
        connect_timeout: Seconds to connect.
        read_timeout: Seconds to wait for the next byte.
        request_timeout: Seconds that one request may take in all.
        max_page_bytes: Answers that are larger are refused; a page of events is then read in parts.
        backoff_seconds: First wait before a failed request is tried again; it doubles.
        now: Act as if this were the current time (ISO, with zone), for replays and tests.
        report: Filled with what the run does; for callers in Python.

    Returns:
        The resource ``events``, which also loads the tables beside ``events``, and
        ``chart_NAME`` for each chart.

    Raises:
        ConfigurationError: Some argument is not allowed; the message says which and why.
    """
    promoted = parse_properties(properties)
    settings = parse_settings(
        project_id,
        start_date=start_date,
        end_date=end_date,
        events=events or (),
        filters=filters or (),
        profile_id=profile_id,
        limits=Limits(max_events_per_run, max_days_per_run, pages_in_flight),
        lookback_days=lookback_days,
        reload=reload,
        now=parse_clock(now),
        charts=charts or (),
        timezone=timezone,
        privacy=parse_privacy(
            exclude_columns,
            hash_columns,
            drop_properties,
            erased_profiles,
            hash_key,
            possible_names(promoted),
        ),
        web_columns=web_columns,
        include_profiles=include_profiles,
        include_event_meta=include_event_meta,
        table_format=parse_table_format(table_format),
        properties=promoted,
    )
    client = Client(
        base_url,
        Credentials(client_id, client_secret),
        pool_size=pages_in_flight,
        timeout=(connect_timeout, read_timeout),
        request_timeout=request_timeout,
        max_page_bytes=max_page_bytes,
        retry=RetryPolicy(backoff_seconds=backoff_seconds),
        allow_http=allow_http,
    )
    report = report or RunReport()
    report.client, report.settings = client, settings
    resources = [
        _events_resource(settings, client, report),
        *_chart_resources(settings, client, report),
    ]
    return [stored_as(resource, settings.table_format) for resource in resources]


def configured(**settings: Any) -> tuple[Client, Settings]:
    """A client and checked settings, from arguments of ``openpanel()`` and dlt's configuration.

    Raises:
        ConfigurationError: Some setting is missing or not allowed.
    """
    report = RunReport()
    try:
        openpanel(report=report, **settings)
    except OpenPanelError as error:
        # The frames that it comes from hold the secrets in local variables.
        raise error.with_traceback(None) from None
    assert report.client is not None and report.settings is not None  # noqa: S101, PT018
    return report.client, report.settings


def reader_of(
    client: Client, settings: Settings, load_id: str = "", fields: NewFields | None = None
) -> DayReader:
    """A reader for the server that answers, whatever its age.

    Raises:
        UnsupportedServerError: The server is too old for the query.
        OpenPanelError: The server cannot be asked.
    """
    generation = recognise(client, settings.query, settings.project_ids, settings.now().date())
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
    )


def _chart_resources(settings: Settings, client: Client, report: RunReport) -> list[DltResource]:
    if not settings.charts:
        return []
    from openpanel_source.chart_resource import Surroundings, chart_resource

    surroundings = Surroundings(client, settings, report)
    return [chart_resource(chart, surroundings) for chart in settings.charts]


def _events_resource(settings: Settings, client: Client, report: RunReport) -> DltResource:
    def events(
        created_at: dlt.sources.incremental[pendulum.DateTime] = _cursor(settings),  # noqa: B008
    ) -> Iterator[Any]:
        check_replaces()
        # Days, not rows, are what the cursor selects: rows pass unfiltered.
        created_at.advance(None)  # type: ignore[arg-type]
        start, end = _range_of(created_at)
        ranged = replace(settings, start=start, end=end)
        ledger = Ledger(dlt.current.resource_state(), settings.query.fingerprint)
        load_id = dlt.current.load_package_state()["load_id"]
        try:
            promotion = _promotion(settings)
            fields = new_fields(dlt.current.source_schema(), promotion.further)
            run = Run(ranged, reader_of(client, settings, load_id, fields), ledger, report)
            yield from _items(run, report, fields, promotion, Failures(load_id))
        finally:
            client.close()
        if run.newest is not None:
            newest = pendulum.instance(min(run.newest, settings.now()))
            last = created_at.last_value
            created_at.advance(newest if last is None else max(newest, last))
        if report.days_left > 0:
            logger.info("%d days are left for the next run", report.days_left)

    resource: DltResource = dlt.resource(
        events,
        name=EVENTS.name,
        primary_key=EVENTS.primary_key,
        columns=_event_columns(),
        write_disposition=replacing("1 = 0"),
    )
    silence_expected()
    for table in _FURTHER:
        declare(resource, table)
    describe(resource, EVENTS)
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
    beside = BesideEvents()
    had_failures = bool(columns_of(schema, PROPERTY_FAILURES))
    held = columns_of(schema, EVENTS)
    with EventsFile(_working_dir(), held, fields, dialect.events_format) as file:
        for reading in run.readings():
            for table in reading.tables:
                filled = promotion.fill(table)
                file.add(filled.table)
                failures.add(reading.record.project_id, reading.record.day, filled.failures)
            beside.update(reading.beside)
            if reading.rejected:
                record = reading.record
                rejected = shape_rejected(reading.rejected, record.project_id, record.day)
                yield dlt.mark.with_table_name(rejected, REJECTED_EVENTS.name)
        if run.replaced:
            condition = days_condition(run.replaced, dialect.instant)
            # Where nothing makes way, rows need not pass through a merge.
            report.appends = report.holds_none(condition)
            # First, as it may tell of columns what the files do not.
            if report.appends:
                yield appended(EVENTS)
            else:
                yield materialize(EVENTS, condition, dialect, variant=False)
        further = field_hints(fields.known, file.schema.names, dialect.json_type(EVENTS))
        further |= {
            name: hints for name, hints in promotion.further.items() if name in file.schema.names
        }
        if further:
            yield with_columns(file.schema, further)
        yield from file.finish()
        report.heavy_bytes = file.heavy_bytes
    records = report.records + report.settled + report.adopted
    if records:
        yield dlt.mark.with_table_name(ledger_table(records), SYNC_DAYS.name)
    yield from _failed(run, failures, dialect, had_failures=had_failures)
    if run.had_rejected:
        condition = days_condition(run.had_rejected, dialect.instant)
        yield materialize(REJECTED_EVENTS, condition, dialect, variant=True)
    yield from group_items(run, report, beside, known, dialect)
    yield from dimension_items(report, beside, dialect)


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
    """The days a cursor asks for: its initial value, and up to but excluding its end value."""
    start = parse_day("initial_value", cursor.initial_value)
    end = cursor.end_value
    if isinstance(end, datetime):
        end = end - timedelta(microseconds=1)
    return None if start == EARLIEST else start, parse_day("end_value", end)


def _midnight(day: date | None) -> Any:
    return None if day is None else pendulum.datetime(day.year, day.month, day.day)
