"""Every picture is drawn, in each size and colour, and has its table; none asks for anything."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser

from tests.report.conftest import written
from tests.support.browser import Opened, opened
from tests.support.report_document import Document, sample

LOOKS: list[dict[str, Any]] = [
    {"color_scheme": "light"},
    {"color_scheme": "dark"},
    {"viewport": {"width": 390, "height": 844}},
]
FEWEST = {"days": 6, "visitor_flow": 27, "countries": 150, "paths": 25, "charts": 5}
PICTURES = [*FEWEST, "hours", "retention", "funnel", "proof"]


@pytest.mark.sampled(3)
@pytest.mark.parametrize("look", LOOKS, ids=["light", "dark", "phone"])
def test_every_picture_is_drawn_and_nothing_is_asked_for(
    browser: Browser, file: Path, document: Document, look: dict[str, Any]
) -> None:
    with opened(browser, file, **look) as report:
        for key, fewest in FEWEST.items():
            assert report.drawn(key) >= fewest, key
        scope = document["scopes"][""]
        assert report.block("proof").locator(".day").count() == len(scope["proof"])
        assert report.block("hours").locator(".heat tbody td").count() == 7 * 24
        assert report.block("retention").locator(".cell").count() == len(scope["retention"])
        assert report.block("funnel").locator(".step").count() == len(scope["funnel"])
        assert report.page.locator(".spark").count() == 5
        assert report.requests == []
        assert report.complaints == []


@pytest.mark.long
def test_every_picture_has_its_table(report: Opened) -> None:
    report.open_all()
    for key in PICTURES:
        cards = report.block(key)
        for number in range(cards.count()):
            assert cards.nth(number).locator(".table tbody tr").count() > 0, key


@pytest.mark.long
def test_colour_alone_says_nothing(report: Opened, document: Document) -> None:
    verdicts = {row[2] for row in document["scopes"][""]["proof"]}
    marks = {
        verdict: report.page.locator(f".day.{verdict}").first.text_content() for verdict in verdicts
    }
    assert marks["complete"] == ""
    assert len(set(marks.values())) == len(verdicts)


def test_countries_are_coloured_by_their_sessions(report: Opened) -> None:
    fills = (
        report.block("countries")
        .locator(".picture path")
        .evaluate_all("(paths) => paths.map((path) => path.getAttribute('fill'))")
    )
    assert len(set(fills)) > 20


@pytest.mark.sampled(6)
@pytest.mark.parametrize("key", sorted(sample()["blocks"]))
def test_a_report_without_a_block_is_shown(
    browser: Browser, document: Document, key: str, tmp_path: Path
) -> None:
    without = {name: block for name, block in document["blocks"].items() if name != key}
    scopes = {
        scope: {name: rows for name, rows in blocks.items() if name != key}
        for scope, blocks in document["scopes"].items()
    }
    file = written({**document, "blocks": without, "scopes": scopes, "compared": None}, tmp_path)
    with opened(browser, file) as report:
        assert report.block(key).count() == 0
        assert report.block("events" if key != "events" else "pages").count() == 1
        assert report.complaints == []


@pytest.mark.long
def test_a_report_of_nothing_is_shown(browser: Browser, document: Document, tmp_path: Path) -> None:
    scopes: dict[str, Any] = {"": {key: [] for key in document["blocks"]}, "shop": {}}
    with opened(browser, written({**document, "scopes": scopes}, tmp_path)) as report:
        for scope in ("", "shop"):
            report.choose(scope)
            assert "Nothing in these days." in str(report.block("sources").text_content())
        assert report.complaints == []


@pytest.mark.long
def test_a_single_day_is_shown(browser: Browser, tmp_path: Path) -> None:
    with opened(browser, written(sample(days=1, proof_days=1, rows=1), tmp_path)) as report:
        assert report.drawn("days") > 4
        assert report.block("proof").locator(".day").count() == 3
        assert report.complaints == []


@pytest.mark.long
def test_it_can_be_printed_from_the_dark(browser: Browser, file: Path) -> None:
    with opened(browser, file, color_scheme="dark") as report:
        colour = "() => document.querySelector('[data-block=days] svg text').getAttribute('fill')"
        dark = report.page.evaluate(colour)
        report.page.evaluate("() => window.dispatchEvent(new Event('beforeprint'))")
        printed = report.page.evaluate(colour)
        report.page.evaluate("() => window.dispatchEvent(new Event('afterprint'))")
        assert report.page.evaluate(colour) == dark != printed
        assert report.page.pdf().startswith(b"%PDF")
        assert report.complaints == []
