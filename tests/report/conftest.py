"""A shop and a blog, loaded once with models, lists and charts; a page, and a browser for it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser

from openpanel_source import refresh_models, sync
from openpanel_source.report.page import page_of
from openpanel_source.sandbox import Sandbox, generate
from openpanel_source.sandbox.demo.generate import DEMO_CLIENT_ID, DEMO_CLIENT_SECRET
from tests.support.browser import Opened, opened
from tests.support.postgres import PostgresWarehouse, postgres, postgres_url
from tests.support.report_document import Document, sample
from tests.support.warehouse import Warehouse

__all__ = ["postgres", "postgres_url"]

ZONE = "Europe/Berlin"
NOW = datetime(2026, 11, 23, 12, 0, tzinfo=timezone.utc)
CHARTS = [
    {
        "name": "views_by_country",
        "start": "2026-10-15",
        "interval": "day",
        "series": [{"event": "screen_view"}],
        "breakdowns": ["country"],
    },
    {
        "name": "people",
        "start": "2026-11-01",
        "interval": "week",
        "series": [{"event": "screen_view"}],
        "breakdowns": ["profile.properties.plan"],
    },
]


def loaded(warehouse: Any, **settings: Any) -> None:
    """Load the shop and the blog, and make the models."""
    data = generate(events=6_000, days=70, seed=1, now=NOW)
    with Sandbox(data, rate_limit=None, now=lambda: NOW) as server:
        sync(
            warehouse.pipeline(),
            project_id=[project.id for project in data.accounts.projects],
            client_id=DEMO_CLIENT_ID,
            client_secret=DEMO_CLIENT_SECRET,
            base_url=server.url,
            now=NOW,
            **settings,
        )


@pytest.fixture(scope="session", params=["duckdb", "postgres"])
def shop(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Warehouse]:
    folder = tmp_path_factory.mktemp(request.param)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("DLT_DATA_DIR", str(folder / "dlt"))
        patch.setenv("RUNTIME__DLTHUB_TELEMETRY", "false")
        warehouse: Warehouse = Warehouse(folder)
        if request.param == "postgres":
            warehouse = PostgresWarehouse(folder, request.getfixturevalue("postgres_url"))
        loaded(warehouse, charts=CHARTS, lists=["projects"], include_event_meta=True)
        refresh_models(warehouse.pipeline(), timezone=ZONE)
        yield warehouse


@pytest.fixture(scope="module")
def browser(chromium: Browser) -> Browser:
    return chromium


@pytest.fixture(scope="session")
def document() -> Document:
    return sample()


@pytest.fixture(scope="session")
def file(document: Document, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return written(document, tmp_path_factory.mktemp("report"))


@pytest.fixture(scope="module")
def opened_once(browser: Browser, file: Path) -> Iterator[Opened]:
    with opened(browser, file) as one:
        yield one


@pytest.fixture
def report(opened_once: Opened) -> Iterator[Opened]:
    """The sample's page, made anew; it must have been quiet when the test is over."""
    opened_once.choose("")
    yield opened_once
    assert opened_once.requests == []
    assert opened_once.complaints == []


def written(document: dict[str, Any], folder: Path) -> Path:
    """A document's page as a file."""
    path = folder / "report.html"
    path.write_text(page_of(document), encoding="utf-8")
    return path
