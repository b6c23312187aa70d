"""The dlt source: settings in, Arrow tables, ledger and state out."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, ParamSpec, TypeVar

import dlt
from dlt.common.configuration.specs import BaseConfiguration
from dlt.common.schema import Schema
from dlt.extract import DltResource, DltSource

from openpanel_source.api.client import Client
from openpanel_source.api.credentials import Credentials, parse_clients
from openpanel_source.days.backlog import Backlog
from openpanel_source.destinations.settings_files import missing_settings
from openpanel_source.destinations.warehouse import SOURCE_NAME
from openpanel_source.errors import InvalidSettingError, OpenPanelError
from openpanel_source.source.events import events_resource
from openpanel_source.source.orders import Orders
from openpanel_source.source.settings.checked import Settings, parse_settings
from openpanel_source.source.settings.configuration import Found, found_settings
from openpanel_source.source.settings.declared import REQUIRED, SECRET, Arguments
from openpanel_source.wire.retry import RetryPolicy

_P = ParamSpec("_P")
_R = TypeVar("_R")

_SIGNATURE = inspect.signature(Arguments)
_ONE_CLIENT = ("client_id", "client_secret")
SCHEMA_CONTRACT: Any = {"tables": "evolve", "columns": "evolve", "data_type": "freeze"}
"""Columns come, and never change their type; a contract of the user's own takes its place."""


def _as_declared(declared: Callable[_P, object]) -> Callable[[Callable[..., _R]], Callable[_P, _R]]:
    """Give a function the signature, and the documentation, of what declares its arguments."""

    def decorate(function: Callable[..., _R]) -> Callable[_P, _R]:
        function.__doc__ = f"{function.__doc__}\n    {declared.__doc__}"
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
@_as_declared(Arguments)
def openpanel(*given: Any, **named: Any) -> Sequence[DltResource]:
    """Events and charts of OpenPanel projects; events by UTC day, each day proven complete.

    Every argument may also come from dlt's configuration, section ``[sources.openpanel]``, and from
    no other: see docs/python.md.

    Args:
        given: Those of ``Arguments``, in order.
        named: Those of ``Arguments``.

    Returns:
        The resource ``events``, which also loads the tables beside ``events``, ``lists`` if there
        are some to load, and ``chart_NAME`` for each chart.

    Raises:
        ConfigurationError: Some argument is not allowed; the message says which and why.
    """
    return resources_of(*configured(*given, **named))


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


def complete(*args: Any, **kwargs: Any) -> Arguments:
    """The arguments of a call, with those left out taken from the configuration.

    Raises:
        InvalidSettingError: Something is missing, unknown, of another type, or stands where
            secrets must not.
    """
    given = _SIGNATURE.bind_partial(*args, **kwargs).arguments
    found = {item.name: item for item in found_settings(given)}
    _keep_one_form(found)
    values = {item.name: item.value for item in found.values()}
    missing = [name for name in REQUIRED if values.get(name) is None]
    if missing and values.get("clients") is None:
        raise missing_settings(missing, SECRET)
    return Arguments(**values)


def _keep_one_form(found: dict[str, Found]) -> None:
    """Have credentials of a call win over all that are configured, in whichever form.

    Raises:
        InvalidSettingError: One client and several are given in the same place.
    """
    one = [found[name] for name in _ONE_CLIENT if name in found]
    several = found.get("clients")
    if several is None or several.value is None or not one:
        return
    is_called = any(item.is_argument for item in one)
    if several.is_argument == is_called:
        places = " and ".join(item.origin for item in (*one, several))
        raise InvalidSettingError(
            f"client_id or client_secret is set, and clients too ({places}); keep clients alone,"
            " with one of them for each project, or take it out."
        )
    for name in ("clients",) if is_called else _ONE_CLIENT:
        found.pop(name, None)


def _checked(given: Arguments) -> tuple[Client, Settings]:
    credentials: Credentials | dict[str, Credentials] = Credentials(
        given.client_id, given.client_secret
    )
    if given.clients is not None:
        credentials = parse_clients(given.clients)
        given = replace(given, project_id=given.project_id or list(credentials))
    settings = parse_settings(given)
    if isinstance(credentials, dict):
        credentials = _of_projects(settings.project_ids, credentials)
    client = Client(
        given.base_url,
        credentials,
        pool_size=given.pages_in_flight,
        timeout=(given.connect_timeout, given.read_timeout),
        request_timeout=given.request_timeout,
        max_page_bytes=given.max_page_bytes,
        retry=RetryPolicy(backoff_seconds=given.backoff_seconds, max_outage=given.max_outage),
        allow_http=given.allow_http,
    )
    return client, settings


def _of_projects(
    projects: Sequence[str], clients: dict[str, Credentials]
) -> dict[str, Credentials]:
    lacking = [project for project in projects if project not in clients]
    if lacking:
        raise InvalidSettingError(
            f"the project {lacking[0]} has no client under clients; give it one in"
            f" [sources.openpanel.clients.{lacking[0]}], or take it out of project_id."
        )
    return {project: clients[project] for project in projects}


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
    resources = [events_resource(settings, client, orders, backlog)]
    if settings.lists and orders.with_lists:
        from openpanel_source.source.lists import lists_resource

        resources.append(lists_resource(settings, client, orders))
    if not settings.charts or not orders.with_charts:
        return resources
    from openpanel_source.source.charts import ChartRun, chart_resource

    chart_run = ChartRun(client, settings, orders)
    return [*resources, *(chart_resource(chart, chart_run) for chart in settings.charts)]


def source_of(resources: Sequence[DltResource]) -> DltSource:
    """The source ``openpanel`` with these resources."""
    source = DltSource(Schema(SOURCE_NAME), SOURCE_NAME, list(resources))
    source.max_table_nesting = 0
    source.schema_contract = SCHEMA_CONTRACT
    return source
