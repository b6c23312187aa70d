"""Ask the warehouse in SQL, with nothing but reading allowed: DuckDB and PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from typing import Any

import dlt

from openpanel_source.destinations.duckdb_session import opened
from openpanel_source.destinations.explain import destination_errors
from openpanel_source.destinations.observer import as_read_only
from openpanel_source.destinations.warehouse import sql_dialect
from openpanel_source.errors import DestinationError, InvalidSettingError
from openpanel_source.model.text import printable
from openpanel_source.models.missing_tables import advice, missing_table

_ROWS_AT_A_TIME = 2048
_STREAMED = ("select", "with", "values", "table")
"""What PostgreSQL gives row by row, to begin with; it would send the whole of anything else."""
_TABLES = """
SELECT table_name FROM information_schema.tables
WHERE table_schema = current_schema() AND table_catalog = current_database() ORDER BY 1
"""


@dataclass(frozen=True)
class Answer:
    """What a query gave.

    Attributes:
        columns: Their names, in order; a name may come twice.
        batches: Rows, some at a time; read once, and before the next query.
    """

    columns: list[str]
    batches: Iterator[list[tuple[Any, ...]]]


class Reader:
    """Answers queries; times are UTC, and tables of the dataset need no prefix.

    Args:
        connection: Of DuckDB or psycopg2, open; it refuses to write.
        error: What its driver raises.
        is_one_transaction: Whether PostgreSQL answers all queries in one, begun by the caller.
    """

    def __init__(
        self, connection: Any, error: type[Exception], *, is_one_transaction: bool = False
    ) -> None:
        self._connection = connection
        self._error = error
        self._is_one_transaction = is_one_transaction
        self._is_postgres = hasattr(connection, "set_session")
        self._worker = ThreadPoolExecutor(1, "openpanel-query")

    def ask(self, sql: str) -> Answer:
        """The answer to one or several statements; that of the last one.

        Raises:
            InvalidSettingError: The database refuses it.
        """
        with self._told():
            if self._is_postgres and not self._is_one_transaction:
                # Also after one that failed.
                self._connection.rollback()
            cursor = self._cursor(sql)
            self._interruptibly(partial(cursor.execute, sql))
            # A cursor of the server knows its columns once it has given a row.
            first = self._next(cursor)
            columns = [str(column[0]) for column in cursor.description or ()]
        return Answer(columns, self._batches(first, cursor))

    def tables(self) -> list[str]:
        """Names of the tables and views of the dataset, without those of dlt."""
        rows = [row for batch in self.ask(_TABLES).batches for row in batch]
        return [name for (name,) in rows if not name.startswith("_dlt_")]

    def _cursor(self, sql: str) -> Any:
        if not self._is_postgres:
            return self._connection
        is_streamed = sql.lstrip("( \t\r\n").lower().startswith(_STREAMED)
        if is_streamed and not self._is_one_transaction and ";" not in sql.rstrip("; \t\r\n"):
            return self._connection.cursor("openpanel_source")
        return self._connection.cursor()

    def _next(self, cursor: Any) -> list[tuple[Any, ...]]:
        if self._is_postgres and cursor.name is None and cursor.description is None:
            return []
        rows: list[tuple[Any, ...]] = self._interruptibly(
            partial(cursor.fetchmany, _ROWS_AT_A_TIME)
        )
        return rows

    def _interruptibly(self, work: Callable[[], Any]) -> Any:
        """Have the database work in a thread: what drivers do in the main one, no signal ends."""
        future = self._worker.submit(work)
        try:
            return future.result()
        except KeyboardInterrupt:
            # It may not have begun.
            while not wait([future], timeout=0.1).done:
                self._connection.cancel() if self._is_postgres else self._connection.interrupt()
            raise

    def _batches(
        self, first: list[tuple[Any, ...]], cursor: Any
    ) -> Iterator[list[tuple[Any, ...]]]:
        batch = first
        while batch:
            yield batch
            with self._told():
                batch = self._next(cursor)

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except self._error as error:
            # What follows points into the statement, which its author knows.
            sentence, _, _ = str(error).partition("\nLINE ")
            said = printable(" ".join(sentence.split()) or type(error).__name__, 1000)
            hint = self._hint(said)
            if hint:
                # DuckDB looks for similar names among its own.
                said = f"{said.partition(' Did you mean')[0].rstrip('!')}; {hint}"
            raise InvalidSettingError(f"the database refuses it: {said}") from None

    def _hint(self, said: str) -> str:
        """What to do about a table that is not there; empty for all else."""
        name = missing_table(said)
        with suppress(InvalidSettingError):
            return advice(name, self.tables()) if name else ""
        return ""


@contextmanager
def reading(pipeline: dlt.Pipeline, busy_timeout: float) -> Iterator[Reader]:
    """Read a pipeline's destination in SQL; takes what ``connected`` takes."""
    with connected(pipeline, busy_timeout) as client:
        yield Reader(client.native_connection, client.dbapi.Error)


@contextmanager
def connected(pipeline: dlt.Pipeline, busy_timeout: float) -> Iterator[Any]:
    """Dlt's client of a pipeline's destination, open, which refuses to write.

    Args:
        pipeline: A pipeline with its destination, which is not touched.
        busy_timeout: Seconds to wait for a DuckDB file that another process holds.

    Raises:
        DestinationError: It is neither DuckDB nor PostgreSQL, or cannot be opened.
    """
    dialect = sql_dialect(pipeline)
    if dialect is None:
        raise DestinationError(
            "only DuckDB and PostgreSQL are asked from here; ask this destination with its own"
            " tools."
        )
    given = pipeline.destination
    if dialect == "duckdb":
        pipeline.destination = as_read_only(pipeline)
    try:
        with destination_errors(), opened(pipeline, busy_timeout) as client:
            if dialect == "postgres":
                connection = client.native_connection
                connection.set_session(readonly=True, autocommit=False)
                with connection.cursor() as cursor:
                    # Also for transactions that a statement begins itself.
                    cursor.execute("SET default_transaction_read_only = on; SET TIME ZONE 'UTC'")
                connection.commit()
            yield client
    finally:
        pipeline.destination = given
