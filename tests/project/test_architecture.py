"""The page on the architecture draws the rooms as the imports have them, and none is crowded."""

from __future__ import annotations

import ast
import re
import runpy
from pathlib import Path
from typing import Any

import grimp

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "openpanel_source"
PAGE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
ROOMS: Any = runpy.run_path(str(ROOT / "docs" / "rooms.py"))

MOST_MODULES = 18
MOST_LINES = 300

Arrows = set[tuple[str, str]]


def test_the_diagram_shows_every_arrow_that_does_not_follow_from_others() -> None:
    (diagram,) = re.findall(r"```mermaid\n(.*?)```", PAGE, re.DOTALL)
    drawn = set(re.findall(r"(\w+) --> (\w+)", diagram))
    assert drawn == without_shortcuts(arrows())


def test_the_page_says_of_every_room_what_the_room_says_itself() -> None:
    for folder in PACKAGE.iterdir():
        if (folder / "__init__.py").exists():
            text = (folder / "__init__.py").read_text(encoding="utf-8")
            sentence = ast.get_docstring(ast.parse(text))
            assert f"| `{folder.name}/` | {str(sentence).splitlines()[0]} |" in PAGE


def test_every_module_that_the_pages_name_is_there() -> None:
    for page in (PAGE, (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")):
        for name in re.findall(r"`((?:[a-z_]+/)+[a-z_]+\.py)`", page):
            assert (ROOT / name).exists() or (PACKAGE / name).exists(), name


def test_no_folder_is_crowded_and_no_module_is_long() -> None:
    for folder in ROOMS["folders"]():
        assert len(folder.modules) <= MOST_MODULES, folder.path
        for module in folder.modules:
            assert module.lines <= MOST_LINES, module.path


def test_no_module_imports_itself_by_way_of_others() -> None:
    assert ROOMS["circles"]() == set()


def test_only_lines_with_code_count() -> None:
    module = '"""Says what\n\nit is."""\n\n# why\nx = (\n    1,\n)  # so\n\ny = """a\n\nb"""\n'
    assert ROOMS["count_code_lines"](module) == 6


def test_the_table_of_rooms_has_every_folder_and_the_sum() -> None:
    table = ROOMS["table"]()
    for folder in PACKAGE.rglob("__init__.py"):
        name = folder.parent.relative_to(PACKAGE).as_posix()
        assert re.search(rf"^{re.escape(name)}/? +\d", table, re.MULTILINE), name
    numbers = [int(row.replace(",", "")) for row in re.findall(r"/ +\d+ +([\d,]+)", table)]
    (everything,) = re.findall(r"^all +\d+ +([\d,]+)$", table, re.MULTILINE)
    (root,) = re.findall(r"^\. +\d+ +([\d,]+)", table, re.MULTILINE)
    assert sum(numbers) + int(root) == int(everything.replace(",", ""))


def arrows() -> Arrows:
    """Which room imports which; ``errors.py`` is one as well."""
    graph = grimp.build_graph(PACKAGE.name, cache_dir=None)
    found = set()
    for module in graph.modules:
        for imported in graph.find_modules_directly_imported_by(module):
            start, end = room(module), room(imported)
            if start != end and (PACKAGE / start).is_dir():
                found.add((start, end))
    return found


def room(module: str) -> str:
    """The room that a module lies in, or its own name if it lies in none."""
    return [*module.split("."), module][1]


def without_shortcuts(found: Arrows) -> Arrows:
    """The arrows from which all others follow."""

    def reached(room: str) -> set[str]:
        below = {end for start, end in found if start == room}
        return below.union(*map(reached, below))

    return {
        (start, end)
        for start, end in found
        if not any(end in reached(other) for begin, other in found if begin == start)
    }
