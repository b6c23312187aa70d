"""Every kind of destination that runs here, as a warehouse that tests can load, ask and damage."""

from __future__ import annotations

import importlib.util
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import dlt
import duckdb
import psycopg2
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from openpanel_source.destinations.prepare import make_exact
from openpanel_source.model.schema import LIST_TABLES, TABLES
from openpanel_source.operations.audit import audit
from openpanel_source.operations.values.choose_days import ALL
from openpanel_source.sandbox import Sandbox
from tests.support.equality import SELECT_EVENTS, difference, expected, keyed, server_rows
from tests.support.postgres import PostgresWarehouse
from tests.support.sandbox_world import HEADERS
from tests.support.warehouse import Warehouse

Row = dict[str, Any]


class DuckDbDestination(Warehouse):
    """A DuckDB file."""

    def environment(self) -> dict[str, str]:
        """What the command needs to load into it."""
        return {"DESTINATION__DUCKDB__CREDENTIALS": str(self.path)}

    def damage(self, condition: str) -> None:
        """Delete events behind the connector's back."""
        with duckdb.connect(str(self.path)) as connection:
            connection.execute(f"DELETE FROM openpanel.events WHERE {condition}")

    def staged(self) -> list[Any]:
        """Rows of events and the like that are left in staging datasets."""
        return staged_rows(self)


def staged_rows(warehouse: Warehouse) -> list[Any]:
    """Rows in all datasets but that of the tables, whatever dlt writes for itself left out."""
    tables = warehouse.query(
        "SELECT table_schema, table_name FROM information_schema.tables"
        " WHERE table_schema LIKE 'openpanel_%' AND table_name NOT LIKE '_dlt%'"
    )
    return [
        row for table in tables for row in warehouse.query("SELECT * FROM {}.{}".format(*table))
    ]


class PostgresDestination(PostgresWarehouse):
    """A database of a real PostgreSQL server."""

    def damage(self, condition: str) -> None:
        with closing(psycopg2.connect(self.url)) as connection, connection:
            connection.cursor().execute(f"DELETE FROM openpanel.events WHERE {condition}")

    def staged(self) -> list[Any]:
        return staged_rows(self)


class Files(Warehouse):
    """Plain Parquet in a local folder, read without dlt."""

    table_format: str | None = None

    @property
    def lake(self) -> Path:
        return self.folder / "lake"

    def pipeline(self, name: str = "openpanel") -> dlt.Pipeline:
        pipeline: dlt.Pipeline = dlt.pipeline(
            name,
            destination=dlt.destinations.filesystem(str(self.lake)),
            dataset_name="openpanel",
            pipelines_dir=str(self.folder / "pipelines"),
        )
        return pipeline

    def settings(self, *given: Any, **settings: Any) -> Row:
        return super().settings(*given, **settings) | {"table_format": self.table_format}

    def tables(self) -> dict[str, pa.Table]:
        """All rows of each table there is."""
        found = {}
        for table in (*TABLES, *LIST_TABLES):
            if (self.lake / "openpanel" / table.name).is_dir():
                found[table.name] = self.table(self.lake / "openpanel" / table.name)
        return {name: rows for name, rows in found.items() if rows is not None}

    def table(self, folder: Path) -> pa.Table | None:
        files = sorted(folder.glob("*.parquet"))
        if not files:
            return None
        # Folders whose names look like partitions hold none.
        rows = [pq.read_table(file, partitioning=None) for file in files]
        return pa.concat_tables(rows, promote_options="default")

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        with duckdb.connect() as connection:
            connection.execute("SET TimeZone = 'UTC'")
            for name, rows in self.tables().items():
                connection.register(name, rows)
            return connection.execute(sql).fetchall()

    def damage(self, condition: str) -> None:
        for file in (self.lake / "openpanel" / "events").glob("*.parquet"):
            rows = pq.read_table(file, partitioning=None)
            with duckdb.connect() as connection:
                connection.register("held", rows)
                kept = f"SELECT * FROM held WHERE NOT ({condition})"
                connection.execute(f"COPY ({kept}) TO '{file}' (FORMAT parquet)")


