"""What the environment of a command may tell dlt: only what names the section it is for."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from dlt.common.configuration.container import Container
from dlt.common.configuration.providers import EnvironProvider
from dlt.common.configuration.specs import PluggableRunContext


class _OfSections(EnvironProvider):
    """Without the variables that have the name of a setting alone, as ``NAMING`` or ``WORKERS``."""

    def get_value(
        self, key: str, hint: Any, pipeline_name: Any, *sections: str
    ) -> tuple[Any | None, str]:
        if not any(sections):
            return None, self.get_key_name(key, pipeline_name)
        value: tuple[Any | None, str] = super().get_value(key, hint, pipeline_name, *sections)
        return value


@contextmanager
def of_sections() -> Iterator[None]:
    """Have dlt ignore variables that name no section meanwhile, for all that it does."""
    providers = Container()[PluggableRunContext].providers
    own = _OfSections()
    before = providers[own.name]
    providers[own.name] = own
    try:
        yield
    finally:
        providers[own.name] = before
