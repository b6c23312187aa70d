"""dlt's files of settings, which a process reads once."""

from __future__ import annotations

from pathlib import Path

from dlt.common.configuration.container import Container
from dlt.common.configuration.specs.pluggable_run_context import PluggableRunContext


def forget_files() -> None:
    """Have them read again when next needed."""
    if PluggableRunContext in Container():
        del Container()[PluggableRunContext]


def write(name: str, text: str, encoding: str = "utf-8") -> None:
    """Write one of them, and have them read again."""
    path = Path(".dlt")
    path.mkdir(exist_ok=True)
    (path / name).write_text(text, encoding=encoding)
    forget_files()
