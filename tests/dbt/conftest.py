"""A project of somebody who uses the package, and dbt run in it."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from dbt.adapters.duckdb.connections import DuckDBConnectionManager
from dbt.cli.main import dbtRunner
from psycopg2.extensions import parse_dsn

from tests.support.postgres import PostgresWarehouse, postgres_url  # noqa: F401 - a fixture
from tests.support.warehouse import Warehouse

ROOT = Path(__file__).parents[2]
SCHEMA = "dbt_openpanel"
"""Where the models are made."""


def profile_of(warehouse: Warehouse) -> dict[str, Any]:
    """What dbt needs to know of a warehouse."""
    if isinstance(warehouse, PostgresWarehouse):
        dsn = parse_dsn(warehouse.url)
        return {
            "type": "postgres",
            "host": dsn["host"],
            "user": dsn["user"],
            "password": "none",
            "port": 5432,
            "dbname": warehouse.database,
            "schema": "dbt",
            "threads": 2,
        }
    return {"type": "duckdb", "path": str(warehouse.path), "schema": "dbt", "threads": 2}


class Project:
    """A dbt project that has the package, and a profile.

    Args:
        folder: Where it is made.
        profile: The only output of the profile.
        models: SQL of models of its own, by name.
    """

    def __init__(
        self, folder: Path, profile: dict[str, Any], models: dict[str, str] | None = None
    ) -> None:
        self.folder = folder
        folder.mkdir()
        package = folder / "package"
        # What is made of it, logs and so on, is not for the checkout.
        shutil.copytree(
            ROOT / "dbt", package, ignore=shutil.ignore_patterns("target", "logs", "dbt_packages")
        )
        project = {
            "name": "shop",
            "profile": "shop",
            "flags": {"send_anonymous_usage_stats": False},
        }
        self._write("dbt_project.yml", project)
        self._write("packages.yml", {"packages": [{"local": "package"}]})
        outputs = {"shop": {"target": "dev", "outputs": {"dev": profile}}}
        outputs["openpanel"] = outputs["shop"]
        self._write("profiles.yml", outputs)
        (folder / "models").mkdir()
        for name, sql in (models or {}).items():
            (folder / "models" / f"{name}.sql").write_text(sql)
        self.dbt("deps")

    @property
    def package(self) -> Path:
        """The package, as it was installed; it may be changed."""
        return self.folder / "package"

    def dbt(
        self, *arguments: str, folder: Path | None = None, fails: bool = False, **variables: Any
    ) -> Any:
        """The result of a command.

        Args:
            arguments: The command and its options.
            folder: Another project than this one.
            fails: Whether it is to fail.
            variables: For ``--vars``.
        """
        where = ["--project-dir", str(folder or self.folder), "--profiles-dir", str(self.folder)]
        given = ["--vars", yaml.safe_dump(variables)] if variables else []
        try:
            done = dbtRunner().invoke(
                [*arguments, *where, *given, "--quiet", "--log-level-file", "none"]
            )
        finally:
            DuckDBConnectionManager.close_all_connections()
        assert done.success is not fails, done.exception or messages(done)
        return done

    def _write(self, name: str, content: dict[str, Any]) -> None:
        (self.folder / name).write_text(yaml.safe_dump(content))


def messages(done: Any) -> str:
    """What the nodes that a command ran said."""
    results = getattr(done.result, "results", None) or []
    said = [f"{it.node.name}: {it.status}: {it.message}" for it in results]
    return "\n".join([str(done.exception or ""), *said])


@pytest.fixture
def project(tmp_path: Path) -> Callable[[Warehouse], Project]:
    """Makes a project for a warehouse."""
    numbers = iter(range(1_000))
    return lambda warehouse: Project(tmp_path / f"shop{next(numbers)}", profile_of(warehouse))
