"""What somebody else made under the name of a model, or on top of one, stays as it is."""

from __future__ import annotations

from contextlib import closing

import psycopg2
import pytest

from openpanel_source import refresh_models
from openpanel_source.errors import ViewBlockedError
from openpanel_source.sandbox import Sandbox
from tests.support.command import fails
from tests.support.postgres import PostgresWarehouse, postgres, postgres_url  # noqa: F401 - fixtures
from tests.support.visits import made, query, run

pytestmark = [pytest.mark.long, pytest.mark.usefixtures("configured")]


def execute(warehouse: PostgresWarehouse, sql: str) -> None:
    with closing(psycopg2.connect(warehouse.url)) as connection:
        connection.autocommit = True
        connection.cursor().execute(f"SET search_path TO openpanel; {sql}")


@pytest.mark.parametrize(
    "mine",
    ["CREATE TABLE pages AS SELECT 1 AS mine", "CREATE VIEW pages AS SELECT 1 AS mine"],
)
def test_what_has_the_name_of_a_model_stays(mine: str) -> None:
    run("sync")
    query(mine)
    fails(run("models"), 1, "dataset openpanel", "pages", "rename it")
    assert query("SELECT mine FROM pages") == [(1,)]
    assert set(made()) <= {"pages"}
    fails(run("sync", "--models"), 1, "pages")
    assert run("sync").exit_code == 0


def test_postgres_keeps_views_that_depend_on_these(
    sandbox: Sandbox,
    postgres: PostgresWarehouse,  # noqa: F811
) -> None:
    postgres.sync(sandbox)
    pipeline = postgres.pipeline()
    for views in (False, True):
        refresh_models(pipeline, views=views)
        execute(postgres, "CREATE VIEW mine AS SELECT count(*) AS sessions FROM sessions")
        refresh_models(pipeline, views=views, timezone="Europe/Stockholm")
        assert postgres.query("SELECT sessions FROM mine") == [(2,)]
        refresh_models(pipeline, views=views, rebuild=True)
        assert postgres.query("SELECT sessions FROM mine") == [(2,)]
        comment = "SELECT obj_description('sessions'::regclass)"
        assert postgres.query(comment)[0][0].endswith("Time zone: Europe/Stockholm, as given.")
        with pytest.raises(ViewBlockedError, match="view mine depends on"):
            refresh_models(pipeline, views=not views)
        execute(postgres, "DROP VIEW mine")


def test_postgres_replaces_views_of_another_version_unless_others_depend_on_them(
    sandbox: Sandbox,
    postgres: PostgresWarehouse,  # noqa: F811
) -> None:
    postgres.sync(sandbox)
    for view in ("sessions", "pages"):
        execute(postgres, f"CREATE VIEW {view} AS SELECT 1 AS old, project_id FROM events")
        execute(postgres, f"COMMENT ON VIEW {view} IS 'View of openpanel-source. An older one.'")
    execute(postgres, "CREATE VIEW mine AS SELECT old FROM sessions")
    for views in (False, True):
        with pytest.raises(ViewBlockedError, match="view mine depends on view sessions"):
            refresh_models(postgres.pipeline(), views=views)
    assert postgres.query("SELECT DISTINCT old FROM mine") == [(1,)]
    execute(postgres, "DROP VIEW mine")
    refresh_models(postgres.pipeline())
    assert postgres.query("SELECT count(*) FROM sessions") == [(2,)]


def test_postgres_leaves_what_has_the_name_of_a_model(
    sandbox: Sandbox,
    postgres: PostgresWarehouse,  # noqa: F811
) -> None:
    postgres.sync(sandbox)
    execute(postgres, "CREATE MATERIALIZED VIEW funnel AS SELECT 1 AS mine")
    with pytest.raises(ViewBlockedError, match="funnel"):
        refresh_models(postgres.pipeline())
    assert postgres.query("SELECT mine FROM funnel") == [(1,)]
