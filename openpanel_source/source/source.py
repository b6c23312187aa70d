"""The dlt source: settings in, Arrow tables, ledger and state out."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from typing import Any

import dlt
from dlt.common.configuration.specs import BaseConfiguration
from dlt.common.schema import Schema
from dlt.common.typing import TSecretStrValue
from dlt.extract import DltResource, DltSource

from openpanel_source.api.client import MAX_PAGE_BYTES, Client
from openpanel_source.api.credentials import DEFAULT_BASE_URL, Credentials
from openpanel_source.days.backlog import Backlog
from openpanel_source.days.safety_catch import DeletionLimits
from openpanel_source.destinations.table_format import parse_table_format
from openpanel_source.destinations.warehouse import SOURCE_NAME
from openpanel_source.errors import OpenPanelError
from openpanel_source.model.clock import parse_clock
from openpanel_source.rows.property_columns import parse_properties, possible_names
from openpanel_source.source.configuration import Declaration, from_configuration
from openpanel_source.source.events import events_resource
from openpanel_source.source.orders import Orders
from openpanel_source.source.privacy_settings import parse_privacy
from openpanel_source.source.settings import Limits, Settings, parse_settings
from openpanel_source.wire.retry import RetryPolicy

SCHEMA_CONTRACT: Any = {"tables": "evolve", "columns": "evolve", "data_type": "freeze"}
"""Columns come, and never change their type; a contract of the user's own takes its place."""


@dlt.source(
    name="openpanel",
    section="openpanel",
    max_table_nesting=0,
    schema_contract=SCHEMA_CONTRACT,
    # dlt would take settings from anywhere.
    spec=BaseConfiguration,
)
@from_configuration()
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
    allow_deletions: bool = False,
    max_deleted_rows: int = 1000,
    max_deleted_share: float = 0.05,
    max_emptied_days: int = 10,
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
    max_outage: float = 90.0,
    now: Any = None,
) -> Sequence[DltResource]:
    """Events and charts of OpenPanel projects; events by UTC day, each day proven complete.

    Every argument may also come from dlt's configuration, section ``[sources.openpanel]``, and from
    no other: see docs/python.md.

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
        allow_deletions: Let everything vanish here that vanished upstream, however much; also what
            another query (events, filters, profile_id) had loaded of the days read.
        max_deleted_rows: So many rows of a project may vanish in one run without that; the rows of
            days that would lose more are kept, and the days are recorded as ``shrunk``.
        max_deleted_share: More may, up to this share of the project's rows.
        max_emptied_days: So many days that lose all of their rows are kept in any case.
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
        max_outage: Seconds that a server is waited for that is down, or being restarted.
        now: Act as if this were the current time (ISO, with zone), for replays and tests.

    Returns:
        The resource ``events``, which also loads the tables beside ``events``, and
        ``chart_NAME`` for each chart.

    Raises:
        ConfigurationError: Some argument is not allowed; the message says which and why.
    """
    return resources_of(*_checked(**locals()))


SETTINGS = Declaration(inspect.unwrap(openpanel))
"""What ``openpanel()`` can be told, and what the configuration says of it."""


def configured(**settings: Any) -> tuple[Client, Settings]:
    """A client and checked settings, from arguments of ``openpanel()`` and dlt's configuration.

    Raises:
        ConfigurationError: Some setting is missing or not allowed.
    """
    try:
        parameters = inspect.signature(inspect.unwrap(openpanel)).parameters
        defaults = {name: one.default for name, one in parameters.items()}
        return _checked(**defaults | SETTINGS.complete(**settings))
    except OpenPanelError as error:
        # The frames that it comes from hold the secrets in local variables.
        raise error.with_traceback(None) from None


def _checked(**given: Any) -> tuple[Client, Settings]:
    promoted = parse_properties(given["properties"])
    settings = parse_settings(
        given["project_id"],
        start_date=given["start_date"],
        end_date=given["end_date"],
        events=given["events"] or (),
        filters=given["filters"] or (),
        profile_id=given["profile_id"],
        limits=Limits(
            given["max_events_per_run"], given["max_days_per_run"], given["pages_in_flight"]
        ),
        lookback_days=given["lookback_days"],
        reload=given["reload"],
        now=parse_clock(given["now"]),
        charts=given["charts"] or (),
        timezone=given["timezone"],
        privacy=parse_privacy(
            given["exclude_columns"],
            given["hash_columns"],
            given["drop_properties"],
            given["erased_profiles"],
            given["hash_key"],
            possible_names(promoted),
        ),
        web_columns=given["web_columns"],
        include_profiles=given["include_profiles"],
        include_event_meta=given["include_event_meta"],
        table_format=parse_table_format(given["table_format"]),
        properties=promoted,
        deletions=DeletionLimits(
            given["allow_deletions"],
            given["max_deleted_rows"],
            given["max_deleted_share"],
            given["max_emptied_days"],
        ),
    )
    client = Client(
        given["base_url"],
        Credentials(given["client_id"], given["client_secret"]),
        pool_size=given["pages_in_flight"],
        timeout=(given["connect_timeout"], given["read_timeout"]),
        request_timeout=given["request_timeout"],
        max_page_bytes=given["max_page_bytes"],
        retry=RetryPolicy(backoff_seconds=given["backoff_seconds"], max_outage=given["max_outage"]),
        allow_http=given["allow_http"],
    )
    return client, settings


def resources_of(
    client: Client,
    settings: Settings,
    orders: Orders | None = None,
    backlog: Backlog | None = None,
) -> list[DltResource]:
    """The resources of checked settings.

    Args:
        client: Makes the requests.
        settings: What is read.
        orders: What whoever starts a run of them has to say.
        backlog: What the sync has still to read; without one each run plans for itself.
    """
    orders = orders or Orders()
    events = events_resource(settings, client, orders, backlog)
    if not settings.charts or not orders.with_charts:
        return [events]
    from openpanel_source.source.charts import Surroundings, chart_resource

    surroundings = Surroundings(client, settings, orders)
    return [events, *(chart_resource(chart, surroundings) for chart in settings.charts)]


def source_of(resources: Sequence[DltResource]) -> DltSource:
    """The source ``openpanel`` with these resources."""
    source = DltSource(Schema(SOURCE_NAME), SOURCE_NAME, list(resources))
    source.max_table_nesting = 0
    source.schema_contract = SCHEMA_CONTRACT
    return source
