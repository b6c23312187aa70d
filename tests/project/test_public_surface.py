"""The package holds the names that it promises, and importing it costs nothing."""

from __future__ import annotations

import subprocess
import sys

import pytest

import openpanel_source


def test_a_promised_name_is_what_a_user_imports() -> None:
    names = ", ".join(openpanel_source.__all__)
    # In a process of its own: a module of that name that is imported first must not hide it.
    code = f"from openpanel_source import {names}; print([it.__name__ for it in ({names})])"
    assert output_of(code) == str(openpanel_source.__all__)


def test_a_name_that_was_not_promised_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        _ = openpanel_source.nonsense


@pytest.mark.parametrize("module", ["openpanel_source", "openpanel_source.cli.commands"])
def test_importing_it_imports_nothing_heavy(module: str) -> None:
    heavy = "{'dlt', 'pyarrow', 'duckdb', 'requests', 'pendulum'}"
    code = f"import sys, {module}; print(sorted(set(sys.modules) & {heavy}))"
    assert output_of(code) == "[]"


def output_of(code: str) -> str:
    command = [sys.executable, "-c", code]
    result = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    return result.stdout.strip()
