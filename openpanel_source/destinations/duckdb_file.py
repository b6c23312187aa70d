"""dlt's DuckDB destination, for a file that may be named like the dataset in it.

DuckDB names a file's catalog after the file. With ``openpanel.duckdb`` and the dataset
``openpanel`` it then refuses ``openpanel.events`` as ambiguous, so names have to say the catalog
as well.
"""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

from dlt.common.destination import DestinationCapabilitiesContext
from dlt.common.normalizers.naming import NamingConvention
from dlt.destinations import duckdb
from dlt.destinations.impl.duckdb.duck import DuckDbClient
from dlt.destinations.impl.duckdb.sql_client import DuckDbSqlClient

if sys.platform != "win32":
    import fcntl

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
    if not is_stillborn(path):
        return
    with suppress(OSError), path.open("r+b") as file:
        if sys.platform != "win32":
            # DuckDB holds this lock for as long as it has the file open.
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        is_the_one = os.path.samestat(os.fstat(file.fileno()), path.stat())
        if is_the_one and _is_cut_short(file.read()):
            path.unlink()


_catalogs: dict[str, str] = {}
"""Catalog names by path: DuckDB alone knows how it makes the one from the other."""


class _SqlClient(DuckDbSqlClient):
    def catalog_name(self, quote: bool = True, casefold: bool = True) -> str | None:
        path = str(self.credentials._conn_str())
        pool = self.credentials.conn_pool
        if path not in _catalogs and pool is not None:
            connection = pool.borrow_conn()
            try:
                row = connection.execute("SELECT current_database()").fetchone()
                _catalogs[path] = str(row[0]) if row else ""
            finally:
                pool.return_conn(connection)
        catalog = _catalogs.get(path) or None
        if catalog is None or not quote:
            return catalog
        return str(self.capabilities.escape_identifier(catalog))

    def warn_if_catalog_equals_dataset_name(self) -> None:
        """Qualified names leave nothing to warn of."""


class _Client(DuckDbClient):
    def __init__(self, schema: Any, config: Any, capabilities: Any) -> None:
        super().__init__(schema, config, capabilities)
        dataset, staging = DuckDbClient.create_dataset_names(schema, config)
        self.sql_client = _SqlClient(dataset, staging, config.credentials, capabilities)


class duckdb_file(duckdb):  # noqa: N801 - dlt's destinations are named like functions
    """A DuckDB file as destination; takes what ``dlt.destinations.duckdb`` takes."""

    @property
    def client_class(self) -> type[DuckDbClient]:
        """The client that qualifies names with the catalog."""
        return _Client

    def capabilities(
        self, config: Any = None, naming: NamingConvention | None = None
    ) -> DestinationCapabilitiesContext:
        """DuckDB's, which no setting changes: dlt would resolve all of them on each question."""
        capabilities: DestinationCapabilitiesContext = super().capabilities(
            config or self.spec(), naming
        )
        return capabilities
