"""dlt's files of settings, which a process reads once."""

from __future__ import annotations

from dlt.common.configuration.container import Container
from dlt.common.configuration.specs.pluggable_run_context import PluggableRunContext


def forget_files() -> None:
    """Have them read again when next needed."""
    if PluggableRunContext in Container():
        del Container()[PluggableRunContext]
