"""What the page shows is what the document holds, of every project."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.browser import Opened
from tests.support.report_document import Document

TABLES = [
    "days", "sources", "campaigns", "landing_pages", "pages", "events", "devices", "browsers",
    "countries", "hours", "funnel", "retention", "visitor_flow", "paths", "proof", "proof_summary",
]  # fmt: skip
SCOPES = ["", "shop", "app"]


def numbers(rows: list[list[Any]]) -> list[list[float | int]]:
    return [[cell for cell in row if isinstance(cell, int | float)] for row in rows]


@pytest.mark.long
def test_every_table_holds_the_numbers_of_the_document(report: Opened, document: Document) -> None:
    for scope in SCOPES:
        report.choose(scope)
        report.open_all()
        for key in TABLES:
            assert numbers(report.table(key)) == numbers(document["scopes"][scope][key]), key


@pytest.mark.long
def test_every_chart_that_was_loaded_has_its_own_numbers(
    report: Opened, document: Document
) -> None:
    report.open_all()
    cards = report.block("charts")
    assert cards.locator("h3").all_text_contents() == ["Sign-ups by plan", "Revenue"]
    rows = document["scopes"][""]["charts"]
    shown = report.table("charts", 0) + report.table("charts", 1)
    assert numbers(shown) == numbers(rows)


@pytest.mark.long
def test_tiles_show_what_was_before_and_the_change(report: Opened, document: Document) -> None:
    for scope in SCOPES:
        report.choose(scope)
        for key, label, _, value, before in document["scopes"][scope]["tiles"]:
            tile = report.page.locator(f'.tile[data-key="{key}"]')
            assert tile.locator("dt").text_content() == label
            assert float(str(tile.locator("b").get_attribute("data-value"))) == value
            assert str(tile.locator("small").text_content()).startswith(change(value, before))


def change(value: float, before: float | None) -> str:
    if before is None:
        return " before –"
    return f"{'▲' if value > before else '▼'} {abs(value - before) / before * 100:.1f}%"


def test_numbers_are_written_for_readers(report: Opened) -> None:
    shown = {
        key: report.page.locator(f'.tile[data-key="{key}"] b').text_content()
        for key in ("bounce_rate", "avg_duration_seconds")
    }
    assert shown == {"bounce_rate": "41.7%", "avg_duration_seconds": "2 m 24 s"}
    sessions = report.page.locator('.tile[data-key="sessions"] b')
    value = int(str(sessions.get_attribute("data-value")))
    assert sessions.text_content() == f"{value:,}"


def test_a_loss_is_said_on_top_with_its_days(report: Opened, document: Document) -> None:
    verdicts = [row[2] for row in document["scopes"][""]["proof"]]
    banner = str(report.page.locator(".banner").text_content())
    missing = verdicts.count("missing")
    proven = verdicts.count("complete") + verdicts.count("open")
    assert f"{missing} days missing" in banner
    assert (
        f"{verdicts.count('complete'):,} days complete, {verdicts.count('open')} not over yet"
        in banner
    )
    attention = report.block("proof").locator(".attention")
    attention.locator("button.more").click()
    assert attention.locator("tbody tr").count() == len(verdicts) - proven


def test_what_is_listed_no_more_stands_last_as_all_others(
    report: Opened, document: Document
) -> None:
    report.open_all()
    last = report.table("sources")[-1]
    assert last[0] == "All others"
    assert numbers([last]) == numbers([document["scopes"][""]["sources"][-1]])
    unnamed = document["scopes"][""]["sources"][1]
    assert unnamed[0] is None
    assert report.table("sources")[1][0] == "–"


def test_countries_have_their_names(report: Opened) -> None:
    assert "Germany" in report.table("countries")[0][0]
