"""Names and paths come from the open internet: on the page they are text, and no more."""

from __future__ import annotations

import copy
import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.report.conftest import written
from tests.support.browser import Opened, opened
from tests.support.report_document import Document, sample

HOSTILE = [
    "<img src=x onerror=\"document.title='pwned'\">",
    "<script>document.title='pwned'</script>",
    "</script><script>document.title='pwned'</script>",
    "<!--<script>",
    "</style></svg></title><svg onload=\"document.title='pwned'\">",
    "javascript:document.title='pwned'",
    "\"' onmouseover=\"document.title='pwned'\" x=\"",
    "<iframe srcdoc=\"<script>parent.document.title='pwned'</script>\"></iframe>",
    "<link rel=stylesheet href=https://evil.example/x.css>",
    "{a|rich} {b} ${document.title='pwned'} {{constructor}}",
    "__proto__",
    "constructor",
    "hasOwnProperty",
    "toString",
    "\u202egnp.exe \u2066right to left\u202c",
    "שלום עולם",
    "a\x00b\x07\x1b[31m\r\nline\u2028other\u2029",
    "lone \ud800 and \udfff",
    "👩‍👩‍👧‍👦 🏳️‍🌈 é\u0301\u0301\u0301",
    "long " * 2000,
    "x" * 10_000,
    "",
    " ",
    "&lt;b&gt;&amp;&#0;",
    "=HYPERLINK(\"https://evil.example\")",
]  # fmt: skip


def infected(document: Document) -> Document:
    """The document with a hostile text in each place that holds one."""
    endless = itertools.cycle(HOSTILE)
    made = copy.deepcopy(document)
    for project in made["projects"]:
        project["name"] = next(endless)
    made["notes"] = list(HOSTILE)
    made["timezone"] = made["product"] = made["generated_at"] = HOSTILE[0]
    for key, block in made["blocks"].items():
        block["title"] = f"{key} {next(endless)}"
        block["sql"] = f"SELECT '{next(endless)}'"
        for column in block["columns"]:
            column["label"] = f"{column['label']} {next(endless)}"
    for blocks in made["scopes"].values():
        for key, rows in blocks.items():
            for place, column in enumerate(made["blocks"][key]["columns"]):
                if column["unit"] == "text":
                    infect(rows, place, endless)
    return made


def infect(rows: list[list[object]], place: int, endless: Iterator[str]) -> None:
    for row in rows:
        row[place] = next(endless)


@pytest.fixture(scope="module")
def hostile_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return written(infected(sample(rows=51, proof_days=60)), tmp_path_factory.mktemp("hostile"))


@pytest.fixture
def hostile(browser: Browser, hostile_file: Path) -> Iterator[Opened]:
    with opened(browser, hostile_file) as report:
        yield report
        assert report.requests == []
        assert report.complaints == []
        assert "pwned" not in report.page.title()
        assert report.page.locator("img, iframe, object, embed, base, form, style").count() == 1
        assert report.page.locator("script").count() == 4
        handlers = "//*[@*[starts-with(name(), 'on')]]"
        assert report.page.locator(f"xpath={handlers}").count() == 0
        places = report.page.locator("[href]").evaluate_all(
            "(all) => all.map((one) => one.getAttribute('href'))"
        )
        assert all(place.startswith(("#", "data:image/svg+xml,")) for place in places)


@pytest.mark.long
def test_hostile_text_in_every_place_does_nothing(hostile: Opened) -> None:
    hostile.open_all()
    for project in ("shop", "app", ""):
        hostile.choose(project)
        hostile.open_all()
    shown = {row[0] for row in hostile.table("events")} | {row[0] for row in hostile.table("pages")}
    assert HOSTILE[1] in shown | {row[0] for row in hostile.table("sources")}


@pytest.mark.long
def test_hostile_text_does_nothing_when_it_is_pointed_at(hostile: Opened) -> None:
    for key in ("days", "visitor_flow", "countries", "paths", "charts", "proof"):
        picture = hostile.block(key).locator(".picture, svg.calendar").first
        if not picture.count():
            continue
        picture.scroll_into_view_if_needed()
        box = picture.bounding_box()
        assert box is not None
        for across, down in itertools.product(range(1, 12), (0.2, 0.5, 0.8)):
            hostile.page.mouse.move(
                box["x"] + box["width"] * across / 12, box["y"] + box["height"] * down
            )


@pytest.mark.long
def test_hostile_text_is_sorted(hostile: Opened) -> None:
    for button in hostile.page.locator("thead button").all():
        button.click(force=True)


def test_no_text_makes_the_page_wider(browser: Browser, hostile_file: Path) -> None:
    with opened(browser, hostile_file, viewport={"width": 390, "height": 844}) as report:
        width = report.page.evaluate("document.documentElement.scrollWidth")
        assert width == 390


def test_hostile_project_ids_are_only_ids(browser: Browser, tmp_path: Path) -> None:
    document = sample(proof_days=3)
    ids = [text[:200] for text in HOSTILE if text]
    document["projects"] = [{"id": one, "name": None} for one in ids]
    proof = document["scopes"]["shop"]["proof"]
    proofs = {one: [[one, *row[1:]] for row in proof] for one in ids}
    document["scopes"][""]["proof"] = [row for rows in proofs.values() for row in rows]
    document["scopes"] = {
        "": document["scopes"][""],
        **{one: {"proof": rows} for one, rows in proofs.items()},
    }
    with opened(browser, written(document, tmp_path)) as report:
        for place in range(1, len(ids) + 1):
            report.page.select_option("#project", index=place)
            assert report.block("proof").locator(".day").count() == 3
        assert report.complaints == []
