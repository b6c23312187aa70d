"""dlt's PostgreSQL destination, made to keep texts that are empty, and to replace rows alone.

dlt loads Parquet as CSV, in which an empty text is quoted and null is not, and then has PostgreSQL
take both for null. And of two merges at once, each would delete the old rows of a day and insert
its own, blind to those that the other is inserting.

Nor has PostgreSQL an order of rows that lets it skip any: each night counts and replaces days of
projects, and analysts ask for days, which would all read the whole of ``events`` without an index.
"""

from __future__ import annotations

import logging
from typing import Any

from dlt.common.configuration import configspec
from dlt.common.typing import TSecretStrValue
from dlt.destinations import postgres
from dlt.destinations.exceptions import DatabaseException
from dlt.destinations.impl.postgres.configuration import (
    PostgresClientConfiguration,
    PostgresCredentials,
)

from openpanel_source.destinations.waiting import met_another
from openpanel_source.model.schema import EVENTS

logger = logging.getLogger(__name__)

_NAME = "events_by_day"
_COLUMNS = "event_date, project_id"
"""Days first, as analysts ask for days of all projects too."""
_MISSING = """
SELECT 1 WHERE to_regclass(%s) IS NOT NULL AND to_regclass(%s) IS NULL
"""


@configspec(init=False)
class _Credentials(PostgresCredentials):
    """Those of dlt's without what libpq finds for itself: PGUSER, PGHOST, ~/.pgpass, a socket."""

    username: str | None = None  # type: ignore[assignment]
    password: TSecretStrValue | None = None  # type: ignore[assignment]
    host: str | None = None  # type: ignore[assignment]

    def get_query(self) -> dict[str, Any]:
        """The parameters of the address, in which no folder of a socket can be the host."""
        query: dict[str, Any] = super().get_query()
        return {**query, "host": self.host} if self._is_on_socket else query

    def to_url(self) -> Any:
        """The address, for libpq."""
        url = super().to_url()
        return url._replace(host=None) if self._is_on_socket else url

    @property
    def _is_on_socket(self) -> bool:
        return (self.host or "").startswith("/")


@configspec
class _Configuration(PostgresClientConfiguration):
    credentials: _Credentials = None  # type: ignore[assignment]

    def data_location(self) -> str:
        """As dlt's, for a server on a socket as well."""
        given = self.credentials
        host = given.host or (given.query or {}).get("host") or "localhost"
        return f"{host}:{given.port}/{given.database}"


class postgres_copy(postgres):  # noqa: N801 - dlt's destinations are named like functions
    """A PostgreSQL database as destination; takes what ``dlt.destinations.postgres`` takes."""

    spec = _Configuration  # type: ignore[assignment]

    @property
    def destination_type(self) -> str:
        """That of dlt's own, under which pipelines remember it."""
        return "dlt.destinations.postgres"

    @property
    def client_class(self) -> Any:
        """The client that copies texts as they are; psycopg2 is imported no earlier."""
        from dlt.destinations.impl.postgres.postgres import PostgresClient, PostgresCsvCopyJob
        from dlt.destinations.sql_jobs import SqlMergeFollowupJob

        class CopyJob(PostgresCsvCopyJob):
            def run(self) -> None:
                # Of columns that are said never to be null, dlt lets empty texts be.
                schema = self._job_client.schema.clone()
                for column in schema.get_table_columns(self.load_table_name).values():
                    column["nullable"] = False
                self._job_client.schema = schema
                super().run()

        class MergeJob(SqlMergeFollowupJob):
            @classmethod
            def _gen_table_setup_clauses(cls, table_chain: Any, sql_client: Any) -> list[str]:
                # Held until the merge is committed; others may read meanwhile.
                name = sql_client.make_qualified_table_name(table_chain[0]["name"])
                return [f"LOCK TABLE {name} IN SHARE ROW EXCLUSIVE MODE"]

        class Client(PostgresClient):
            def update_stored_schema(self, *given: Any, **named: Any) -> Any:
                update = super().update_stored_schema(*given, **named)
                if not self.in_staging_dataset_mode:
                    _make_indexes(self.sql_client)
                return update

            def create_load_job(self, table: Any, file_path: str, *rest: Any, **named: Any) -> Any:
                job = super().create_load_job(table, file_path, *rest, **named)
                return CopyJob(file_path) if isinstance(job, PostgresCsvCopyJob) else job

            def _create_merge_followup_jobs(self, table_chain: Any) -> list[Any]:
                return [MergeJob.from_table_chain(table_chain, self.sql_client)]

        return Client


def _make_indexes(client: Any) -> None:
    """Make what is missing; a new table has its index before it has rows.

    On a table with rows, nobody else can write it meanwhile, some seconds for millions of rows.
    Who may not make an index goes on without.

    Args:
        client: dlt's client for SQL, open, of the dataset.
    """
    table = client.make_qualified_table_name(EVENTS.name)
    index = client.make_qualified_table_name(_NAME)
    # Asked first: to make what is there waits for all that write the table.
    if not client.execute_sql(_MISSING, table, index):
        return
    name = client.escape_column_name(_NAME)
    try:
        client.execute_sql(f"CREATE INDEX IF NOT EXISTS {name} ON {table} ({_COLUMNS})")
    except DatabaseException as error:
        if not met_another(error):
            logger.warning("no index could be made of %s: %s", EVENTS.name, error)
