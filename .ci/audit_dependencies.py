"""Fail if an installed dependency has a known vulnerability; without the internet, say so."""

from __future__ import annotations

import json
import subprocess
import sys

_UNREACHABLE = "The database of vulnerabilities cannot be reached: dependencies were NOT audited."


def judge(report: str) -> tuple[int, str]:
    """The exit code, and what to say, for what pip-audit wrote: JSON, unless it failed."""
    try:
        dependencies = json.loads(report)["dependencies"]
    except (ValueError, KeyError, TypeError):
        return 0, _UNREACHABLE
    known = [item for item in dependencies if "vulns" in item]
    if not known:
        return 0, _UNREACHABLE
    findings = [
        f"{item['name']} {item['version']}: {vulnerability['id']}, mended in"
        f" {', '.join(vulnerability['fix_versions']) or 'no version yet'}"
        for item in known
        for vulnerability in item["vulns"]
    ]
    skipped = len(dependencies) - len(known)
    summary = f"{len(known)} packages audited, {skipped} unknown, {len(findings)} vulnerabilities."
    return (1 if findings else 0), "\n".join([*findings, summary])


def main() -> int:
    """Audit the environment that this runs in; returns the exit code."""
    command = [sys.executable, "-m", "pip_audit", "--format", "json", "--skip-editable"]
    options = ["--progress-spinner", "off", "--timeout", "10"]
    result = subprocess.run([*command, *options], capture_output=True, text=True, check=False)  # noqa: S603 - constants only
    code, text = judge(result.stdout)
    print(text)
    return code


if __name__ == "__main__":
    sys.exit(main())
