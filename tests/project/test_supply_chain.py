"""Only real findings about dependencies stop the checks."""

from __future__ import annotations

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
