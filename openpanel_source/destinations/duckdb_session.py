"""What a sync does differently where the destination is a DuckDB file.

A merge writes each row twice, into a staging table and into its own, and DuckDB takes as much of
the machine as it finds. Neither is needed: days that the file holds nothing of are appended, and
counted afterwards; and a load gets along with little memory.
"""

from __future__ import annotations

import logging
import re
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext, suppress
from pathlib import Path
from typing import Any

import dlt
from dlt.destinations import duckdb
from dlt.destinations.exceptions import DatabaseException
from tenacity import (
    RetryCallState,
    retry_if_exception_message,
)

from openpanel_source.destinations.duckdb_file import check_name, make_file
from openpanel_source.destinations.explain import causes
from openpanel_source.destinations.waiting import patiently
from openpanel_source.destinations.warehouse import bare_client, sql_client

logger = logging.getLogger(__name__)

load_lock = threading.RLock()
"""Held while a file is loaded into, so that no other thread uses its staging tables."""

LOAD_SETTINGS = {"memory_limit": "128MB", "threads": "1", "preserve_insertion_order": "false"}
"""How DuckDB loads. What does not fit into the memory goes to files beside the database, except for
the rows at hand. The rows of a second thread did not always fit. With one, and twice the memory, a
sync without a rate limit would be a sixth faster. Keeping the order of insertion would make it a
third slower."""
_TAKEN = r"(?is).*(could not set lock|unique file handle conflict)"
"""Another process has the file open, or another thread is just opening or closing it."""
_HEAVY = 8 * 1024 * 1024
"""Bytes of long texts for which that memory is too little."""


def is_duckdb(pipeline: dlt.Pipeline) -> bool:
    """Whether the destination is a DuckDB file."""
    return isinstance(pipeline.destination, duckdb)


def open_meanwhile(
    pipeline: dlt.Pipeline, busy_timeout: float = 0.0
) -> AbstractContextManager[Any]:
    """Have a DuckDB file opened once for several steps, not by each; other processes wait.

    Args:
        pipeline: A pipeline; nothing happens if its destination is another.
        busy_timeout: Seconds to wait for a file that another process holds.
    """
    return opened(pipeline, busy_timeout) if is_duckdb(pipeline) else nullcontext()


def file_of(pipeline: dlt.Pipeline) -> Path | None:
    """The path of the DuckDB file; None for other destinations."""
    if not is_duckdb(pipeline):
        return None
    return Path(str(credentials_of(pipeline).database))


def credentials_of(pipeline: dlt.Pipeline) -> Any:
    """Those of the destination."""
    return bare_client(pipeline).config.credentials


@contextmanager
def opened(pipeline: dlt.Pipeline, busy_timeout: float) -> Iterator[Any]:
    """A client with the database open; a file takes one process at a time.

    Args:
        pipeline: A pipeline with a destination that can be asked in SQL.
        busy_timeout: Seconds to wait for a file that another process holds.
    """
    client = sql_client(pipeline)
    with ExitStack() as stack:

        def enter() -> Any:
            if is_duckdb(pipeline):
                make_file(client.credentials)
            return stack.enter_context(client)

        taken = retry_if_exception_message(match=_TAKEN)
        entered = patiently(busy_timeout, taken, _tell)(enter)
        if is_duckdb(pipeline):
            check_name(entered)
        yield entered


def _tell(state: RetryCallState) -> None:
    error = state.outcome.exception() if state.outcome else None
    # Another thread is done at once.
    if "unique file handle" not in str(error).lower():
        logger.warning("another process holds the database; waiting for it")


@contextmanager
def modest(
    pipeline: dlt.Pipeline, busy_timeout: float, heavy_bytes: int = 0
) -> Iterator[Callable[[], bool]]:
    """Have DuckDB load with little memory meanwhile, where nothing else is configured.

    Args:
        pipeline: A pipeline; nothing happens if its destination is another.
        busy_timeout: Seconds to wait for a file that another process holds.
        heavy_bytes: Of the package's events beyond some kilobytes each.

    Yields:
        Has DuckDB take as much as it likes; False if the limit was none of ours, or is lifted.
    """
    if not is_duckdb(pipeline):
        yield lambda: False
        return
    wanted = dict(LOAD_SETTINGS)
    if heavy_bytes > _HEAVY:
        # Long texts are held until they are committed: then the limit is DuckDB's own.
        del wanted["memory_limit"]
    with (
        load_lock,
        opened(pipeline, busy_timeout) as client,
        settings_meanwhile(client, wanted) as changed,
    ):

        def lift_limit() -> bool:
            if "memory_limit" not in changed:
                return False
            changed.remove("memory_limit")
            client.execute_sql("RESET GLOBAL memory_limit")
            return True

        try:
            yield lift_limit
        finally:
            # What was loaded is written where it stays, while little memory may be taken for it.
            _try(client, "CHECKPOINT")


@contextmanager
def settings_meanwhile(client: Any, wanted: Mapping[str, str]) -> Iterator[set[str]]:
    """Have DuckDB work with other settings meanwhile, where nothing else is configured.

    Args:
        client: dlt's, open.
        wanted: Values of settings, by name.

    Yields:
        The names of those that were changed.
    """
    configured = client.credentials.global_config or {}
    # All connections of a process to a file share these settings while one is open.
    before = {name: _setting(client, name) for name in wanted if name not in configured}
    for name in before:
        client.execute_sql(f"SET GLOBAL {name} = '{wanted[name]}'")
    try:
        yield {*before}
    finally:
        for name, value in before.items():
            _try(client, f"SET GLOBAL {name} = '{value}'")


def ran_out_of_memory(error: BaseException) -> bool:
    """Whether a load did not fit into the memory that DuckDB may take."""
    return any(str(cause).startswith("Out of Memory Error") for cause in causes(error))


def _try(client: Any, statement: str) -> None:
    # After a load that failed, nothing else may work either: that error is the one to tell.
    with suppress(DatabaseException):
        client.execute_sql(statement)


def _setting(client: Any, name: str) -> str:
    """A setting of DuckDB, as it can be set again."""
    [[value]] = client.execute_sql(f"SELECT current_setting('{name}')::VARCHAR")
    # Bytes are told cut off after one decimal, and would be less each time they are set to that.
    return re.sub(r"(\.\d) ", r"\g<1>5 ", str(value))
