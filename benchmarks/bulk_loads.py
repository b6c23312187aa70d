"""What each kind of destination takes rows in with by itself, at its fastest."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any

import duckdb


@dataclass(frozen=True)
class Place:
    """Where a process loads to, and what it loads by itself.

    Args:
        folder: For its files.
        url: Of the server; empty where there is none.
        rows: The events without the name's ending: there are ``.parquet`` and ``.csv``.
    """

    folder: str
    url: str
    rows: str

    @property
    def parquet(self) -> str:
        """Path of the events in Parquet."""
        return f"{self.rows}.parquet"

    @property
    def csv(self) -> str:
        """Path of the events in CSV, without names; ``NULL`` stands for null."""
        return f"{self.rows}.csv"


@dataclass(frozen=True)
class Kind:
    """A kind of destination.

    Args:
        title: What it is called.
        own: What it takes rows in with.
        bulk: Does that.
        environment: What the connector needs to be told to load into it.
        name: Of dlt's destination.
        settings: Further ones of the source.
        needs: Modules that the bulk load imports.
    """

    title: str
    own: str
    bulk: Callable[[Place], None]
    environment: Callable[[Place], dict[str, str]]
    name: str = "filesystem"
    settings: dict[str, Any] = field(default_factory=dict)
    needs: tuple[str, ...] = ()


def _told(name: str, **credentials: str) -> dict[str, str]:
    return {f"DESTINATION__{name.upper()}__{key.upper()}": credentials[key] for key in credentials}


def _in_files(place: Place) -> dict[str, str]:
    return _told("filesystem", bucket_url=f"{place.folder}/lake")


def _duckdb(place: Place) -> None:
    with duckdb.connect(f"{place.folder}/bulk.duckdb") as connection:
        connection.execute(f"CREATE TABLE events AS FROM read_parquet('{place.parquet}')")


def _columns(place: Place, types: Mapping[str, str]) -> str:
    import pyarrow.parquet as pq

    columns = [
        f"{column.name} {next(sql for kind, sql in types.items() if kind in str(column.type))}"
        for column in pq.read_schema(place.parquet)
    ]
    return ", ".join(columns)


_TYPES = {"string": "TEXT", "int64": "BIGINT", "double": "DOUBLE PRECISION", "date": "DATE"}


def _postgres(place: Place) -> None:
    import psycopg2

    columns = _columns(place, {"timestamp": "TIMESTAMPTZ", **_TYPES})
    with closing(psycopg2.connect(place.url)) as connection, connection:
        cursor = connection.cursor()
        cursor.execute(f"SET TIME ZONE 'UTC'; CREATE TABLE bulk ({columns})")
        with open(place.csv, encoding="utf-8") as rows:
            cursor.copy_expert("COPY bulk FROM STDIN (FORMAT csv, NULL 'NULL')", rows)


def _mariadb(place: Place) -> None:
    import pyarrow.parquet as pq
    import pymysql
    from sqlalchemy.engine import make_url

    url = make_url(place.url)
    types = {"timestamp": "DATETIME(6)", **_TYPES, "string": "LONGTEXT CHARACTER SET utf8mb4"}
    options = {"user": url.username, "password": str(url.password), "database": url.database}
    with closing(
        pymysql.connect(host=url.host, port=url.port or 0, local_infile=True, **options)
    ) as connection:
        cursor = connection.cursor()
        names = ", ".join(f"`{column.name}`" for column in pq.read_schema(place.parquet))
        columns = _columns(place, types).replace("groups ", "`groups` ")
        cursor.execute(f"CREATE TABLE bulk ({columns})")
        cursor.execute(
            f"LOAD DATA LOCAL INFILE '{place.csv}' INTO TABLE bulk CHARACTER SET utf8mb4"
            " FIELDS TERMINATED BY ',' OPTIONALLY ENCLOSED BY '\"' ESCAPED BY ''"
            f" LINES TERMINATED BY '\\n' ({names})"
        )
        connection.commit()


def _sqlite(place: Place) -> None:
    import sqlite3

    import pyarrow.parquet as pq

    table = pq.read_table(place.parquet)
    texts = [
        column.cast("string").to_pylist() if "timestamp" in str(column.type) else column.to_pylist()
        for column in table.columns
    ]
    with closing(sqlite3.connect(f"{place.folder}/bulk.db")) as connection, connection:
        connection.execute(f"CREATE TABLE events ({', '.join(table.column_names)})")
        marks = ", ".join("?" * table.num_columns)
        rows = zip(*texts, strict=True)
        connection.executemany(f"INSERT INTO events VALUES ({marks})", rows)


def _parquet(place: Place) -> None:
    import pyarrow.parquet as pq

    pq.write_table(pq.read_table(place.parquet), f"{place.folder}/bulk.parquet")


def _delta(place: Place) -> None:
    import pyarrow.parquet as pq
    from deltalake import write_deltalake

    rows = pq.read_table(place.parquet)
    write_deltalake(f"{place.folder}/bulk", rows, partition_by=["event_date"])


def _iceberg(place: Place) -> None:
    import pyarrow.parquet as pq
    from pyiceberg.catalog.sql import SqlCatalog

    rows = pq.read_table(place.parquet)
    catalog = SqlCatalog("bulk", uri="sqlite://", warehouse=f"file://{place.folder}/bulk")
    catalog.create_namespace("bulk")
    table = catalog.create_table("bulk.events", rows.schema)
    with table.update_spec() as spec:
        spec.add_identity("event_date")
    table.append(rows)


def _ducklake(place: Place) -> None:
    with duckdb.connect() as connection:
        connection.execute(
            f"ATTACH 'ducklake:{place.folder}/bulk.ducklake' AS lake"
            f" (DATA_PATH '{place.folder}/bulk')"
        )
        connection.execute(f"CREATE TABLE lake.events AS FROM read_parquet('{place.parquet}')")


KINDS = {
    "duckdb": Kind(
        "DuckDB",
        "`CREATE TABLE AS` from Parquet",
        _duckdb,
        lambda place: {},
        "duckdb",
    ),
    "postgres": Kind(
        "PostgreSQL",
        "`COPY` from CSV",
        _postgres,
        lambda place: _told("postgres", credentials=place.url),
        "postgres",
        needs=("pyarrow.parquet", "psycopg2"),
    ),
    "mariadb": Kind(
        "MariaDB",
        "`LOAD DATA` from CSV",
        _mariadb,
        lambda place: _told("sqlalchemy", credentials=place.url),
        "sqlalchemy",
        needs=("pyarrow.parquet", "pymysql", "sqlalchemy"),
    ),
    "sqlite": Kind(
        "SQLite",
        "`executemany` in one transaction",
        _sqlite,
        lambda place: _told("sqlalchemy", credentials=f"sqlite:///{place.folder}/warehouse.db"),
        "sqlalchemy",
        needs=("pyarrow.parquet",),
    ),
    "parquet": Kind(
        "Parquet files",
        "`pyarrow.parquet`, one file",
        _parquet,
        _in_files,
        needs=("pyarrow.parquet",),
    ),
    "delta": Kind(
        "Delta",
        "`write_deltalake`",
        _delta,
        _in_files,
        settings={"table_format": "delta"},
        needs=("pyarrow.parquet", "deltalake"),
    ),
    "iceberg": Kind(
        "Iceberg",
        "pyiceberg's `append`",
        _iceberg,
        _in_files,
        settings={"table_format": "iceberg"},
        needs=("pyarrow.parquet", "pyiceberg.catalog.sql"),
    ),
    "ducklake": Kind(
        "DuckLake",
        "`CREATE TABLE AS` from Parquet",
        _ducklake,
        lambda place: _told(
            "ducklake",
            credentials__catalog=f"duckdb:///{place.folder}/catalog.duckdb",
            credentials__storage__bucket_url=f"file://{place.folder}/lake",
        ),
        "ducklake",
    ),
}
