"""What a reader does with the page, by mouse and by keyboard."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.support.browser import Opened, opened
from tests.support.report_document import Document


@pytest.mark.long
def test_a_click_on_a_heading_sorts_and_another_turns_it_round(report: Opened) -> None:
    report.open_all()
    sources = report.block("sources")
    before = report.table("sources")
    heading = sources.get_by_role("button", name="Revenue")
    heading.click()
    column = sources.locator("th[aria-sort]")
    assert column.get_attribute("aria-sort") == "descending"
    down = [row[4] for row in report.table("sources")[:-1]]
    assert down == sorted((row[4] for row in before[:-1]), reverse=True)
    heading.press("Enter")
    assert column.get_attribute("aria-sort") == "ascending"
    up = [row[4] for row in report.table("sources")[:-1]]
    assert up == down[::-1]
    assert report.table("sources")[-1][0] == "All others"


@pytest.mark.long
def test_names_are_sorted_from_a_and_unknown_ones_come_last(report: Opened) -> None:
    report.open_all()
    report.block("sources").get_by_role("button", name="Source", exact=True).click()
    names = [row[0] for row in report.table("sources")]
    assert names[0] == "bing"
    assert names[-2:] == ["–", "All others"]


@pytest.mark.long
def test_a_long_table_shows_ten_rows_until_all_are_wanted(report: Opened) -> None:
    sources = report.block("sources")
    assert sources.locator("tbody tr").count() == 10
    sources.get_by_role("button", name="Show all 51 rows").click()
    assert sources.locator("tbody tr").count() == 51


@pytest.mark.long
def test_one_project_can_be_chosen_and_all_again(report: Opened, document: Document) -> None:
    select = report.page.locator("#project")
    assert select.locator("option").all_text_contents() == [
        "All projects", "Acme shop", "The blog", "app",
    ]  # fmt: skip
    for project in ("shop", ""):
        report.choose(project)
        value = report.page.locator('.tile[data-key="visitors"] b').get_attribute("data-value")
        assert value == str(document["scopes"][project]["tiles"][0][3])
        assert report.block("proof").locator(".project").count() == (1 if project else 3)
        assert report.drawn("days") > 6


def test_the_query_of_a_block_is_shown_and_copied(report: Opened, document: Document) -> None:
    report.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    card = report.block("events")
    assert card.locator("pre").is_hidden()
    card.get_by_role("button", name="SQL of Events", exact=True).click()
    assert card.locator("code").text_content() == document["blocks"]["events"]["sql"]
    card.get_by_role("button", name="Copy the SQL of Events").click()
    report.page.get_by_text("The SQL was copied").wait_for(state="attached")
    assert (
        report.page.evaluate("navigator.clipboard.readText()")
        == (document["blocks"]["events"]["sql"])
    )


def test_every_block_has_its_query(report: Opened) -> None:
    for card in report.page.locator(".card").all():
        assert card.locator("code").count() == 1
    assert report.page.locator(".numbers code").count() == 1


@pytest.mark.long
def test_colours_can_be_changed(browser: Browser, file: Path) -> None:
    ground = "() => getComputedStyle(document.body).backgroundColor"
    grey = "() => document.querySelector('[data-block=days] svg text').getAttribute('fill')"
    with opened(browser, file, color_scheme="light") as report:
        light = [report.page.evaluate(ground), report.page.evaluate(grey)]
        report.page.get_by_role("button", name="Show in dark colours").click()
        dark = [report.page.evaluate(ground), report.page.evaluate(grey)]
        report.page.get_by_role("button", name="Show in light colours").click()
        assert [report.page.evaluate(ground), report.page.evaluate(grey)] == light
        assert not set(light) & set(dark)


def test_a_measure_is_chosen(report: Opened) -> None:
    days = report.block("days")
    assert days.locator(".picture").get_by_text("Views", exact=True).count() == 1
    days.get_by_role("button", name="Revenue").click()
    assert days.locator(".picture").get_by_text("Views", exact=True).count() == 0
    assert days.get_by_role("button", name="Revenue").get_attribute("aria-pressed") == "true"


def test_arrow_keys_go_through_the_days_of_the_calendar(report: Opened, document: Document) -> None:
    report.choose("shop")
    rows = document["scopes"]["shop"]["proof"]
    calendar = report.block("proof").locator("svg.calendar").first
    calendar.focus()
    calendar.press("ArrowUp")
    said = str(report.page.locator("#said").text_content())
    assert f"{rows[-2][3]:,}" in said
    assert "26 Nov 2026" in said
    assert "Complete" in said
    calendar.press("ArrowLeft")
    assert "19 Nov 2026" in str(report.page.locator("#bubble").text_content())
    calendar.press("Escape")
    assert report.page.locator("#bubble").count() == 0


def test_pointing_at_a_picture_tells_its_numbers(report: Opened) -> None:
    for key in ("days", "visitor_flow", "countries", "paths", "charts"):
        picture = report.block(key).locator(".picture").first
        picture.scroll_into_view_if_needed()
        box = picture.bounding_box()
        assert box is not None
        for across in range(2, 19):
            report.page.mouse.move(
                box["x"] + box["width"] * across / 20, box["y"] + box["height"] * 0.42
            )
            if report.block(key).locator(".tip b").count():
                break
        assert report.block(key).locator(".tip b").count(), key


def test_a_reader_without_javascript_is_told_so(browser: Browser, file: Path) -> None:
    with opened(browser, file, java_script_enabled=False) as report:
        assert "report --json" in report.page.inner_text("noscript")
