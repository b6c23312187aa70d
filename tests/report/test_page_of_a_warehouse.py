"""From a server to the browser: what the page shows is what its own SQL gives on the warehouse."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser

from openpanel_source import create_report, refresh_models
from tests.report.conftest import NOW
from tests.support.browser import Opened, opened
from tests.support.recorded import ROOT, real_world
from tests.support.warehouse import Warehouse

RECORDED_AT = datetime(2026, 11, 23, 3, 0, tzinfo=timezone.utc)
PROJECTS = ["acme-web", "acme-app", "acme-old", "acme-empty", "2024"]
PICTURES = ("days", "visitor_flow", "paths", "countries", "charts")
WITHOUT_TABLE = ("tiles", "charts")
"""Tiles are no table; charts have one each."""


def checked(browser: Browser, warehouse: Any, folder: Path, now: datetime) -> None:
    """Open a report of all that a warehouse holds, and compare each number in it."""
    report = create_report(warehouse.pipeline(), folder / "report.html", now=now)
    assert report.path is not None
    blocks = report.numbers["blocks"]
    with opened(browser, report.path) as page:
        shown = dict(tables(page, [key for key in blocks if key not in WITHOUT_TABLE]))
        for key, (sql, rows) in shown.items():
            assert numbers(rows) == numbers(warehouse.query(sql)), key
        assert tiles(page) == numbers(warehouse.query(blocks["tiles"]["sql"]))
        for key in set(PICTURES) & set(blocks):
            assert page.drawn(key) > 3, key
        for project in report.numbers["projects"]:
            page.choose(project["id"])
            assert page.block("proof").locator(".project").count() == 1
        assert page.requests == []
        assert page.complaints == []


def tables(page: Opened, keys: list[str]) -> Iterator[tuple[str, tuple[str, list[list[Any]]]]]:
    page.open_all()
    for key in keys:
        sql = page.block(key).locator("code").first.text_content()
        if page.block(key).locator(".table").count():
            yield key, (str(sql), page.table(key))


def tiles(page: Opened) -> list[list[float]]:
    """What each tile shows: now, and before."""
    shown = page.page.locator(".tile").evaluate_all(
        """(all) => all.map((tile) => [...tile.querySelectorAll("[data-value]")]
            .map((one) => Number(one.dataset.value)))"""
    )
    return numbers(shown)


def numbers(rows: Any) -> list[list[float]]:
    """The numbers of rows, to nine digits: a sum of floats has a last digit of its own."""
    return [[float(f"{float(cell):.9g}") for cell in row if is_number(cell)] for row in rows]


def is_number(cell: Any) -> bool:
    return hasattr(cell, "__float__") and not isinstance(cell, str | bool)


@pytest.mark.long
def test_the_page_of_the_demo_shows_what_its_queries_give(
    browser: Browser, shop: Warehouse, tmp_path: Path
) -> None:
    checked(browser, shop, tmp_path, NOW)


@pytest.mark.long
def test_the_page_of_recorded_events_shows_what_its_queries_give(
    browser: Browser, warehouse: Warehouse, tmp_path: Path
) -> None:
    client = {"client_id": ROOT.client_id, "client_secret": ROOT.client_secret}
    with real_world(now=lambda: RECORDED_AT) as server:
        warehouse.sync(server, project_id=PROJECTS, now=RECORDED_AT, **client)
    refresh_models(warehouse.pipeline())
    checked(browser, warehouse, tmp_path, RECORDED_AT)
