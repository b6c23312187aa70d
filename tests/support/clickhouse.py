"""ClickHouse's engine in this process (chDB), behind the interfaces of the drivers that dlt uses.

chDB listens on no port: so what the drivers would send over the network is handed to it here. The
statements, the files and the engine are those of a real load; connections, several servers and
rights are not.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, timezone
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import dlt
import pytest

from tests.support.warehouse import Warehouse

_FORMAT = "JSONCompactEachRowWithNamesAndTypes"
_SETTINGS = (
    "date_time_input_format = 'best_effort'",
    "output_format_json_quote_64bit_integers = 0",
    "output_format_json_quote_denormals = 0",
    "cast_keep_nullable = 1",
)


class Engine:
    """One engine, asked by one thread at a time.

    Args:
        folder: For its data.
    """

    def __init__(self, folder: str) -> None:
        from chdb.session import Session

        self._session = Session(folder)
        self._lock = threading.Lock()
        for setting in _SETTINGS:
            self._session.query(f"SET {setting}")

    def ask(self, sql: str, database: str = "default") -> tuple[list[str], list[tuple[Any, ...]]]:
        """Names of the columns and rows of an answer; both are empty if there is none."""
        with self._lock:
            self._session.query(f"USE {database}")
            try:
                answer = self._session.query(sql, _FORMAT).bytes()
            except Exception as error:
                raise _as_of_the_driver(error) from error
        lines = [json.loads(line) for line in bytes(answer or b"").splitlines()]
        if not lines:
            return [], []
        names, types, *rows = lines
        return names, [tuple(map(_typed, row, types)) for row in rows]

    def close(self) -> None:
        """Give it up; another may be started."""
        self._session.close()


def _as_of_the_driver(error: Exception) -> Exception:
    from clickhouse_driver.dbapi.errors import OperationalError

    text = str(error)
    told: Exception = OperationalError(text[max(text.find("Code: "), 0) :])
    return told


def _typed(value: Any, kind: str) -> Any:
    """A value as the driver gives it back."""
    if isinstance(value, str) and "DateTime" in kind:
        return datetime.fromisoformat(value).replace(tzinfo=timezone.utc)
    if isinstance(value, str) and "Date" in kind:
        return date.fromisoformat(value)
    return value


class _Cursor:
    def __init__(self, engine: Engine, database: str) -> None:
        self._engine = engine
        self._database = database
        self._rows: list[tuple[Any, ...]] = []
        self.description: list[tuple[Any, ...]] | None = None

    def __enter__(self) -> _Cursor:
        return self

    def __exit__(self, *_: object) -> None:
        return

    def close(self) -> None:
        return

    def execute(self, query: str, arguments: dict[str, Any]) -> None:
        from clickhouse_driver.util.escape import escape_params

        text = query % escape_params(arguments, None)
        names, self._rows = self._engine.ask(text, self._database)
        self.description = [(name, *[None] * 6) for name in names] or None

    def fetchone(self) -> tuple[Any, ...] | None:
        return next(iter(self.fetchmany(1)), None)

    def fetchmany(self, size: int = 1) -> list[tuple[Any, ...]]:
        taken, self._rows = self._rows[:size], self._rows[size:]
        return taken

    def fetchall(self) -> list[tuple[Any, ...]]:
        return self.fetchmany(len(self._rows))


class _Connection:
    def __init__(self, engine: Engine, dsn: str) -> None:
        self._engine = engine
        self._database = urlsplit(dsn).path.strip("/")

    def cursor(self) -> _Cursor:
        return _Cursor(self._engine, self._database)

    def commit(self) -> None:
        return

    def rollback(self) -> None:
        return

    def close(self) -> None:
        return


class _HttpClient:
    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def __enter__(self) -> _HttpClient:
        return self

    def __exit__(self, *_: object) -> None:
        return

    def raw_insert(self, table: str, insert_block: Any, fmt: str, **more: Any) -> None:
        """Insert a file, its columns taken by their names and read as the table has them."""
        path = insert_block.name
        _, held = self._engine.ask(f"DESCRIBE TABLE {table}")
        _, sent = self._engine.ask(f"DESCRIBE TABLE file('{path}', '{fmt}')")
        kinds = {name: kind for name, kind, *_ in held}
        names = [name for name, *_ in sent]
        structure = ", ".join(f"`{name}` {kinds[name]}" for name in names).replace("'", "\\'")
        columns = ", ".join(f"`{name}`" for name in names)
        self._engine.ask(
            f"INSERT INTO {table} ({columns})"
            f" SELECT {columns} FROM file('{path}', '{fmt}', '{structure}')"
        )


@contextmanager
def running_clickhouse() -> Iterator[Engine]:
    """The engine, asked by whatever connects with dlt's drivers for ClickHouse meanwhile."""
    import clickhouse_connect
    import clickhouse_driver

    folder = tempfile.mkdtemp(prefix="chdb-")
    engine = Engine(folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(clickhouse_driver, "connect", lambda dsn: _Connection(engine, dsn))
        patch.setattr(clickhouse_connect, "create_client", lambda **_: _HttpClient(engine))
        try:
            yield engine
        finally:
            engine.close()
            shutil.rmtree(folder, ignore_errors=True)


class ClickHouseWarehouse(Warehouse):
    """A database of its own.

    Args:
        folder: For dlt's working folder.
        engine: The engine.
    """

    def __init__(self, folder: Path, engine: Engine) -> None:
        super().__init__(folder)
        self._engine = engine
        self.database = f"test_{os.urandom(6).hex()}"
        engine.ask(f"CREATE DATABASE {self.database}")

    def pipeline(self, name: str = "openpanel") -> dlt.Pipeline:
        address = self.environment()["DESTINATION__CLICKHOUSE__CREDENTIALS"]
        pipeline: dlt.Pipeline = dlt.pipeline(
            name,
            destination=dlt.destinations.clickhouse(address),
            dataset_name="openpanel",
            pipelines_dir=str(self.folder / "pipelines"),
        )
        return pipeline

    def environment(self) -> dict[str, str]:
        """What the command needs to load into it."""
        address = f"clickhouse://loader:secret@localhost:9000/{self.database}"
        return {"DESTINATION__CLICKHOUSE__CREDENTIALS": address}

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        named = re.sub(r"\b(FROM|JOIN) (?=[a-z])", r"\1 openpanel___", sql)
        return self._engine.ask(named, self.database)[1]

    def change(self, sql: str) -> None:
        self._engine.ask(sql, self.database)

    def damage(self, condition: str) -> None:
        """Delete events behind the connector's back."""
        self.change(f"DELETE FROM openpanel___events WHERE {condition}")