class DeltaFiles(Files):
    """Delta tables, read by delta-rs."""

    table_format = "delta"

    def table(self, folder: Path) -> pa.Table | None:
        from deltalake import DeltaTable

        return DeltaTable(str(folder)).to_pyarrow_table()

    def damage(self, condition: str) -> None:
        from deltalake import DeltaTable

        DeltaTable(str(self.lake / "openpanel" / "events")).delete(condition)


class IcebergFiles(Files):
    """Iceberg tables, read by pyiceberg."""

    table_format = "iceberg"

    def opened(self, folder: Path) -> Any:
        from pyiceberg.table import StaticTable

        newest = max((folder / "metadata").glob("*.json"))
        return StaticTable.from_metadata(str(newest))

    def table(self, folder: Path) -> pa.Table | None:
        rows: pa.Table = self.opened(folder).scan().to_arrow()
        return rows

    def damage(self, condition: str) -> None:
        from dlt.common.libs.pyiceberg import get_iceberg_tables

        pipeline = self.pipeline()
        make_exact(pipeline)
        get_iceberg_tables(pipeline, "events")["events"].delete(condition)


class SqliteFile(Warehouse):
    """SQLite through dlt's ``sqlalchemy``."""

    def pipeline(self, name: str = "openpanel") -> dlt.Pipeline:
        pipeline: dlt.Pipeline = dlt.pipeline(
            name,
            destination=dlt.destinations.sqlalchemy(f"sqlite:///{self.folder}/warehouse.db"),
            dataset_name="openpanel",
            pipelines_dir=str(self.folder / "pipelines"),
        )
        return pipeline

    @property
    def file(self) -> Path:
        return self.folder / "warehouse__openpanel.db"

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(self.file)) as connection:
            cursor = connection.execute(sql)
            names = [column[0] for column in cursor.description]
            return [
                tuple(_typed(name, value) for name, value in zip(names, row, strict=True))
                for row in cursor
            ]

    def damage(self, condition: str) -> None:
        self.change(f"DELETE FROM events WHERE {condition}")

    def change(self, sql: str) -> None:
        with closing(sqlite3.connect(self.file)) as connection, connection:
            connection.execute(sql)

    def staged(self) -> list[Any]:
        found: list[Any] = []
        for file in self.folder.glob("*staging*.db"):
            with closing(sqlite3.connect(file)) as connection:
                tables = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
                for (table,) in tables.fetchall():
                    if not table.startswith("_dlt"):
                        found += connection.execute(f"SELECT * FROM {table}")
        return found


_INSTANTS = {
    column.name
    for table in (*TABLES, *LIST_TABLES)
    for column in table.columns
    if column.type == "timestamp"
}


def _typed(name: str, value: Any) -> Any:
    """SQLite has no type for instants: they are text, in UTC."""
    if name in _INSTANTS and value is not None:
        return datetime.fromisoformat(value).replace(tzinfo=timezone.utc)
    return value


_KINDS: dict[str, Callable[[Path], Warehouse]] = {
    "duckdb": DuckDbDestination,
    "parquet": Files,
    "delta": DeltaFiles,
    "iceberg": IcebergFiles,
    "sqlite": SqliteFile,
}
NAMES = ["duckdb", "postgresql", "parquet", "delta", "iceberg", "sqlite"]
_PACKAGES = {"delta": "deltalake", "iceberg": "pyiceberg", "sqlite": "sqlalchemy"}


def made(name: str, folder: Path, postgres_url: Callable[[], str]) -> Any:
    """A warehouse of a kind of destination; skips the test where it cannot run."""
    package = _PACKAGES.get(name)
    if package and importlib.util.find_spec(package) is None:
        pytest.skip(f"{package} is not installed")
    if name == "postgresql":
        return PostgresDestination(folder, postgres_url())
    return _KINDS[name](folder)


def compare(warehouse: Any, sandbox: Sandbox) -> None:
    """Fail unless the destination holds what the server holds, field by field."""
    wanted = expected(server_rows(sandbox, HEADERS, "web"))
    assert difference(wanted, keyed(warehouse.query(SELECT_EVENTS))) == ""


def compare_values(warehouse: Any, sandbox: Sandbox, **settings: Any) -> None:
    """Fail unless the verifier, which shares no code with what loads, finds every value equal."""
    report = audit(warehouse.pipeline(), values=ALL, **warehouse.settings(sandbox, **settings))
    assert report.values is not None
    assert (report.values.differences, report.values.skipped) == ([], [])
    assert report.values.rows > 0
