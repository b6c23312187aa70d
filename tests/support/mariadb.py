"""A MariaDB server of its own for tests, and a warehouse in it, through dlt's ``sqlalchemy``."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime, timezone
from pathlib import Path
from shutil import disk_usage
from typing import Any

import dlt
from sqlalchemy.engine import make_url

from tests.support.needed import program
from tests.support.warehouse import Warehouse

_USERS = """
CREATE DATABASE analytics;
CREATE USER loader@'127.0.0.1' IDENTIFIED BY 'secret';
GRANT ALL ON *.* TO loader@'127.0.0.1';
"""
_OPTIONS = (
    "--bind-address=127.0.0.1",
    "--skip-name-resolve",
    "--innodb-buffer-pool-size=64M",
    "--innodb-flush-log-at-trx-commit=0",
    # Neither of these may matter: the first is what old servers had.
    "--character-set-server=latin1",
    "--collation-server=latin1_swedish_ci",
)
_SECONDS = 60.0
_BYTES = 1 << 30


@contextmanager
def running_mariadb() -> Iterator[str]:
    """A server on a free port, its data in a temporary folder; gives SQLAlchemy's address."""
    server = program("mariadbd", "mariadb-server")
    install = program("mariadb-install-db", "mariadb-server")
    # In memory where there is room for it: each table made waits for the disk. A socket's path is
    # limited to 107 characters, more than pytest's folders take.
    memory = Path("/dev/shm")
    home = memory if os.access(memory, os.W_OK) and disk_usage(memory).free > _BYTES else "/tmp"
    folder = Path(tempfile.mkdtemp(prefix="maria-", dir=home))
    user = ["--user=root"] if os.geteuid() == 0 else []
    data = f"--datadir={folder}/data"
    try:
        subprocess.run(
            [install, "--no-defaults", data, "--skip-test-db", *user],
            check=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        (folder / "users.sql").write_text(_USERS)
        port = _free_port()
        command = [server, "--no-defaults", data, f"--port={port}", f"--socket={folder}/socket"]
        command += [f"--init-file={folder}/users.sql", f"--pid-file={folder}/pid", *_OPTIONS]
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen([*command, *user], stdout=log, stderr=log)
        try:
            _wait(process, port, folder / "log")
            yield f"mysql+pymysql://loader:secret@127.0.0.1:{port}/analytics"
        finally:
            process.kill()
            process.wait()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _free_port() -> int:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        port: int = listening.getsockname()[1]
        return port


def _wait(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    import pymysql

    deadline = time.monotonic() + _SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        try:
            pymysql.connect(
                host="127.0.0.1", port=port, user="loader", password="secret", database="analytics"
            ).close()
        except pymysql.err.OperationalError:
            time.sleep(0.1)
        else:
            return
    raise AssertionError(f"mariadbd did not start: {log.read_text(errors='replace')[-2000:]}")


class MariaDbWarehouse(Warehouse):
    """A dataset of its own, which in MariaDB is a database.

    Args:
        folder: For dlt's working folder.
        url: Of the server.
    """

    def __init__(self, folder: Path, url: str) -> None:
        super().__init__(folder)
        self.url = url
        self.dataset = f"openpanel_{os.urandom(6).hex()}"

    def pipeline(self, name: str = "openpanel") -> dlt.Pipeline:
        pipeline: dlt.Pipeline = dlt.pipeline(
            name,
            destination=dlt.destinations.sqlalchemy(self.url),
            dataset_name=self.dataset,
            pipelines_dir=str(self.folder / "pipelines"),
        )
        return pipeline

    def environment(self) -> dict[str, str]:
        """What the command needs to load into it."""
        return {"DESTINATION__SQLALCHEMY__CREDENTIALS": self.url}

    @contextmanager
    def connected(self) -> Iterator[Any]:
        """A connection that reads names and strings as other databases do."""
        import pymysql

        url = make_url(self.url)
        with closing(
            pymysql.connect(
                host=url.host,
                port=url.port or 0,
                user=url.username,
                password=str(url.password),
                database=self.dataset,
                autocommit=True,
                sql_mode="ANSI,STRICT_TRANS_TABLES",
            )
        ) as connection:
            yield connection

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        with self.connected() as connection, connection.cursor() as cursor:
            cursor.execute(sql.replace("AS VARCHAR)", "AS CHAR)"))
            return [tuple(map(_typed, row)) for row in cursor.fetchall()]

    def change(self, sql: str) -> None:
        with self.connected() as connection, connection.cursor() as cursor:
            cursor.execute(sql)

    def damage(self, condition: str) -> None:
        """Delete events behind the connector's back."""
        self.change(f"DELETE FROM events WHERE {condition}")

    def staged(self) -> list[Any]:
        """Rows of events and the like that are left in staging datasets."""
        tables = self.query(
            "SELECT table_schema, table_name FROM information_schema.tables"
            f" WHERE table_schema LIKE '{self.dataset}_%' AND table_name NOT LIKE '_dlt%'"
        )
        return [row for table in tables for row in self.query("SELECT * FROM {}.{}".format(*table))]


def _typed(value: Any) -> Any:
    """Instants are there without a zone, in UTC."""
    if isinstance(value, datetime):
        return value.replace(tzinfo=timezone.utc)
    return value
