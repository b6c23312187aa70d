"""The dlt source: settings in, Arrow tables, ledger and state out."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, ParamSpec, TypeVar

import dlt
from dlt.common.configuration.specs import BaseConfiguration
from dlt.extract import DltResource

from openpanel_source.api.client import Client
from openpanel_source.api.credentials import Credentials
from openpanel_source.errors import OpenPanelError
from openpanel_source.source.arguments import Arguments
from openpanel_source.source.configuration import complete
from openpanel_source.source.events import events_resource
from openpanel_source.source.report import RunReport
from openpanel_source.source.settings import Settings, parse_settings
from openpanel_source.wire.retry import RetryPolicy

_P = ParamSpec("_P")
_R = TypeVar("_R")

SCHEMA_CONTRACT: Any = {"tables": "evolve", "columns": "evolve", "data_type": "freeze"}
"""Columns come, and never change their type; a contract of the user's own takes its place."""


@dataclass(frozen=True, repr=False, eq=False)
class _Call(Arguments):
    report: RunReport | None = None


def _as_declared(declared: Callable[_P, object]) -> Callable[[Callable[..., _R]], Callable[_P, _R]]:
    """Give a function the signature, and the documentation, of what declares its arguments."""

    def decorate(function: Callable[..., _R]) -> Callable[_P, _R]:
        function.__doc__ = f"{function.__doc__}\n    {Arguments.__doc__}"
        function.__signature__ = inspect.signature(declared)  # type: ignore[attr-defined]
        return function

    return decorate


@dlt.source(
    name="openpanel",
    section="openpanel",
    max_table_nesting=0,
    schema_contract=SCHEMA_CONTRACT,
    # dlt would take settings from anywhere.
    spec=BaseConfiguration,
)
@_as_declared(_Call)
def openpanel(*given: Any, report: RunReport | None = None, **named: Any) -> Sequence[DltResource]:
    """Events and charts of OpenPanel projects; events by UTC day, each day proven complete.

    Every argument may also come from dlt's configuration, section ``[sources.openpanel]``, and from
    no other: see docs/python.md.

    Args:
        given: Those of ``Arguments``, in order.
        report: Filled with what the run does; for callers in Python.
        named: Those of ``Arguments``.

    Returns:
        The resource ``events``, which also loads the tables beside ``events``, and
        ``chart_NAME`` for each chart.

    Raises:
        ConfigurationError: Some argument is not allowed; the message says which and why.
    """
    report = report or RunReport()
    report.client, report.settings = client, settings = configured(*given, **named)
    resources = [events_resource(settings, client, report)]
    if settings.charts:
        from openpanel_source.source.charts import Surroundings, chart_resource

        surroundings = Surroundings(client, settings, report)
        resources += [chart_resource(chart, surroundings) for chart in settings.charts]
    return resources


def configured(*given: Any, **named: Any) -> tuple[Client, Settings]:
    """A client and checked settings, from arguments of ``openpanel()`` and dlt's configuration.

    Raises:
        ConfigurationError: Some setting is missing or not allowed.
    """
    try:
        return _checked(complete(*given, **named))
    except OpenPanelError as error:
        # The frames that it comes from hold the secrets in local variables.
        raise error.with_traceback(None) from None


def _checked(given: Arguments) -> tuple[Client, Settings]:
    settings = parse_settings(given)
    client = Client(
        given.base_url,
        Credentials(given.client_id, given.client_secret),
        pool_size=given.pages_in_flight,
        timeout=(given.connect_timeout, given.read_timeout),
        request_timeout=given.request_timeout,
        max_page_bytes=given.max_page_bytes,
        retry=RetryPolicy(backoff_seconds=given.backoff_seconds, max_outage=given.max_outage),
        allow_http=given.allow_http,
    )
    return client, settings
