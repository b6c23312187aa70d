"""What operations begin with: settings checked, the pipeline taken alone, the destination asked."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import dlt

from openpanel_source.api.client import Client
from openpanel_source.destinations.explain import destination_errors
from openpanel_source.destinations.observer import observing
from openpanel_source.destinations.pipeline_lock import running_alone
from openpanel_source.destinations.waiting import got_on, waiting_once, waiting_until
from openpanel_source.destinations.warehouse import clients_kept, has_table, nothing_loaded
from openpanel_source.model.clock import check_seconds
from openpanel_source.model.schema import EVENTS
from openpanel_source.operations.stop import Halt
from openpanel_source.source.settings.checked import Settings
from openpanel_source.source.source import configured

BUSY_TIMEOUT = 60.0


@contextmanager
def operation(
    settings: dict[str, Any], halt: Halt | None = None, busy_timeout: float = BUSY_TIMEOUT
) -> Iterator[tuple[Client, Settings]]:
    """Check all that was said before anything is touched, and end what is asked to stop.

    Args:
        settings: Arguments of ``openpanel()``; those left out come from dlt's configuration.
        halt: Says when it has to end.
        busy_timeout: Seconds to wait for another sync, or a process that holds a DuckDB file.

    Yields:
        What makes the requests, closed afterwards, and the settings, checked.

    Raises:
        ConfigurationError: Some setting is missing or not allowed.
        OpenPanelError: What dlt or the destination raised meanwhile, with the next step.
    """
    check_seconds("busy_timeout", busy_timeout)
    halt = halt or Halt()
    with destination_errors(), waiting_until(halt.stop), waiting_once(), clients_kept():
        client, checked = configured(**settings)
        with client, halt.watching(client):
            yield client, checked


@contextmanager
def looking(pipeline: dlt.Pipeline, table: str = EVENTS.name) -> Iterator[dlt.Pipeline]:
    """The same pipeline as its destination knows it, to be asked; nothing of it is changed.

    Args:
        pipeline: A pipeline with its destination.
        table: One that has to be there.

    Raises:
        DestinationError: Nothing was loaded yet, or the destination cannot be asked.
    """
    with destination_errors(), observing(pipeline) as there:
        if not has_table(there, table):
            raise nothing_loaded(there.dataset_name)
        yield there


@contextmanager
def looking_alone(pipeline: dlt.Pipeline, busy_timeout: float) -> Iterator[dlt.Pipeline]:
    """The same, while no load of the pipeline changes what the destination says.

    Args:
        pipeline: A pipeline with its destination.
        busy_timeout: Seconds to wait for another sync, and for a DuckDB file that is in use.

    Raises:
        PipelineBusyError: A sync or an audit of it is running.
    """
    with (
        destination_errors(),
        running_alone(pipeline, busy_timeout),
        observing(pipeline, busy_timeout) as there,
    ):
        yield there
    got_on()
