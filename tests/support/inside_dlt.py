"""What the package uses of dlt that dlt does not offer, read from the package's code."""

from __future__ import annotations

import ast
import importlib
import inspect
import re
from functools import cache
from pathlib import Path
from typing import Any

import dlt

PACKAGE = Path(__file__).parents[2] / "openpanel_source"
_HINT_ROOMS = ("source", "destinations", "operations")
_HINT = re.compile(r"x-[a-z-]+|_local|_state_version|initial_cwd")
_OWN_HINTS = {"x-property", "x-field"}


def used() -> dict[str, set[str]]:
    """By module of the package, as ``source/hints.py``, the names that it uses of dlt's inside.

    That is: what is imported though no package of dlt names it in its ``__all__`` and it is no
    exception; classes of dlt that are subclassed, with what is overridden; private names; and keys
    of dlt's schemas and states that stand in the code as texts.
    """
    trees = {path: ast.parse(path.read_text(encoding="utf-8")) for path in PACKAGE.rglob("*.py")}
    own = frozenset().union(*map(_defined, trees.values()))
    found = {}
    for path, tree in trees.items():
        uses = _Uses(own, reads_hints=path.relative_to(PACKAGE).parts[0] in _HINT_ROOMS)
        uses.visit(tree)
        if uses.found:
            found[path.relative_to(PACKAGE).as_posix()] = uses.found
    return found


def resolved(path: str) -> Any:
    """What a dotted path leads to: a module, a class, a function, an attribute of one.

    Raises:
        LookupError: It leads nowhere, in the dlt that is installed.
    """
    parts = path.split(".")
    depth = len(parts) - 1
    thing: Any = None
    while thing is None:
        try:
            thing = importlib.import_module(".".join(parts[:depth]))
        except ModuleNotFoundError:
            depth -= 1
    for part in parts[depth:]:
        if not hasattr(thing, part):
            try:
                # A module that nobody has imported yet.
                return importlib.import_module(path)
            except ModuleNotFoundError:
                raise LookupError(path) from None
        thing = getattr(thing, part)
    return thing


@cache
def is_offered(path: str) -> bool:
    """Whether dlt offers a name to users: it is an exception, or some ``__all__`` has it."""
    *modules, name = path.split(".")
    thing = resolved(path)
    if isinstance(thing, type) and issubclass(thing, BaseException):
        return True
    if getattr(dlt, name, None) is thing:
        return True
    for depth in range(1, len(modules) + 1):
        package = importlib.import_module(".".join(modules[:depth]))
        is_named = name in getattr(package, "__all__", ()) and hasattr(package, "__path__")
        if is_named and getattr(package, name) is thing:
            return True
    return False


def _defined(tree: ast.AST) -> set[str]:
    """Private names that a module defines: functions, classes, variables, attributes of self."""
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            names.add(node.name)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.add(node.id)
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            names.add(node.attr)
    return names | {"_replace", "_asdict", "_fields"}


class _Uses(ast.NodeVisitor):
    """Walks through a module and gathers names."""

    def __init__(self, own: frozenset[str], *, reads_hints: bool) -> None:
        self.found: set[str] = set()
        self._own = own
        self._reads_hints = reads_hints
        self._imported: dict[str, str] = {}
        self._modules: set[str] = set()
        self._classes: list[tuple[list[type], set[str]]] = []

    def visit_Import(self, node: ast.Import) -> None:
        self._modules |= {alias.asname or alias.name.partition(".")[0] for alias in node.names}

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        if (node.module or "").partition(".")[0] != "dlt":
            return
        for alias in node.names:
            path = f"{node.module}.{alias.name}"
            self._imported[alias.asname or alias.name] = path
            if not is_offered(path):
                self.found.add(alias.name)

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        bases = [base for base in map(self._base, node.bases) if base is not None]
        body = set().union(*map(_names_of, node.body))
        for base in bases:
            self.found.add(base.__name__)
            self.found |= {name for name in body if _is_of(base, name)}
        self._classes.append((bases, body))
        self.generic_visit(node)
        self._classes.pop()

    def _base(self, node: ast.expr) -> type | None:
        path = self._imported.get(node.id) if isinstance(node, ast.Name) else None
        return resolved(path) if path else None

    def visit_Attribute(self, node: ast.Attribute) -> None:
        name = node.attr
        if name.startswith("_") and not name.startswith("__"):
            bases, body = self._classes[-1] if self._classes else ([], set())
            if bases and _is_self(node.value):
                is_theirs = name not in body and any(_names(base, name) for base in bases)
            else:
                is_theirs = name not in self._own and not self._is_module(node.value)
            if is_theirs:
                self.found.add(name)
        self.generic_visit(node)

    def _is_module(self, node: ast.expr) -> bool:
        return isinstance(node, ast.Name) and node.id in self._modules - {"dlt", "duckdb"}

    def visit_Constant(self, node: ast.Constant) -> None:
        is_key = isinstance(node.value, str) and _HINT.fullmatch(node.value)
        if self._reads_hints and is_key and node.value not in _OWN_HINTS:
            self.found.add(str(node.value))


def _names_of(statement: ast.stmt) -> set[str]:
    """The names that a statement in the body of a class defines."""
    if isinstance(statement, ast.FunctionDef):
        return {statement.name}
    targets = statement.targets if isinstance(statement, ast.Assign) else []
    if isinstance(statement, ast.AnnAssign):
        targets = [statement.target]
    return {target.id for target in targets if isinstance(target, ast.Name)}


def _is_of(base: type, name: str) -> bool:
    return not name.startswith("__") and any(name in vars(one) for one in _of_dlt(base))


def _names(base: type, name: str) -> bool:
    """Whether the code of a class of dlt, or of one above it, has a private name."""
    pattern = re.compile(rf"\b{name}\b")
    return any(pattern.search(inspect.getsource(one)) for one in _of_dlt(base))


def _of_dlt(base: type) -> list[type]:
    return [one for one in base.__mro__ if one.__module__.partition(".")[0] == "dlt"]


def _is_self(node: ast.expr) -> bool:
    if isinstance(node, ast.Call):
        return isinstance(node.func, ast.Name) and node.func.id == "super"
    return isinstance(node, ast.Name) and node.id in ("self", "cls")
