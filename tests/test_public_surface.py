"""The package promises a sorted list of names, and importing it costs nothing."""

from __future__ import annotations

import subprocess
import sys

import pytest

import openpanel_source


def test_the_promised_names_are_sorted() -> None:
    assert openpanel_source.__all__ == sorted(openpanel_source.__all__)


@pytest.mark.parametrize("name", openpanel_source.__all__)
def test_a_promised_name_is_what_a_user_imports(name: str) -> None:
    code = f"from openpanel_source import SyncSummary, {name} as it; print(it.__name__)"
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert result.stdout.strip() == name


def test_a_name_that_was_not_promised_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        _ = openpanel_source.nonsense


@pytest.mark.parametrize("module", ["openpanel_source", "openpanel_source.cli.commands"])
def test_importing_it_imports_nothing_heavy(module: str) -> None:
    heavy = "{'dlt', 'pyarrow', 'duckdb', 'requests', 'pendulum'}"
    code = f"import sys, {module}; print(sorted(set(sys.modules) & {heavy}))"
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert result.stdout.strip() == "[]"
