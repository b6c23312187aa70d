"""Settings left out of a call, taken from dlt's configuration, of the source's own sections only.

dlt looks in ever shorter sections, down to none: a bare ``EVENTS`` in the environment would be the
setting ``events``. Here only ``[sources.openpanel]`` counts, and what stands there is known.
"""

from __future__ import annotations

import inspect
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import dlt
from dlt.common.configuration.container import Container
from dlt.common.configuration.exceptions import LookupTrace
from dlt.common.configuration.providers import EnvironProvider
from dlt.common.configuration.providers.provider import ConfigProvider
from dlt.common.configuration.specs.base_configuration import extract_inner_hint
from dlt.common.configuration.specs.config_section_context import ConfigSectionContext
from dlt.common.configuration.utils import deserialize_value, log_traces
from dlt.common.pipeline import PipelineContext
from dlt.common.typing import ConfigValueSentinel, TSecretStrValue, TSecretValue

from openpanel_source.destinations.settings_files import searched
from openpanel_source.errors import InvalidSettingError
from openpanel_source.source.arguments import DEFAULTS, REQUIRED, SECRET, Arguments
from openpanel_source.source.unknown_keys import Section, check_document, check_environment

_OWN = ("sources", "openpanel", "openpanel")
_ARGUMENT = "argument"
_ONE_CLIENT = ("client_id", "client_secret")
_SIGNATURE = inspect.signature(Arguments)


@dataclass(frozen=True)
class Found:
    """A setting that is not left at its default.

    Attributes:
        name: Of the setting.
        value: What it is.
        origin: Where it stands: ``argument``, or what to look for in which file or place.
    """

    name: str
    value: Any = field(repr=False)
    origin: str

    @property
    def is_argument(self) -> bool:
        """Whether the call said so."""
        return self.origin == _ARGUMENT

    @property
    def is_secret(self) -> bool:
        """Whether the value must not be shown."""
        return self.name in SECRET


def complete(*args: Any, **kwargs: Any) -> Arguments:
    """The arguments of a call, with those left out taken from the configuration.

    Raises:
        InvalidSettingError: Something is missing, unknown, of another type, or stands where
            secrets must not.
    """
    given = _SIGNATURE.bind_partial(*args, **kwargs).arguments
    found = {item.name: item for item in found_settings(given)}
    _keep_one_form(found)
    values = {item.name: item.value for item in found.values()}
    missing = [name for name in REQUIRED if values.get(name) is None]
    if missing and values.get("clients") is None:
        raise _missing(missing)
    return Arguments(**values)


def _keep_one_form(found: dict[str, Found]) -> None:
    """Have credentials of a call win over all that are configured, in whichever form.

    Raises:
        InvalidSettingError: One client and several are given in the same place.
    """
    one = [found[name] for name in _ONE_CLIENT if name in found]
    several = found.get("clients")
    if several is None or several.value is None or not one:
        return
    is_called = any(item.is_argument for item in one)
    if several.is_argument == is_called:
        places = _listed([item.origin for item in (*one, several)])
        raise InvalidSettingError(
            f"client_id or client_secret is set, and clients too ({places}); keep clients alone,"
            " with one of them for each project, or take it out."
        )
    for name in ("clients",) if is_called else _ONE_CLIENT:
        found.pop(name, None)


def found_settings(given: Mapping[str, Any]) -> Iterator[Found]:
    """The settings that are not left at their defaults, in the order of their declaration.

    Args:
        given: Arguments of a call; dlt's placeholders stand for what is left out.

    Raises:
        InvalidSettingError: Some key is unknown, or stands where secrets must not.
    """
    sections = _checked_sections()
    for name in DEFAULTS:
        if name in given and not isinstance(given[name], ConfigValueSentinel):
            yield Found(name, given[name], _ARGUMENT)
        elif (item := _looked_up(name, sections)) is not None:
            yield item


def configured_value(name: str) -> Any:
    """What the configuration holds for a setting; None for nothing.

    Raises:
        InvalidSettingError: Some key is unknown.
    """
    item = _looked_up(name, _checked_sections())
    return None if item is None else item.value


def _looked_up(name: str, sections: list[Section]) -> Found | None:
    default = DEFAULTS[name]
    hint: Any = Any if default is None else type(default)
    if name in SECRET:
        # Clients are a mapping.
        hint = TSecretValue if name == "clients" else TSecretStrValue
    for provider in _providers():
        for section in sections:
            value, key = provider.get_value(name, hint, None, *section)
            if value is None:
                continue
            if name in SECRET and not provider.supports_secrets:
                raise InvalidSettingError(
                    f"{key} stands in {provider.name}, which is no place for secrets; move it to"
                    " .dlt/secrets.toml."
                )
            location = provider.get_value_location(name, None, *section)
            trace = LookupTrace(provider.name, section, key, value, location)
            log_traces(None, name, hint, value, default, [trace])
            value = deserialize_value(name, value, extract_inner_hint(hint))
            return Found(name, value, _place(provider, key, location))
    return None


def _providers() -> list[ConfigProvider]:
    return [provider for provider in dlt.config.config_providers if not provider.is_empty]


def _checked_sections() -> list[Section]:
    """Where to look, first of all in the most specific one; each key that stands there is known.

    A source that the user named otherwise, by dlt's ``clone``, has sections of its own.
    """
    sections = Container()[ConfigSectionContext].sections
    if len(sections) != len(_OWN) or sections[0] != _OWN[0]:
        sections = _OWN
    top, section, name = sections
    found = [(top, section, name), (top, section)]
    if name != section:
        found.append((top, name))
    active = Container()[PipelineContext]
    pipeline = active.pipeline().pipeline_name if active.is_active() else None
    check_environment(found, pipeline)
    for provider in _providers():
        if not isinstance(provider, EnvironProvider):
            for place in found:
                check_document(provider, place, found, pipeline)
    return found


def _place(provider: ConfigProvider, key: str, location: str) -> str:
    if isinstance(provider, EnvironProvider):
        return f"{key} in the environment"
    paths = provider.present_locations
    if not paths:
        return f"{key} in {location or provider.name}"
    # dlt merges a file of the project, the first, with one of the user, and tells them apart so.
    path = paths[-1] if location.startswith("global:") else paths[0]
    return f"{key} in {os.path.abspath(path)}"


def _missing(names: list[str]) -> InvalidSettingError:
    variables = [f"SOURCES__OPENPANEL__{name.upper()}" for name in names]
    places = [
        f"{_listed(group)} under [sources.openpanel] in .dlt/{file}.toml"
        for file, is_secret in (("config", False), ("secrets", True))
        if (group := [name for name in names if (name in SECRET) is is_secret])
    ]
    verb = "is" if len(names) == 1 else "are"
    return InvalidSettingError(
        f"{_listed(names)} {verb} missing; run openpanel-source init, or set {_listed(variables)}"
        f" in the environment, or {' and '.join(places)} ({searched()})."
    )


def _listed(names: list[str]) -> str:
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last
