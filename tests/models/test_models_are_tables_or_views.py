"""Models are tables or views, whichever is asked for, and described in the database."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from openpanel_source import refresh_models
from openpanel_source.models.definitions import NAMES, models
from openpanel_source.sandbox import Sandbox
from tests.support.postgres import PostgresWarehouse, postgres, postgres_url  # noqa: F401 - fixtures
from tests.support.sandbox_world import event, event_id
from tests.support.visits import DATABASE, made, query, run
from tests.support.warehouse import Warehouse

pytestmark = [pytest.mark.long, pytest.mark.usefixtures("configured")]


@pytest.mark.parametrize("kind", ["table", "view"])
def test_models_are_described_in_the_database_column_by_column(kind: str) -> None:
    run("sync", "--models")
    if kind == "view":
        run("models", "--views")
    for model in models():
        ((comment,),) = query(
            f"SELECT comment FROM duckdb_{kind}s() WHERE {kind}_name = ?", model.name
        )
        assert model.description in comment
        assert comment.endswith("Time zone: UTC.")
        columns = query(
            "SELECT column_name, comment FROM duckdb_columns() WHERE table_name = ?", model.name
        )
        assert columns == list(model.columns.items())


def test_a_file_attached_under_another_name_keeps_its_views() -> None:
    run("sync")
    run("models", "--views")
    with duckdb.connect() as connection:
        connection.execute(f"ATTACH '{DATABASE}' AS copy (READ_ONLY)")
        for name in NAMES:
            assert connection.execute(f"FROM copy.openpanel.{name}").fetchall()


def test_views_take_the_place_of_tables_and_tables_that_of_views() -> None:
    run("sync", "--models")
    rows = [sorted(query(f"SELECT * FROM {name}")) for name in ("funnel", "daily_metrics")]
    assert "made as views" in run("models", "--views").stdout
    assert (made(), made("VIEW")) == ([], sorted(NAMES))
    assert rows == [sorted(query(f"SELECT * FROM {name}")) for name in ("funnel", "daily_metrics")]
    assert "made as tables" in run("models").stdout
    assert (made(), made("VIEW")) == (sorted(NAMES), [])


@pytest.mark.long
def test_syncs_go_on_beneath_views(
    sandbox: Sandbox,
    tmp_path: Path,
    postgres: PostgresWarehouse,  # noqa: F811
) -> None:
    for warehouse in (Warehouse(tmp_path), postgres):
        warehouse.sync(sandbox)
        refresh_models(warehouse.pipeline(), views=True)
        sandbox.add([event(90, sessionId="s90")])
        summary = warehouse.sync(sandbox, reload=True)
        assert (summary.exit_code, summary.models) == (0, None)
        assert warehouse.query("SELECT events FROM sessions WHERE session_id = 's90'") == [(1,)]
        sandbox.remove([event_id(90)])
