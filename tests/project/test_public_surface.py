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


EVERY_COMMAND = "from openpanel_source.cli.main import main; dict(main.commands)"


@pytest.mark.parametrize("code", ["import openpanel_source", EVERY_COMMAND])
def test_the_package_and_every_command_import_nothing_heavy_before_they_do_something(
    code: str,
) -> None:
    heavy = "{'dlt', 'pyarrow', 'duckdb', 'requests', 'pendulum', 'sqlglot', 'rich'}"
    assert output_of(f"{code}; import sys; print(sorted(set(sys.modules) & {heavy}))") == "[]"


def output_of(code: str) -> str:
    command = [sys.executable, "-c", code]
    result = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    return result.stdout.strip()
