"""The servers of these destinations, each started once, and a warehouse on each kind."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.buckets import Bucket, DeltaBucket, IcebergBucket, running_s3
from tests.support.clickhouse import ClickHouseWarehouse, Engine, running_clickhouse
from tests.support.ducklake import DuckLake, install_ducklake
from tests.support.mariadb import MariaDbWarehouse, running_mariadb

BUCKETS: dict[str, type[Bucket]] = {
    "s3-parquet": Bucket,
    "s3-delta": DeltaBucket,
    "s3-iceberg": IcebergBucket,
}
NAMES = ["mariadb", "ducklake", "clickhouse", *BUCKETS]


@pytest.fixture(scope="session")
def mariadb_url() -> Iterator[str]:
    """SQLAlchemy's address of a server."""
    with running_mariadb() as url:
        yield url


@pytest.fixture(scope="session")
def s3_endpoint() -> Iterator[str]:
    """The address of a server that answers like S3."""
    with running_s3() as endpoint:
        yield endpoint


@pytest.fixture(scope="session")
def clickhouse_engine() -> Iterator[Engine]:
    """The engine of ClickHouse, in this process."""
    with running_clickhouse() as engine:
        yield engine


@pytest.fixture(scope="session")
def ducklake_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with DuckDB's extension in it."""
    home = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOME", str(home))
        install_ducklake(home)
    return home


@pytest.fixture
def made(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[[str], Any]:
    """Makes a warehouse of a kind; its server is started when it is first needed."""

    def make(name: str) -> Any:
        if name == "mariadb":
            return MariaDbWarehouse(tmp_path, request.getfixturevalue("mariadb_url"))
        if name == "ducklake":
            monkeypatch.setenv("HOME", str(request.getfixturevalue("ducklake_home")))
            return DuckLake(tmp_path)
        if name == "clickhouse":
            return ClickHouseWarehouse(tmp_path, request.getfixturevalue("clickhouse_engine"))
        return BUCKETS[name](tmp_path, request.getfixturevalue("s3_endpoint"))

    return make


@pytest.fixture(params=NAMES)
def held(request: pytest.FixtureRequest, made: Callable[[str], Any]) -> Any:
    """A warehouse on each kind of destination."""
    return made(request.param)
