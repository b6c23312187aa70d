"""Commands that only look need no permission to write where the rows are."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import dlt
import psycopg2
import pytest

from openpanel_source import audit, read_days, read_status
from openpanel_source.operations.properties.survey import survey
from openpanel_source.operations.sync import sync
from openpanel_source.sandbox import Sandbox
from tests.support.permissions import without_might
from tests.support.postgres import PostgresWarehouse, postgres, postgres_url
from tests.support.sandbox_world import event, world
from tests.support.warehouse import Warehouse

pytestmark = pytest.mark.sampled(6)

__all__ = ["postgres", "postgres_url"]

COMMANDS = (["status"], ["properties"], ["audit", "--deep"], ["report", "--markdown"])


def command(
    warehouse: Warehouse, sandbox: Sandbox, arguments: list[str]
) -> subprocess.CompletedProcess[str]:
    settings = warehouse.settings(sandbox)
    given = {f"SOURCES__OPENPANEL__{name.upper()}": str(value) for name, value in settings.items()}
    code = "from openpanel_source.cli.main import run; run()"
    return subprocess.run(
        [sys.executable, "-c", code, *arguments, "--database", str(warehouse.path)],
        env={**os.environ, **given, "PYTHONPATH": str(Path(__file__).parents[2])},
        preexec_fn=without_might,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.long
@pytest.mark.parametrize("arguments", COMMANDS)
def test_a_duckdb_file_that_cannot_be_written_is_read(
    warehouse: Warehouse, arguments: list[str]
) -> None:
    with world(event(1, properties={"plan": "pro"})) as sandbox:
        folder = warehouse.folder / "shared"
        folder.mkdir()
        warehouse.path = folder / "warehouse.duckdb"
        warehouse.sync(sandbox)
        warehouse.path.chmod(0o444)
        folder.chmod(0o555)
        try:
            looked = command(warehouse, sandbox, arguments)
            synced = command(warehouse, sandbox, ["sync"])
        finally:
            folder.chmod(0o755)
    assert looked.returncode == 0, looked.stderr
    assert synced.returncode == 2
    assert "cannot be written; change its permissions" in synced.stderr


def test_a_role_of_postgresql_that_may_only_select_is_enough(postgres: PostgresWarehouse) -> None:
    role = f"reader_{postgres.database}"
    with world(event(1, properties={"plan": "pro"})) as sandbox:
        settings = postgres.settings(sandbox)
        sync(postgres.pipeline(), **settings)
        with closing(psycopg2.connect(postgres.url)) as connection:
            connection.autocommit = True
            connection.cursor().execute(
                f"CREATE ROLE {role} LOGIN; GRANT USAGE ON SCHEMA openpanel TO {role};"
                f" GRANT SELECT ON ALL TABLES IN SCHEMA openpanel TO {role};"
                f" REVOKE ALL ON DATABASE {postgres.database} FROM PUBLIC;"
                f" GRANT CONNECT ON DATABASE {postgres.database} TO {role}"
            )
        pipeline = dlt.pipeline(
            "openpanel",
            destination=dlt.destinations.postgres(postgres.url.replace("postgres:", f"{role}:")),
            dataset_name="openpanel",
            pipelines_dir=str(postgres.folder / "readers"),
        )
        assert [status.events for status in read_status(pipeline)] == [1]
        assert len(read_days(pipeline)) > 0
        assert [key.name for key in survey(pipeline, 10).keys] == ["plan"]
        assert audit(pipeline, deep=True, **settings).exit_code == 0
