"""PostgreSQL finds days by an index, which sync makes."""

from __future__ import annotations

import logging
from contextlib import closing

import dlt
import psycopg2
import pytest

from openpanel_source import sync
from tests.support.postgres import PostgresWarehouse, postgres, postgres_url
from tests.support.sandbox_world import event, world

__all__ = ["postgres", "postgres_url"]

INDEXES = """
SELECT schemaname, indexdef FROM pg_indexes
WHERE tablename = 'events' AND indexdef LIKE '%(event_date%'
"""


@pytest.mark.long
def test_a_new_table_has_it_and_staging_has_none(postgres: PostgresWarehouse) -> None:
    with world(event(1), event(2)) as sandbox:
        postgres.sync(sandbox)
        postgres.sync(sandbox, reload=True)
    [(schema, definition)] = postgres.query(INDEXES)
    assert schema == "openpanel"
    assert "(event_date, project_id)" in definition


def test_a_warehouse_that_was_loaded_without_gets_it(postgres: PostgresWarehouse) -> None:
    with world(event(1)) as sandbox:
        postgres.sync(sandbox)
        postgres.change("DROP INDEX events_by_day")
        sandbox.add([event(2)])
        assert postgres.sync(sandbox).events_loaded
        assert postgres.numbers() == [1, 2]
    assert len(postgres.query(INDEXES)) == 1


@pytest.mark.long
def test_who_may_not_make_it_syncs_without(
    postgres: PostgresWarehouse, caplog: pytest.LogCaptureFixture
) -> None:
    with world(event(1)) as sandbox:
        postgres.sync(sandbox)
        postgres.change("DROP INDEX events_by_day")
        with closing(psycopg2.connect(postgres.url)) as connection, connection:
            # Writers who do not own the table may fill it, and add nothing to it.
            role = f"writer_{postgres.database}"
            connection.cursor().execute(
                f"CREATE ROLE {role} LOGIN; GRANT CREATE ON DATABASE {postgres.database} TO {role};"
                f"GRANT ALL ON SCHEMA openpanel TO {role};"
                f"GRANT ALL ON ALL TABLES IN SCHEMA openpanel TO {role}"
            )
        sandbox.add([event(2)])
        url = postgres.url.replace("postgres:none", f"{role}:none")
        pipeline = dlt.pipeline(
            "writer", destination=dlt.destinations.postgres(url), dataset_name="openpanel"
        )
        with caplog.at_level(logging.WARNING, logger="openpanel_source"):
            sync(pipeline, **postgres.settings(sandbox))
    assert "no index could be made of events" in caplog.text
    assert postgres.numbers() == [1, 2]
