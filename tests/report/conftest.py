"""One browser for all tests of the page, and a page of the richest document."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser

from openpanel_source.report.page import page_of
from tests.support.browser import Opened, chromium, opened
from tests.support.report_document import Document, sample


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


@pytest.fixture(scope="session")
def document() -> Document:
    return sample()


@pytest.fixture(scope="session")
def file(document: Document, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return written(document, tmp_path_factory.mktemp("report"))


@pytest.fixture
def report(browser: Browser, file: Path) -> Iterator[Opened]:
    """The sample's page, opened; it must have been quiet when the test is over."""
    with opened(browser, file) as one:
        yield one
        assert one.requests == []
        assert one.complaints == []


def written(document: dict[str, Any], folder: Path) -> Path:
    """A document's page as a file."""
    path = folder / "report.html"
    path.write_text(page_of(document), encoding="utf-8")
    return path
