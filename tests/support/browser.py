"""A page in headless Chromium for which no host has an address, and what it did."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Dialog, Locator, Page, sync_playwright

_NAMES = ("chromium", "chromium-browser", "google-chrome")
_ARGUMENTS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
]
_CELLS = """(table) => [...table.tBodies[0].rows].map((row) => [...row.cells].map((cell) => (
    cell.dataset.value === undefined ? cell.textContent : Number(cell.dataset.value))))"""


@contextmanager
def started() -> Iterator[Browser]:
    """The browser of this machine; without one the tests that need it are skipped.

    Tests take the fixture ``chromium``: Playwright cannot be started twice in a process.
    """
    program = next(filter(None, map(shutil.which, _NAMES)), None)
    if program is None:
        reason = "Chromium is not installed: CONTRIBUTING.md says how to get it"
        if os.environ.get("CI_REQUIRES_ALL"):
            pytest.fail(reason)
        pytest.skip(reason)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=_ARGUMENTS)
        yield browser
        browser.close()


class Opened:
    """A page that was opened from a file.

    Attributes:
        page: Playwright's.
        requests: What it asked for, beside itself.
        complaints: Errors and warnings of its console, exceptions, and dialogs.
    """

    def __init__(self, page: Page) -> None:
        self.page = page
        self.requests: list[str] = []
        self.complaints: list[str] = []
        page.on("request", lambda request: self.requests.append(request.url))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("console", lambda message: self._hear(message.type, message.text))
        page.on("dialog", self._dismiss)

    def _dismiss(self, dialog: Dialog) -> None:
        self.complaints.append(dialog.message)
        dialog.dismiss()

    def _hear(self, kind: str, text: str) -> None:
        if kind in {"error", "warning"}:
            self.complaints.append(text)

    def go(self, file: Path) -> None:
        self.page.goto(file.as_uri())
        own = self.requests.pop(0)
        assert own == file.as_uri()
        # The tab's icon is in the page.
        self.requests = [url for url in self.requests if not url.startswith("data:")]

    def block(self, key: str) -> Locator:
        """The cards of a block."""
        return self.page.locator(f'[data-block="{key}"]')

    def choose(self, project: str) -> None:
        self.page.select_option("#project", project)

    def open_all(self) -> None:
        """Open every table and show all its rows: then all of the document is on the page."""
        self.page.evaluate(
            """() => {
                document.querySelectorAll("details").forEach((one) => { one.open = true; });
            }"""
        )
        # A details element tells that it was opened a moment later.
        self.page.wait_for_function(
            "() => [...document.querySelectorAll('details')].every((one) => one.children[1])"
        )
        self.page.evaluate(
            """() => document.querySelectorAll("button.more:not([hidden])")
                .forEach((one) => one.click())"""
        )

    def table(self, key: str, number: int = -1) -> list[list[Any]]:
        """Cells of a table of a block: numbers as they are in the document, others as shown."""
        table = self.block(key).locator(".table table").nth(number)
        rows: list[list[Any]] = table.evaluate(_CELLS)
        return rows

    def drawn(self, key: str) -> int:
        """How many shapes the pictures of a block consist of."""
        return self.block(key).locator(".picture svg :is(path, text, rect, circle)").count()


@contextmanager
def opened(browser: Browser, file: Path, **options: Any) -> Iterator[Opened]:
    """Open a file, and close it afterwards.

    Args:
        browser: Of ``chromium``.
        file: A page.
        options: Of Playwright's ``new_page``, like ``color_scheme`` and ``viewport``.
    """
    page = browser.new_page(**options)
    one = Opened(page)
    one.go(file)
    yield one
    page.context.close()
