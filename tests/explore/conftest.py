"""Warehouses to explore: the demo's events with models, and one full of hostile names."""

from __future__ import annotations

from pathlib import Path

import pytest

from openpanel_source import refresh_models
from openpanel_source.explore.warehouse import ExploredWarehouse
from openpanel_source.operations.sync import sync
from openpanel_source.sandbox import Sandbox, generate
from openpanel_source.sandbox.demo.generate import DEMO_CLIENT_ID, DEMO_CLIENT_SECRET
from tests.support.postgres import PostgresWarehouse, postgres, postgres_url
from tests.support.sandbox_world import NOW, event, world
from tests.support.warehouse import Warehouse

__all__ = ["postgres", "postgres_url"]

HOSTILE = [
    "'; DROP TABLE events; --",
    'quo"te',
    "back\\'slash",
    "%s %(name)s {0} {name}",
    "<img src=x onerror=alert(1)>",
    "<script>alert(2)</script>",
    "**bold** [link](javascript:alert(3))",
    "https://evil.example/pixel.png",
    "$browser",
    "$.a[*]",
    "/a/b~c~1",
    "a.b.c",
    "0",
    " ",
    "line\nbreak\ttab",
    "\u202eright to left \x1b[31m",
    "😀" * 40,
    "😀" * 41,
]


@pytest.fixture(params=["duckdb", "postgres"])
def kept(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Warehouse:
    """An empty warehouse."""
    if request.param == "duckdb":
        warehouse: Warehouse = request.getfixturevalue("warehouse")
        return warehouse
    postgres: PostgresWarehouse = request.getfixturevalue("postgres")
    monkeypatch.setenv("DESTINATION__POSTGRES__CREDENTIALS", postgres.url)
    return postgres


def explored(warehouse: Warehouse) -> ExploredWarehouse:
    """The same, to be explored."""
    if isinstance(warehouse, PostgresWarehouse):
        return ExploredWarehouse("postgres")
    return ExploredWarehouse("duckdb", str(warehouse.path))


def _load_demo(warehouse: Warehouse) -> None:
    """Load some events of the demo's shop and blog, and make models of them."""
    data = generate(events=1_500, days=9, now=NOW)
    pipeline = warehouse.pipeline()
    with Sandbox(data, rate_limit=None, now=lambda: NOW) as server:
        sync(
            pipeline,
            project_id=[project.id for project in data.accounts.projects],
            client_id=DEMO_CLIENT_ID,
            client_secret=DEMO_CLIENT_SECRET,
            base_url=server.url,
            now=NOW,
        )
    refresh_models(pipeline, timezone="America/New_York")


def load_hostile(warehouse: Warehouse, names: list[str]) -> None:
    """Load an event of each name, with a property of that key and value."""
    rows = [
        event(number, name=name, country="SE", path=name, properties={name: name})
        for number, name in enumerate(names, start=1)
    ]
    with world(*rows) as sandbox:
        warehouse.sync(sandbox)


@pytest.fixture(scope="session")
def demo_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo's events in DuckDB, and models with days of New York; only to be read."""
    return _demo(Warehouse(tmp_path_factory.mktemp("demo"))).path


@pytest.fixture(scope="session", params=["duckdb", "postgres"])
def demo(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Warehouse:
    """The demo's events, and models with days of New York; only to be read."""
    if request.param == "duckdb":
        return Warehouse(request.getfixturevalue("demo_file").parent)
    folder, url = tmp_path_factory.mktemp("demo"), request.getfixturevalue("postgres_url")
    return _demo(PostgresWarehouse(folder, url))


def _demo(warehouse: Warehouse) -> Warehouse:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DLT_DATA_DIR", str(warehouse.folder / "dlt"))
        _load_demo(warehouse)
    return warehouse


@pytest.fixture
def demo_to_look_at(demo: Warehouse, monkeypatch: pytest.MonkeyPatch) -> ExploredWarehouse:
    """The same, as the command is told where it is."""
    if isinstance(demo, PostgresWarehouse):
        monkeypatch.setenv("DESTINATION__POSTGRES__CREDENTIALS", demo.url)
    return explored(demo)
