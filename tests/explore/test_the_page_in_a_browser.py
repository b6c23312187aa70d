"""The page in a Chromium that finds no host but this machine: it draws, and names do nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.explore.conftest import HOSTILE, load_hostile
from tests.explore.test_the_command_serves_it import serving
from tests.support.warehouse import Warehouse


@dataclass
class Browser:
    """A page, and what went wrong in it."""

    page: Any
    asked: list[str] = field(default_factory=list)
    failed: list[tuple[str, str]] = field(default_factory=list)
    said: list[str] = field(default_factory=list)

    def open(self, address: str) -> None:
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.on(
            "requestfailed", lambda request: self.failed.append((request.url, request.failure))
        )
        self.page.on("console", self._hear)
        self.page.on("pageerror", lambda error: self.said.append(str(error)))
        self.page.on("dialog", lambda dialog: self.said.append(dialog.message))
        self.page.goto(address)
        self.page.get_by_text("Funnel", exact=True).first.wait_for(timeout=60_000)
        self.page.locator("svg.marks, canvas.marks").nth(2).wait_for(timeout=60_000)

    def _hear(self, message: Any) -> None:
        if message.type == "error":
            self.said.append(message.text)

    @property
    def abroad(self) -> list[str]:
        """What was asked of another host."""
        local = ("http://127.0.0.1:", "ws://127.0.0.1:", "data:", "blob:")
        return [url for url in self.asked if not url.startswith(local)]


@pytest.fixture
def browser(chromium: Any) -> Iterator[Browser]:
    page = chromium.new_page()
    yield Browser(page)
    page.context.close()


@pytest.mark.long
def test_it_draws_the_demo_and_answers_sql_without_another_host(
    demo_file: Path, browser: Browser
) -> None:
    ((events,),) = Warehouse(demo_file.parent).query("SELECT count(*) FROM events")
    with serving("--database", str(demo_file)) as (_, address):
        browser.open(address)
        page = browser.page
        page.get_by_role("textbox").last.fill("SELECT count(*) + 7000000 AS found FROM events")
        page.get_by_role("button", name="Run").click()
        page.get_by_text(f"{events + 7_000_000:,}").or_(
            page.get_by_text(str(events + 7_000_000))
        ).first.wait_for()
        assert (browser.abroad, browser.said) == ([], [])


@pytest.mark.long
def test_hostile_names_are_text(warehouse: Warehouse, browser: Browser) -> None:
    load_hostile(warehouse, HOSTILE)
    with serving("--database", str(warehouse.path)) as (_, address):
        browser.open(address)
        page = browser.page
        page.get_by_role("textbox").last.fill("SELECT name FROM events")
        page.get_by_role("button", name="Run").click()
        page.get_by_role("cell", name="<img src=x onerror=alert(1)>").first.wait_for()
        assert page.get_by_role("cell", name="**bold**").count() > 0
        # A table shows addresses of pictures as such: the policy keeps the browser from asking.
        assert {why for _, why in browser.failed} <= {"csp"}
        assert set(browser.abroad) <= {url for url, _ in browser.failed}
        assert all("Content Security Policy" in said for said in browser.said)
