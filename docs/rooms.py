"""How large each folder of the package is, and which modules import themselves in a circle.

Code lines are those that hold neither nothing, nor a comment, nor a docstring alone.
"""

from __future__ import annotations

import ast
import io
import tokenize
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import grimp

PACKAGE = Path(__file__).parents[1] / "openpanel_source"
NO_CORE = ("cli", "sandbox")
_NO_CODE = {
    tokenize.COMMENT,
    tokenize.NL,
    tokenize.NEWLINE,
    tokenize.INDENT,
    tokenize.DEDENT,
    tokenize.ENDMARKER,
}


class Module(NamedTuple):
    """A file: its path in the package, all its lines, and those with code."""

    path: Path
    lines: int
    code_lines: int


class Folder(NamedTuple):
    """A folder and the modules that lie in it, not deeper."""

    path: Path
    modules: list[Module]

    @property
    def code_lines(self) -> int:
        """Of all its modules."""
        return sum(module.code_lines for module in self.modules)

    @property
    def is_core(self) -> bool:
        """Whether it is neither the command nor the sandbox."""
        return not set(self.path.parts) & set(NO_CORE)


def folders() -> list[Folder]:
    """The package's folders, the package itself first."""
    found: dict[Path, list[Module]] = {}
    for file in sorted(PACKAGE.rglob("*.py")):
        path = file.relative_to(PACKAGE)
        text = file.read_text(encoding="utf-8")
        module = Module(path, len(text.splitlines()), count_code_lines(text))
        found.setdefault(path.parent, []).append(module)
    return [Folder(path, modules) for path, modules in sorted(found.items())]


def count_code_lines(text: str) -> int:
    """How many lines of a module hold code."""
    code: set[int] = set()
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type not in _NO_CODE:
            code.update(range(token.start[0], token.end[0] + 1))
    return len(code.difference(_docstring_lines(ast.parse(text))))


def _docstring_lines(tree: ast.Module) -> Iterator[int]:
    for node in ast.walk(tree):
        match node:
            case ast.Expr(value=ast.Constant(value=str()), end_lineno=int(end)):
                yield from range(node.lineno, end + 1)


def circles() -> set[str]:
    """The modules that, by way of others, import themselves; imports inside functions count."""
    graph = grimp.build_graph(PACKAGE.name, cache_dir=None)
    return {
        module
        for module in graph.modules
        for imported in graph.find_modules_directly_imported_by(module)
        if graph.chain_exists(importer=imported, imported=module)
    }


def table() -> str:
    """What ``make rooms`` prints."""
    rows = [f"{'room':24}{'modules':>8}{'code lines':>12}  largest module"]
    everything = folders()
    for folder in everything:
        largest = max(folder.modules, key=lambda module: module.lines)
        rows.append(
            f"{_name(folder.path):24}{len(folder.modules):8}{folder.code_lines:12,}"
            f"  {largest.path.name} ({largest.lines} lines)"
        )
    core = [folder for folder in everything if folder.is_core]
    rows.append(_total("all", everything))
    rows.append(_total(f"without {' and '.join(NO_CORE)}", core))
    rows.append(f"in a circle: {', '.join(sorted(circles())) or 'none'}")
    return "\n".join(rows)


def _name(path: Path) -> str:
    return "." if path == Path() else f"{path.as_posix()}/"


def _total(name: str, some: list[Folder]) -> str:
    modules = sum(len(folder.modules) for folder in some)
    return f"{name:24}{modules:8}{sum(folder.code_lines for folder in some):12,}"


if __name__ == "__main__":
    print(table())
