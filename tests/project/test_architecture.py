"""The page on the architecture draws the rooms as the imports have them."""

from __future__ import annotations

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "openpanel_source"
PAGE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")

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


def test_every_module_that_the_page_names_is_there() -> None:
    for name in re.findall(r"`([a-z_]+/[a-z_]+\.py)`", PAGE):
        assert (PACKAGE / name).exists(), name


def arrows() -> Arrows:
    """Which room imports which; ``errors.py`` is one as well."""
    found = set()
    for path in PACKAGE.glob("*/**/*.py"):
        room = path.relative_to(PACKAGE).parts[0]
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module:
                for alias in node.names:
                    parts = [*node.module.split("."), alias.name]
                    if parts[0] == PACKAGE.name and parts[1] != room:
                        found.add((room, parts[1]))
    return found


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
