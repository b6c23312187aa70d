"""The page is accessible: axe-core finds no fault that matters, whichever way it is shown."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser

from tests.report.conftest import written
from tests.support.browser import Opened, opened
from tests.support.report_document import sample

LOOKS: dict[str, dict[str, Any]] = {
    "light": {"color_scheme": "light"},
    "dark": {"color_scheme": "dark"},
    "phone": {"viewport": {"width": 390, "height": 844}},
}


@pytest.mark.long
@pytest.mark.sampled(3)
@pytest.mark.parametrize("look", LOOKS)
def test_nothing_is_hard_to_read(browser: Browser, tmp_path: Path, look: str) -> None:
    file = written(sample(days=7, proof_days=14, rows=12), tmp_path)
    with opened(browser, file, bypass_csp=True, **LOOKS[look]) as report:
        report.choose("shop")
        report.page.get_by_role("button", name="SQL of Sources", exact=True).click()
        report.page.evaluate(
            "document.querySelectorAll('details').forEach((one) => { one.open = true; })"
        )
        assert faults(report) == []


def faults(report: Opened) -> list[str]:
    found = Axe().run(report.page).response["violations"]
    return [
        f"{one['id']}: {one['nodes'][0]['html'][:200]} {one['nodes'][0]['failureSummary']}"
        for one in found
        if one["impact"] in {"serious", "critical"}
    ]


@pytest.mark.long
def test_headings_and_landmarks_lead_through_the_page(report: Opened) -> None:
    levels = report.page.locator("h1, h2, h3, h4").evaluate_all(
        "(all) => all.map((one) => Number(one.tagName[1]))"
    )
    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in itertools.pairwise(levels))
    for landmark in ("banner", "navigation", "main", "contentinfo"):
        assert report.page.get_by_role(landmark).count() >= 1, landmark
    for link in report.page.locator("nav a").all():
        assert report.page.locator(str(link.get_attribute("href"))).count() == 1


@pytest.mark.long
def test_the_first_key_skips_to_the_numbers(browser: Browser, file: Path) -> None:
    with opened(browser, file) as report:
        report.page.keyboard.press("Tab")
        assert report.page.evaluate("document.activeElement.textContent") == "Skip to the numbers"
        report.page.keyboard.press("Enter")
        assert report.page.evaluate("document.activeElement.id") == "main"


@pytest.mark.long
def test_every_picture_says_what_it_shows(report: Opened) -> None:
    for picture in report.page.locator("[role=img]").all():
        assert picture.get_attribute("aria-label")
