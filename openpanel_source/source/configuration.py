"""Settings left out of a call, taken from dlt's configuration, of the source's own sections only.

dlt looks in ever shorter sections, down to none: a bare ``EVENTS`` in the environment would be the
setting ``events``. Here only ``[sources.openpanel]`` counts, and what stands there is known.
"""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, wraps
from typing import Any, TypeVar, get_type_hints

import dlt
from dlt.common.configuration.container import Container
from dlt.common.configuration.exceptions import LookupTrace
from dlt.common.configuration.providers import EnvironProvider
from dlt.common.configuration.providers.provider import ConfigProvider
from dlt.common.configuration.specs.base_configuration import extract_inner_hint, is_secret_hint
from dlt.common.configuration.specs.config_section_context import ConfigSectionContext
from dlt.common.configuration.utils import deserialize_value, log_traces
from dlt.common.typing import ConfigValueSentinel

from openpanel_source.errors import InvalidSettingError
from openpanel_source.source.config_keys import (
    ENVIRONMENT,
    Section,
    check_document,
    check_environment,
)

_Function = TypeVar("_Function", bound=Callable[..., Any])
_OWN = ("sources", "openpanel", "openpanel")
_ARGUMENT = "argument"


@dataclass(frozen=True)
class Found:
    """A setting that is not left at its default.

    Attributes:
        name: Of the setting.
        value: What it is.
        origin: Where it stands: ``argument``, or what to look for in which file or place.
        is_secret: Whether the value must not be shown.
    """

    name: str
    value: Any
    origin: str
    is_secret: bool

    @property
    def is_argument(self) -> bool:
        """Whether the call said so."""
        return self.origin == _ARGUMENT


class Declaration:
    """The settings that a function declares by its arguments.

    Args:
        function: Whose arguments they are; those that must be given have dlt's placeholders as
            defaults.
        besides: Arguments that are no settings.
    """

    def __init__(self, function: Callable[..., Any], besides: Collection[str] = ()) -> None:
        self._function = function
        self._signature = inspect.signature(function)
        self.names = tuple(name for name in self._signature.parameters if name not in besides)

    @property
    def _required(self) -> list[str]:
        parameters = self._signature.parameters
        return [
            name for name in self.names if isinstance(parameters[name].default, ConfigValueSentinel)
        ]

    @cached_property
    def _hints(self) -> dict[str, Any]:
        return get_type_hints(self._function, include_extras=True)

    def complete(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """All arguments of a call, with those left out taken from the configuration.

        Raises:
            InvalidSettingError: Something is missing, unknown, or stands where secrets must not.
        """
        given = {
            name: value
            for name, value in self._signature.bind_partial(*args, **kwargs).arguments.items()
            if not isinstance(value, ConfigValueSentinel)
        }
        found = {item.name: item.value for item in self.found(given)}
        missing = [name for name in self._required if found.get(name) is None]
        if missing:
            raise _missing(missing, [name for name in missing if self._is_secret(name)])
        return given | found

    def found(self, given: Mapping[str, Any]) -> Iterator[Found]:
        """The settings that are not left at their defaults, in the order of their declaration.

        Raises:
            InvalidSettingError: Some key is unknown, or stands where secrets must not.
        """
        sections, pipeline = _sections()
        self._check_keys(sections, pipeline)
        for name in self.names:
            if name in given:
                yield Found(name, given[name], _ARGUMENT, self._is_secret(name))
            elif (item := self._looked_up(name, sections)) is not None:
                yield item

    def value(self, name: str) -> Any:
        """What the configuration holds for a setting; None for nothing.

        Raises:
            InvalidSettingError: Some key is unknown.
        """
        self._check_keys(*_sections())
        item = self._looked_up(name, _sections()[0])
        return None if item is None else item.value

    def _is_secret(self, name: str) -> bool:
        return bool(is_secret_hint(self._hints[name]))

    def _check_keys(self, sections: list[Section], pipeline: str | None) -> None:
        check_environment(os.environ, sections, self.names, pipeline)
        for provider in _providers():
            if provider.name != ENVIRONMENT:
                for section in sections:
                    check_document(provider, section, sections, self.names, pipeline)

    def _looked_up(self, name: str, sections: list[Section]) -> Found | None:
        hint = self._hints[name]
        default = self._signature.parameters[name].default
        for provider in _providers():
            for section in sections:
                value, key = provider.get_value(name, hint, None, *section)
                if value is None:
                    continue
                if self._is_secret(name) and not provider.supports_secrets:
                    raise InvalidSettingError(
                        f"{key} stands in {provider.name}, which is no place for secrets; move it"
                        " to .dlt/secrets.toml."
                    )
                location = provider.get_value_location(name, None, *section)
                trace = LookupTrace(provider.name, section, key, value, location)
                log_traces(None, name, hint, value, default, [trace])
                value = deserialize_value(name, value, extract_inner_hint(hint))
                return Found(name, value, _place(provider, key, location), self._is_secret(name))
        return None


def from_configuration(*, besides: Collection[str] = ()) -> Callable[[_Function], _Function]:
    """Take arguments that a call leaves out from the configuration.

    Args:
        besides: Arguments that are no settings.
    """

    def decorate(function: _Function) -> _Function:
        declaration = Declaration(function, besides)

        @wraps(function)
        def configured(*args: Any, **kwargs: Any) -> Any:
            return function(**declaration.complete(*args, **kwargs))

        return configured  # type: ignore[return-value]

    return decorate


def _providers() -> list[ConfigProvider]:
    return [provider for provider in dlt.config.config_providers if not provider.is_empty]


def _sections() -> tuple[list[Section], str | None]:
    """Where to look, first of all in the most specific one; and the pipeline that runs.

    A source that the user named otherwise, by dlt's ``clone``, has sections of its own.
    """
    context = Container()[ConfigSectionContext]
    sections = context.sections
    if len(sections) != len(_OWN) or sections[0] != _OWN[0]:
        sections = _OWN
    top, section, name = sections
    found = [(top, section, name), (top, section)]
    if name != section:
        found.append((top, name))
    return found, context.pipeline_name


def _place(provider: ConfigProvider, key: str, location: str) -> str:
    if isinstance(provider, EnvironProvider):
        return f"{key} in the environment"
    paths = provider.present_locations
    if not paths:
        return f"{key} in {location or provider.name}"
    # dlt merges a file of the project, the first, with one of the user, and tells them apart so.
    path = paths[-1] if location.startswith("global:") else paths[0]
    return f"{key} in {os.path.abspath(path)}"


def _missing(names: list[str], secret: list[str]) -> InvalidSettingError:
    variables = [f"SOURCES__OPENPANEL__{name.upper()}" for name in names]
    public = [name for name in names if name not in secret]
    places = [
        f"{_listed(group)} under [sources.openpanel] in .dlt/{file}.toml"
        for group, file in ((public, "config"), (secret, "secrets"))
        if group
    ]
    verb = "is" if len(names) == 1 else "are"
    return InvalidSettingError(
        f"{_listed(names)} {verb} missing; set {_listed(variables)} in the environment, or"
        f" {' and '.join(places)}."
    )


def _listed(names: list[str]) -> str:
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last
