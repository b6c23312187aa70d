"""Only real findings about dependencies stop the checks, and no code is made at run time."""

from __future__ import annotations

import ast
import json
import runpy
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
CLEAN = {"name": "dlt", "version": "1.31.0", "vulns": []}
BAD = {"name": "x", "version": "1", "vulns": [{"id": "PYSEC-1", "fix_versions": ["2"]}]}
SKIPPED = {"name": "y", "skip_reason": "not found"}


@pytest.mark.parametrize(
    ("dependencies", "code", "words"),
    [
        ([CLEAN, SKIPPED], 0, "1 packages audited, 1 unknown, 0 vulnerabilities"),
        ([CLEAN, BAD], 1, "x 1: PYSEC-1, mended in 2"),
        ([SKIPPED], 0, "NOT audited"),
        (None, 0, "NOT audited"),
    ],
)
def test_only_findings_fail_the_audit(dependencies: Any, code: int, words: str) -> None:
    judge = runpy.run_path(str(ROOT / ".ci" / "audit_dependencies.py"))["judge"]
    report = "Traceback" if dependencies is None else json.dumps({"dependencies": dependencies})
    found, text = judge(report)
    assert found == code
    assert words in text


FORBIDDEN = {"eval", "exec", "compile", "__import__", "breakpoint", "input"}
MODULES = {"pickle", "marshal", "shelve", "subprocess", "code", "telnetlib"}


def test_the_package_makes_no_code_at_run_time_and_starts_no_process() -> None:
    for path in (ROOT / "openpanel_source").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                assert node.func.id not in FORBIDDEN, f"{path}:{node.lineno}"
            names = [alias.name for alias in getattr(node, "names", []) if hasattr(alias, "name")]
            if isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
            if isinstance(node, (ast.Import, ast.ImportFrom)):
                assert not MODULES & {name.split(".")[0] for name in names}, f"{path}:{node.lineno}"
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
                assert (node.value.id, node.attr) not in {("yaml", "load"), ("os", "system")}, path
