"""What a machine need not have to run tests: they are skipped without it, but not in CI."""

from __future__ import annotations

import os
import shutil

import pytest


def program(name: str, package: str) -> str:
    """The path of a program; skips the test where there is none.

    Args:
        name: Of the program.
        package: Debian's package that has it.
    """
    path = shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/local/sbin")
    if path is None:
        lack(f"{name} is not installed; it comes with Debian's {package}")
    return str(path)


def lack(reason: str) -> None:
    """Skip the test; where all has to be there (CI_REQUIRES_ALL), fail."""
    if os.environ.get("CI_REQUIRES_ALL"):
        pytest.fail(reason)
    pytest.skip(reason)
