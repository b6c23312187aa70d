"""``dbt build`` is green on what a sync has loaded, says what is wrong, and the page tells all."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from openpanel_source.operations.sync import sync
from openpanel_source.sandbox import Sandbox, generate
from openpanel_source.sandbox.demo.generate import DEMO_CLIENT_ID, DEMO_CLIENT_SECRET
from tests.dbt.conftest import ROOT, SCHEMA, Project, messages
from tests.dbt.test_tables_equal_the_models import MADE, NewProject
from tests.support.model_worlds import rows_of_models
from tests.support.postgres import PostgresWarehouse
from tests.support.warehouse import Warehouse

PAGE = (ROOT / "docs" / "dbt.md").read_text(encoding="utf-8")
PROGRAMS = Path(sys.executable).parent


def load(warehouse: Warehouse, seed: int = 1) -> None:
    """What ``openpanel-source sync --models`` loads of a small demo."""
    data = generate(events=3_000, days=10, seed=seed)
    with Sandbox(data, rate_limit=None) as server:
        sync(
            warehouse.pipeline(),
            project_id=[project.id for project in data.accounts.projects],
            client_id=DEMO_CLIENT_ID,
            client_secret=DEMO_CLIENT_SECRET,
            base_url=server.url,
            include_profiles=True,
            include_event_meta=True,
            allow_deletions=True,
            models=True,
        )


@pytest.fixture(params=["duckdb", "postgres"])
def warehouse(request: pytest.FixtureRequest, tmp_path: Path) -> Warehouse:
    folder = tmp_path / "warehouse"
    folder.mkdir()
    if request.param == "duckdb":
        loaded = Warehouse(folder)
    else:
        loaded = PostgresWarehouse(folder, request.getfixturevalue("postgres_url"))
    load(loaded)
    return loaded


USED: dict[str, Any] = {
    "openpanel_using_event_meta": True,
    "openpanel_using_profiles": True,
    "openpanel_using_groups": True,
}


def test_all_that_was_loaded(warehouse: Warehouse, project: NewProject) -> None:
    shop = project(warehouse)
    shop.dbt("build", **USED)
    assert rows_of_models(warehouse.query, MADE) == rows_of_models(warehouse.query)
    channels = f"SELECT count(*) FROM {SCHEMA}.openpanel__session_channels"
    assert warehouse.query(channels) == warehouse.query("SELECT count(*) FROM sessions")
    load(warehouse, seed=2)
    shop.dbt("build", **USED)
    assert rows_of_models(warehouse.query, MADE) == rows_of_models(warehouse.query)
    shop.dbt("source", "freshness")
    shop.dbt("docs", "generate")
    # The package's own unit tests are run where it is the project.
    shop.dbt("build", "--full-refresh", folder=shop.package, **USED)

    warehouse.change("DELETE FROM events WHERE id = (SELECT min(id) FROM events)")
    warehouse.change("UPDATE sync_days SET verdict = 'short' WHERE day < current_date - 5")
    done = shop.dbt("test", fails=True)
    failed = [line.split(":")[0] for line in messages(done).splitlines() if ": fail:" in line]
    assert sorted(failed) == ["assert_days_are_complete", "assert_rows_match_ledger"]
    warehouse.change("UPDATE sync_days SET read_at = read_at - INTERVAL '4 days'")
    shop.dbt("source", "freshness", fails=True)


def test_another_adapter_is_refused_by_name(tmp_path: Path) -> None:
    profile = {"type": "duckdb", "path": str(tmp_path / "w.duckdb"), "schema": "dbt"}
    shop = Project(tmp_path / "shop", profile)
    settings = shop.package / "macros" / "settings.sql"
    settings.write_text(settings.read_text().replace("'duckdb', 'postgres'", "'postgres'"))
    (tmp_path / "folder").mkdir()
    loaded = Warehouse(tmp_path / "folder")
    load(loaded)
    shutil.copy(loaded.path, tmp_path / "w.duckdb")
    done = shop.dbt("run", "--select", "+int_openpanel__changed_days", fails=True)
    assert "dbt-duckdb is not among those" in messages(done)


def test_the_page_alone_leads_to_a_green_build(tmp_path: Path) -> None:
    repository = tmp_path / "repository"
    shutil.copytree(
        ROOT / "dbt",
        repository / "dbt",
        ignore=shutil.ignore_patterns("target", "logs", "dbt_packages"),
    )
    as_somebody = ["-c", "user.name=somebody", "-c", "user.email=somebody@example.com"]
    for arguments in (["init", "-qb", "main"], ["add", "."], [*as_somebody, "commit", "-qm", "x"]):
        subprocess.run(["git", *arguments], cwd=repository, check=True)

    folder = tmp_path / "empty"
    folder.mkdir()
    (folder / ".venv").symlink_to(PROGRAMS.parent)
    part = PAGE.partition("## Try it")[2].partition("\n## ")[0]
    files = re.findall(r"`(\w+\.yml)`[^`\n]*(?:`[^`]*`[^`\n]*)*:\n\n```yaml\n(.*?)```", part, re.S)
    assert {name for name, _ in files} == {"dbt_project.yml", "profiles.yml", "packages.yml"}
    for name, text in files:
        address = "https://github.com/openpanel-source/openpanel-source.git"
        (folder / name).write_text(text.replace(address, str(repository)))
    environment = os.environ | {"DBT_SEND_ANONYMOUS_USAGE_STATS": "false"}
    commands = [
        line
        for block in re.findall(r"```sh\n(.*?)```", part, re.S)
        for line in block.splitlines()
        if " -m venv " not in line and "pip install" not in line
    ]
    assert len(commands) == 4
    for command in commands:
        done = subprocess.run(
            command,
            cwd=folder,
            env=environment,
            shell=True,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
    assert len(re.findall(r"^\| (?:acme|blog|\w+-)", done.stdout, re.M)) == 7, done.stdout


def test_every_variable_and_model_is_on_the_page() -> None:
    settings = (ROOT / "dbt" / "dbt_project.yml").read_text(encoding="utf-8")
    for name in re.findall(r"^  (openpanel_\w+):", settings, re.M):
        assert f"| `{name}` |" in PAGE
    for path in (ROOT / "dbt" / "models" / "marts").glob("*.sql"):
        assert f"`{path.stem}`" in PAGE
