"""The documentation says what the code does."""

from __future__ import annotations

import inspect
import re
from pathlib import Path
from typing import Any

import pytest
import requests
import tomlkit

from docs.generate import generated
from docs.pictures import PICTURE, PROOF, REPORT
from openpanel_source.cli.main import main
from openpanel_source.days.ledger import Reason
from openpanel_source.days.verdict import Verdict
from openpanel_source.model.schema import TABLES
from openpanel_source.sandbox import Sandbox, generate
from openpanel_source.sandbox.demo.catalog import SITES
from openpanel_source.sandbox.demo.generate import DEMO_CLIENT_ID, DEMO_CLIENT_SECRET
from openpanel_source.sandbox.http.behaviour import KEYS
from openpanel_source.source.source import openpanel
from tests.support.pages import PAGES, anchors, prose
from tests.support.sandbox_world import NOW, event, world
from tests.support.warehouse import Warehouse

ROOT = Path(__file__).parents[2]


def _page(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def test_generated_files_are_up_to_date() -> None:
    files = generated()
    assert {path.name for path in files} > {"schema.md", "models.md", "command.md", "snowflake.sql"}
    for path, text in files.items():
        assert path.read_text(encoding="utf-8") == text, f"{path.name}: run: make docs"


def test_every_command_is_in_the_readme() -> None:
    readme = _page("README.md")
    for name in main.commands:
        assert f"`openpanel-source {name}`" in readme


def test_every_table_is_in_the_readme() -> None:
    readme = _page("README.md")
    for table in TABLES:
        assert f"`{table.name}`" in readme


def test_every_argument_of_the_source_is_documented() -> None:
    page = _page("docs/python.md")
    for name in inspect.signature(openpanel).parameters:
        assert f"`{name}`" in page or name == "report"


def test_the_example_with_an_interval_of_a_scheduler_reads_its_days(
    warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    (example,) = re.findall(r"```python\n([^`]*external[^`]*)```", _page("docs/python.md"))
    monkeypatch.setenv("DLT_INTERVAL_START", "2026-11-12T00:00:00Z")
    monkeypatch.setenv("DLT_INTERVAL_END", "2026-11-14T00:00:00Z")
    rows = [event(day, createdAt=f"2026-11-{day}T10:00:00.000Z") for day in range(10, 21)]
    with world(*rows) as sandbox:
        settings = warehouse.settings(sandbox) | {"now": NOW.isoformat()}
        for name, value in settings.items():
            monkeypatch.setenv(f"SOURCES__OPENPANEL__{name.upper()}", str(value))
        names: dict[str, Any] = {}
        exec(example, names)
        warehouse.pipeline().run(names["source"])
    assert warehouse.numbers() == [12, 13]


def test_rows_come_into_python_with_what_is_installed(warehouse: Warehouse) -> None:
    (example,) = re.findall(r"```python\n(import duckdb\n[^`]*)```", _page("docs/python.md"))
    with world(event(1), event(2)) as sandbox:
        warehouse.sync(sandbox)
    names: dict[str, Any] = {}
    exec(example, names)
    assert names["rows"] == [("purchase", 2)]
    assert names["table"].to_pylist() == [{"name": "purchase", "n": 2}]


def test_every_verdict_and_reason_is_explained() -> None:
    page = _page("docs/completeness.md")
    for member in [*Verdict, *Reason]:
        assert f"| `{member.value}` |" in page


def test_every_behaviour_and_control_of_the_sandbox_is_documented() -> None:
    page = _page("docs/sandbox.md")
    for name in KEYS:
        assert f"`{name}`" in page
    with Sandbox(generate(events=1)) as sandbox:
        for method, path in re.findall(r"\| `([A-Z]+) (/_sandbox/\w+)`", page):
            body = "{}" if path.endswith("behaviour") else "[]"
            answer = requests.request(method, f"{sandbox.url}{path}", data=body, timeout=5)
            assert answer.status_code == 200, path
    for value in (DEMO_CLIENT_ID, DEMO_CLIENT_SECRET, *(site.id for site in SITES)):
        assert value in page


def test_links_between_pages_lead_somewhere() -> None:
    for page in PAGES:
        for target, anchor in re.findall(r"\]\(([^)#:]*)(?:#([^):]+))?\)", prose(page)):
            other = page.parent / target if target else page
            assert other.exists(), f"{page.name}: {target}"
            assert not anchor or anchor in anchors(other), f"{page.name}: {target}#{anchor}"


def test_links_of_the_published_readme_lead_to_the_repository() -> None:
    project = tomlkit.parse(_page("pyproject.toml")).unwrap()
    published = _page("README.md")
    for rule in project["tool"]["hatch"]["metadata"]["hooks"]["fancy-pypi-readme"]["substitutions"]:
        published = re.sub(rule["pattern"], rule["replacement"], published)
    home = project["project"]["urls"]["Source"]
    raw = home.replace("github.com", "raw.githubusercontent.com")
    for mark, target in re.findall(r"(!?)\[[^]]*\]\(([^)]+)\)", published):
        assert target.startswith(("https://", "#")), target
        place = f"{raw}/main/" if mark else f"{home}/blob/main/"
        if target.startswith((home, raw)):
            assert (ROOT / target.removeprefix(place).partition("#")[0]).exists(), target


def test_the_picture_of_the_demo_is_small_and_loads_nothing() -> None:
    picture = PICTURE.read_text(encoding="utf-8")
    assert len(picture) < 40_000
    assert "url(" not in picture.replace("url(#", "")
    assert "<script" not in picture
    assert f"({PICTURE.relative_to(ROOT)})" in _page("README.md")
    for words in ("The proof", "complete", "openpanel-source init"):
        assert words in picture.replace("&#160;", " ")


@pytest.mark.parametrize(("picture", "page"), [(REPORT, "README.md"), (PROOF, "docs/report.md")])
def test_the_pictures_of_the_report_are_small_and_shown(picture: Path, page: str) -> None:
    image = picture.read_bytes()
    assert image.startswith(b"\x89PNG")
    assert len(image) < 200_000
    assert f"({picture.relative_to((ROOT / page).parent)})" in _page(page)
