"""A project that has no events yet is a project: its tables are there, and status names it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from openpanel_source import audit, read_days, read_status, refresh_models
from openpanel_source.cli.main import main
from openpanel_source.operations.sync import sync
from tests.support.destinations import DuckDbDestination, Files, PostgresDestination
from tests.support.postgres import postgres_url
from tests.support.sandbox_world import event, world
from tests.support.warehouse import Warehouse

pytestmark = pytest.mark.sampled(6)

__all__ = ["postgres_url"]

ROOT = {"client_id": "11111111-1111-4111-8111-111111111111", "client_secret": "sec_root"}


@pytest.fixture(params=["duckdb", "postgres", "files"])
def any_warehouse(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    if request.param == "postgres":
        return PostgresDestination(tmp_path, request.getfixturevalue("postgres_url"))
    return {"duckdb": DuckDbDestination, "files": Files}[request.param](tmp_path)


@pytest.mark.long
def test_its_tables_are_there_after_the_first_sync(any_warehouse: Any) -> None:
    with world() as sandbox:
        settings = any_warehouse.settings(sandbox)
        assert sync(any_warehouse.pipeline(), **settings).exit_code == 0
        [status] = read_status(any_warehouse.pipeline())
        assert (status.project_id, status.events, status.first_day) == ("web", 0, None)
        assert read_days(any_warehouse.pipeline()) == []
        assert audit(any_warehouse.pipeline(), **settings).exit_code == 0
        if not isinstance(any_warehouse, Files):
            assert "daily" in " ".join(refresh_models(any_warehouse.pipeline()).models)
            assert any_warehouse.query("SELECT count(*) FROM events") == [(0,)]
            assert any_warehouse.staged() == []

        sandbox.add([event(1)])
        assert sync(any_warehouse.pipeline(), **settings).events_loaded == 1
        [status] = read_status(any_warehouse.pipeline())
    assert (status.project_id, status.events) == ("web", 1)


def test_it_stands_beside_those_that_have_some(warehouse: Warehouse) -> None:
    with world(event(1)) as sandbox:
        warehouse.sync(sandbox)
        warehouse.sync(sandbox, **ROOT, project_id=["web", "empty"])
        statuses = read_status(warehouse.pipeline())
    assert [(status.project_id, status.events) for status in statuses] == [("empty", 0), ("web", 1)]


def test_the_command_names_it_and_makes_its_models(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with world() as sandbox:
        for name, value in DuckDbDestination(tmp_path).settings(sandbox).items():
            monkeypatch.setenv(f"SOURCES__OPENPANEL__{name.upper()}", str(value))
        printed = ""
        for arguments in (["sync", "--models"], ["status"], ["models"]):
            result = CliRunner().invoke(main, arguments)
            assert result.exit_code == 0, result.output
            printed += result.output
    assert printed.count("Models: ") == 2
    assert "web: 0 events, newest none" in printed
