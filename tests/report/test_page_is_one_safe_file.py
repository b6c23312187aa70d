"""The page is one small file, whose policy permits its own scripts and nothing else."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import subprocess
import sys
import zipfile
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from docs.report_assets import PACKAGES, SUMS, VENDOR, checksums, equal_earth
from openpanel_source.report.page import data_block, page_of
from tests.support.report_document import Document, sample

ROOT = Path(__file__).parents[2]
TEXTS = st.text(st.characters(codec=None), max_size=30)
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=20,
)


class _Elements(HTMLParser):
    """Scripts and styles of a page: kind, type, and text."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, str | None, str]] = []
        self.addresses: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = dict(attrs)
        self.addresses += [str(named[name]) for name in ("href", "src", "action") if name in named]
        if tag in {"script", "style"}:
            self.found.append((tag, named.get("type"), ""))

    def handle_data(self, data: str) -> None:
        if self.cdata_elem:
            tag, kind, text = self.found[-1]
            self.found[-1] = (tag, kind, text + data)


def elements(page: str) -> _Elements:
    parser = _Elements()
    parser.feed(page)
    return parser


@given(VALUES)
def test_data_can_neither_end_its_element_nor_change(value: Any) -> None:
    text = data_block(value)
    assert text.isascii()
    assert not set(text) & set("<>&")
    assert json.loads(text) == value


def test_numbers_that_json_cannot_say_are_not_known() -> None:
    numbers = {"a": [float("nan"), float("inf"), -float("inf"), 1.5]}
    assert json.loads(data_block(numbers)) == {"a": [None, None, None, 1.5]}


def test_the_policy_permits_the_scripts_and_the_style_of_the_page_by_their_hashes() -> None:
    page = page_of(sample())
    (policy,) = re.findall(r'Content-Security-Policy" content="([^"]*)"', page)
    rules = {rule.split()[0]: rule.split()[1:] for rule in policy.split(";")}
    found = elements(page).found
    assert rules == {
        "default-src": ["'none'"],
        "script-src": [digest(text) for tag, kind, text in found if tag == "script" and not kind],
        "style-src": [digest(text) for tag, _, text in found if tag == "style"],
        "img-src": ["data:"],
        "base-uri": ["'none'"],
        "form-action": ["'none'"],
    }
    assert page.index("Content-Security-Policy") < page.index("<style")


def digest(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def test_the_page_leads_nowhere() -> None:
    addresses = elements(page_of(sample())).addresses
    assert all(one.startswith(("#", "data:image/svg+xml,")) for one in addresses)


def test_a_year_of_days_makes_no_large_file() -> None:
    assert len(page_of(sample(days=365, proof_days=3 * 365)).encode()) < 3_000_000


def test_the_same_document_gives_the_same_page() -> None:
    assert page_of(sample()) == page_of(sample())


def test_a_document_without_blocks_has_a_page(empty: Document) -> None:
    assert "OpenPanel report" in page_of(empty)


@pytest.fixture
def empty() -> Document:
    return {**sample(), "blocks": {}, "scopes": {"": {}}}


def test_what_others_made_is_what_its_checksums_say() -> None:
    assert SUMS.read_text(encoding="utf-8") == checksums(), "run: make report-assets"
    assert PACKAGES["echarts"] in (VENDOR / "NOTICE").read_text(encoding="utf-8")
    assert f'version="{PACKAGES["echarts"]}"' in (VENDOR / "echarts.min.js").read_text("utf-8")


def test_every_licence_is_there() -> None:
    notice = (VENDOR / "NOTICE").read_text(encoding="utf-8")
    named = set(re.findall(r"(?:LICENSE|NOTICE)-[\w-]+", notice))
    there = {path.name for path in VENDOR.iterdir()}
    assert named == {name for name in there if name.startswith(("LICENSE-", "NOTICE-"))}


def test_the_world_has_countries_by_two_letters() -> None:
    world = json.loads((VENDOR / "world.json").read_text(encoding="utf-8"))
    names = [feature["properties"]["name"] for feature in world["features"]]
    assert {"DE", "US", "FR", "NO", "XK", "NZ"} < set(names)
    assert len(names) == len(set(names)) > 170
    assert "AQ" not in names


def test_the_map_is_flat_and_symmetric() -> None:
    assert equal_earth(0, 0) == [0, 0]
    assert equal_earth(180, 0) == [2707, 0]
    assert equal_earth(-90, -45) == [-one for one in equal_earth(90, 45)]


def test_the_wheel_brings_the_assets(tmp_path: Path) -> None:
    hatchling = [
        sys.executable,
        "-m",
        "hatchling",
        "build",
        "--target",
        "wheel",
        "-d",
        str(tmp_path),
    ]
    subprocess.run(hatchling, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        packed = set(archive.namelist())
    assets = ROOT / "openpanel_source" / "report" / "assets"
    wanted = {path.relative_to(ROOT).as_posix() for path in assets.rglob("*") if path.is_file()}
    assert wanted
    assert wanted <= packed


def test_no_row_is_in_the_page_twice() -> None:
    one = sample(proof_days=365)
    alone = {**one, "scopes": dict.fromkeys(("", "shop"), one["scopes"]["shop"])}
    (text,) = re.findall(
        r'<script type="application/json" id="document">(.*?)</script>', page_of(alone)
    )
    scopes = json.loads(text)["scopes"]
    assert scopes[""] == alone["scopes"][""]
    assert scopes["shop"] == dict.fromkeys(one["blocks"])
    (text,) = re.findall(
        r'<script type="application/json" id="document">(.*?)</script>', page_of(one)
    )
    shop = json.loads(text)["scopes"]["shop"]
    assert {key for key, rows in shop.items() if rows is None} == {"proof", "proof_summary"}
    assert shop["sources"] == one["scopes"]["shop"]["sources"]
