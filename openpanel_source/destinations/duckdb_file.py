"""A DuckDB file: made so that older tools read it, checked, and removed where its making failed."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import duckdb
from dlt.common.destination import DestinationCapabilitiesContext
from dlt.common.normalizers.naming import NamingConvention
from dlt.destinations import duckdb as dlt_duckdb

from openpanel_source.errors import DestinationError
from openpanel_source.model.conditions import literal
from openpanel_source.model.schema import SYNC_DAYS
from openpanel_source.model.text import printable

if sys.platform != "win32":
    import fcntl

STORAGE_VERSION = "v1.2.0"
"""Of new files: each DuckDB since 1.2, of February 2025, reads it. A newer version of its own would
shut out all tools that come with an older DuckDB."""
_VERSION_KEY = "storage_compatibility_version"
_OF_DUCKDB = ("temp", "system", "pg_catalog", "information_schema")
_HEADER_BYTES = 3 * 4096
"""A DuckDB file begins with three blocks of headers; data comes after."""


def is_stillborn(path: Path) -> bool:
    """Whether a DuckDB file is being made, or its making was cut short: it cannot be opened then.

    Args:
        path: May be missing, or any other file.
    """
    try:
        # Only a short file is opened: to close it gives up the locks of this process.
        return path.stat().st_size < _HEADER_BYTES and _is_cut_short(path.read_bytes())
    except OSError:
        return False


def _is_cut_short(content: bytes) -> bool:
    return content[8:12] == b"DUCK" and len(content) < _HEADER_BYTES


def remove_stillborn(path: Path) -> None:
    """Remove a DuckDB file whose making was cut short: it holds no data.

    Args:
        path: May be missing, or any other file, or one that another process is making; these are
            left alone.
    """
    if is_stillborn(path):
        _remove(path, _is_cut_short)


def _remove(path: Path, may_go: Callable[[bytes], bool]) -> None:
    with suppress(OSError), path.open("r+b") as file:
        if sys.platform != "win32":
            # DuckDB holds this lock for as long as it has the file open.
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        is_the_one = os.path.samestat(os.fstat(file.fileno()), path.stat())
        if is_the_one and may_go(file.read(_HEADER_BYTES + 1)):
            path.unlink()


@contextmanager
def nothing_empty_left(path: Path | None) -> Iterator[None]:
    """Have no DuckDB file without anything in it stay behind that was made meanwhile.

    Args:
        path: Of the file; None for other destinations. No other thread of this process may have it
            open afterwards.
    """
    was_there = path is None or path.exists()
    try:
        yield
    finally:
        if path is not None and not was_there and not _wal(path).exists():
            with suppress(OSError):
                # Only a short file is opened, as above.
                if path.stat().st_size <= _HEADER_BYTES:
                    _remove(path, lambda content: len(content) <= _HEADER_BYTES)


def _wal(path: Path) -> Path:
    return path.with_name(f"{path.name}.wal")


def holds_ledger(path: Path) -> bool:
    """Whether a DuckDB file has the table ``sync_days``, or is in use and cannot be asked.

    Args:
        path: May be missing, or any other file.
    """
    if not path.is_file():
        return False
    find = "SELECT 1 FROM duckdb_tables() WHERE table_name = ?"
    try:
        with duckdb.connect(str(path), read_only=True) as connection:
            return connection.execute(find, [SYNC_DAYS.name]).fetchone() is not None
    except duckdb.Error as error:
        return "could not set lock" in str(error).lower()


def make_file(credentials: Any) -> None:
    """Make the DuckDB file of a destination, unless it is there, in a version that many tools read.

    Args:
        credentials: Of dlt's destination. Its ``global_config`` may name another version as
            ``storage_compatibility_version``, as ``latest``.

    """
    place = str(credentials.database)
    is_given = credentials.external_conn() is not None
    if is_given or credentials.read_only or place.startswith(":"):
        return
    path = Path(place)
    if path.exists():
        return
    version = (credentials.global_config or {}).get(_VERSION_KEY, STORAGE_VERSION)
    # Why it cannot be made is told as it is opened, if another was not quicker.
    with suppress(duckdb.Error), duckdb.connect() as connection:
        # To open it with a setting would keep other threads from opening it without.
        file, wanted = literal(str(path)), literal(str(version))
        connection.execute(f"ATTACH {file} AS new (STORAGE_VERSION {wanted})")


def check_name(client: Any) -> None:
    """Refuse a dataset that is called like DuckDB's own, or like the file that it is in.

    DuckDB makes no such dataset, or cannot tell which one is meant.

    Args:
        client: dlt's client for SQL, open.

    Raises:
        DestinationError: They have the same name.
    """
    if client.dataset_name.lower() in _OF_DUCKDB:
        raise DestinationError(
            f"a dataset in DuckDB cannot be called {client.dataset_name}, as databases and schemas"
            " of DuckDB's own are; name another (--dataset, dataset_name)."
        )
    [[catalog]] = client.execute_sql("SELECT current_database()")
    for dataset in (client.dataset_name, client.staging_dataset_name):
        if str(catalog).lower() == dataset.lower():
            path = printable(str(client.credentials.database), 300)
            raise DestinationError(
                f"{path} is called like the dataset {dataset} in it, and DuckDB cannot tell which"
                f" of them {dataset}.events means; rename the file, as with mv, or name another."
            )


class duckdb_file(dlt_duckdb):  # noqa: N801 - dlt's destinations are named like functions
    """A DuckDB file as destination: ``dlt.destinations.duckdb``, made quicker."""

    def capabilities(
        self, config: Any = None, naming: NamingConvention | None = None
    ) -> DestinationCapabilitiesContext:
        """DuckDB's, which no setting changes: dlt would resolve all of them on each question."""
        capabilities: DestinationCapabilitiesContext = super().capabilities(
            config or self.spec(), naming
        )
        return capabilities
