"""The resource ``events``: what a run reads, as Arrow tables, ledger and state for dlt."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import closing, nullcontext
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import dlt
from dlt.common import pendulum
from dlt.common.configuration.specs import BaseConfiguration
from dlt.extract import DltResource

from openpanel_source.api.client import Client
from openpanel_source.days.backlog import Backlog
from openpanel_source.destinations.files.table_format import check_replaces
from openpanel_source.model.clock import DAY, EARLIEST, parse_day, parse_end, parse_time
from openpanel_source.model.schema import (
    EVENT_GROUPS,
    EVENT_META,
    EVENTS,
    PROFILES,
    PROPERTY_FAILURES,
    REJECTED_EVENTS,
    SYNC_DAYS,
)
from openpanel_source.source.hints import (
    declare,
    describe,
    replacing,
    silence_expected,
)
from openpanel_source.source.ledger_storage import StoredLedger
from openpanel_source.source.load_package import Package
from openpanel_source.source.orders import Orders
from openpanel_source.source.resource_changes import check_caller
from openpanel_source.source.settings.checked import Settings
from openpanel_source.source.sync_plan import check_consent

logger = logging.getLogger(__name__)

_FURTHER = (SYNC_DAYS, REJECTED_EVENTS, PROPERTY_FAILURES, EVENT_GROUPS, PROFILES, EVENT_META)
"""Tables that the resource loads beside its own."""


def events_resource(
    settings: Settings, client: Client, orders: Orders, backlog: Backlog | None = None
) -> DltResource:
    """The resource ``events`` of checked settings.

    Args:
        settings: What to read.
        client: Makes the requests.
        orders: What whoever starts the run has to say.
        backlog: What the sync has still to read; without one each run plans for itself.
    """

    def events(
        created_at: dlt.sources.incremental[pendulum.DateTime] = _cursor(settings),  # noqa: B008
    ) -> Iterator[Any]:
        check_caller(declared)
        check_replaces()
        # Days, not rows, are what the cursor selects: rows pass unfiltered.
        created_at.advance(None)  # type: ignore[arg-type]
        start, end = _range_of(created_at)
        kept = StoredLedger(dlt.current.resource_state(), settings.query.fingerprint)
        check_consent(settings, kept.ledger)
        with client, nullcontext(backlog) if backlog else closing(Backlog()) as days:
            run = Package(replace(settings, start=start, end=end), kept.ledger, orders, days)
            results = yield from run.items(client)
        kept.keep()
        if results.newest is not None:
            newest = min(results.newest, settings.now())
            last = parse_time("last_value", created_at.last_value)
            created_at.advance(pendulum.instance(newest if last is None else max(newest, last)))
        orders.on_end(results)

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
    start = parse_day("initial_value", parse_time("initial_value", cursor.initial_value))
    end = parse_time("end_value", cursor.end_value)
    last = end - timedelta(microseconds=1) if end else None
    return None if start == EARLIEST else start, parse_end("end_value", last)


def _midnight(day: date | None) -> Any:
    return None if day is None else pendulum.datetime(day.year, day.month, day.day)
