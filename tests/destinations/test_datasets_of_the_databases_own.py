"""A dataset that is called like what a database has of its own is refused before any work."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import dlt
import pytest

from openpanel_source import refresh_models, sync
from openpanel_source.errors import DestinationError
from openpanel_source.sandbox import Sandbox
from tests.support.command import fails, run
from tests.support.postgres import PostgresWarehouse, postgres, postgres_url
from tests.support.sandbox_world import CLIENT, NOW, SECRET, event, world

__all__ = ["postgres", "postgres_url"]

OF_DUCKDB = ["temp", "System", "pg_catalog", "information_schema"]
OF_POSTGRES = ["pg_catalog", "PG_mine", "information_schema"]


@pytest.fixture
def sandbox(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Sandbox]:
    monkeypatch.chdir(tmp_path)
    with world(event(1)) as server:
        settings = {
            "client_id": CLIENT,
            "client_secret": SECRET,
            "project_id": "web",
            "base_url": server.url,
            "now": NOW.isoformat(),
        }
        for name, value in settings.items():
            monkeypatch.setenv(f"SOURCES__OPENPANEL__{name.upper()}", value)
        yield server


@pytest.mark.parametrize("name", OF_DUCKDB)
def test_in_duckdb(sandbox: Sandbox, name: str) -> None:
    sentence = ("a dataset in DuckDB cannot be called", name.lower(), "name another (--dataset")
    refused = run("sync", "--dataset", name)
    fails(refused, 2, *sentence)
    assert "rename the file" not in refused.stderr
    assert not Path("warehouse.duckdb").exists()
    assert not sandbox.requests
    into = dlt.destinations.duckdb("mine.duckdb")
    pipeline = dlt.pipeline("p", destination=into, dataset_name=name)
    for work in (sync, refresh_models):
        with pytest.raises(DestinationError, match="a dataset in DuckDB cannot be called"):
            work(pipeline)
    assert not sandbox.requests


@pytest.mark.long
@pytest.mark.parametrize("name", ["temp_data", "main", "events"])
def test_others_do(sandbox: Sandbox, name: str) -> None:
    assert run("sync", "--models", "--dataset", name).exit_code == 0
    assert sandbox.requests


@pytest.mark.parametrize("name", OF_POSTGRES)
def test_in_postgres(
    sandbox: Sandbox,
    postgres: PostgresWarehouse,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
) -> None:
    monkeypatch.setenv("DESTINATION__POSTGRES__CREDENTIALS", postgres.url)
    fails(
        run("sync", "--destination", "postgres", "--dataset", name),
        2,
        "a dataset in PostgreSQL cannot be called",
        name,
    )
    into = dlt.destinations.postgres(postgres.url)
    with pytest.raises(DestinationError, match="a dataset in PostgreSQL cannot be called"):
        sync(dlt.pipeline("p", destination=into, dataset_name=name))
    assert not sandbox.requests
