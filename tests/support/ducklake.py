"""DuckLake, its catalog in a DuckDB file, its rows in a folder."""

from __future__ import annotations

import gzip
import importlib.util
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import dlt
import duckdb

from tests.support.needed import lack
from tests.support.warehouse import Warehouse

_PACKAGE = "duckdb_extension_ducklake"


def install_ducklake(home: Path) -> None:
    """Give DuckDB its extension from PyPI, for processes that have this home.

    Args:
        home: What HOME is set to.
    """
    found = importlib.util.find_spec(_PACKAGE)
    if found is None or not found.submodule_search_locations:
        lack("duckdb-extension-ducklake is not installed: make test-destinations")
        return
    folder = Path(next(iter(found.submodule_search_locations)))
    [file] = folder.rglob(f"v{duckdb.__version__}/**/ducklake.duckdb_extension*")
    if file.suffix == ".gz":
        unpacked = home / file.stem
        unpacked.write_bytes(gzip.decompress(file.read_bytes()))
        file = unpacked
    with duckdb.connect() as connection:
        connection.execute(f"INSTALL '{file}'")


class DuckLake(Warehouse):
    """DuckLake, its catalog in a DuckDB file."""

    def pipeline(self, name: str = "openpanel") -> dlt.Pipeline:
        from dlt.destinations.impl.ducklake.configuration import DuckLakeCredentials

        credentials = DuckLakeCredentials(
            "lake",
            catalog=f"duckdb:///{self.folder}/catalog.duckdb",
            storage=f"file://{self.folder}/lake",
        )
        pipeline: dlt.Pipeline = dlt.pipeline(
            name,
            destination=dlt.destinations.ducklake(credentials),
            dataset_name="openpanel",
            pipelines_dir=str(self.folder / "pipelines"),
        )
        return pipeline

    def environment(self) -> dict[str, str]:
        """What the command needs to load into it."""
        given = {
            "CATALOG": f"duckdb:///{self.folder}/catalog.duckdb",
            "STORAGE__BUCKET_URL": f"file://{self.folder}/lake",
            "DUCKLAKE_NAME": "lake",
        }
        return {f"DESTINATION__DUCKLAKE__CREDENTIALS__{key}": given[key] for key in given}

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        with self._connection() as connection:
            return connection.execute(sql).fetchall()

    def damage(self, condition: str) -> None:
        """Delete events behind the connector's back."""
        with self._connection() as connection:
            connection.execute(f"DELETE FROM events WHERE {condition}")

    @contextmanager
    def _connection(self) -> Iterator[duckdb.DuckDBPyConnection]:
        with duckdb.connect() as connection:
            connection.execute("SET TimeZone = 'UTC'; LOAD ducklake")
            connection.execute(f"ATTACH 'ducklake:{self.folder}/catalog.duckdb' AS lake")
            connection.execute("USE lake.openpanel")
            yield connection
