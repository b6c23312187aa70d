"""Settings left out of a call, taken from dlt's configuration, of the source's own sections only.

dlt looks in ever shorter sections, down to none: a bare ``EVENTS`` in the environment would be the
setting ``events``. Here only ``[sources.openpanel]`` counts, and what stands there is known.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any

import dlt
from dlt.common.configuration.container import Container
from dlt.common.configuration.exceptions import LookupTrace
from dlt.common.configuration.providers import ConfigProvider, EnvironProvider
from dlt.common.configuration.specs import (
    ConfigSectionContext,
    extract_inner_hint,
    known_sections,
)
from dlt.common.configuration.utils import deserialize_value, log_traces
from dlt.common.pipeline import current_pipeline
from dlt.common.typing import ConfigValueSentinel, TSecretStrValue, TSecretValue

from openpanel_source.errors import InvalidSettingError
from openpanel_source.model.text import printable
from openpanel_source.source.settings.declared import (
    COMMAND_SECTION,
    DEFAULTS,
    OF_COMMAND,
    SECRET,
)

_Section = tuple[str, ...]

_OWN = ("sources", "openpanel", "openpanel")
_OF_DLT = (known_sections.SCHEMA, known_sections.EXTRACT, known_sections.DATA_WRITER)
"""Sections that dlt itself reads below those of a source."""
_ARGUMENT = "argument"


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


def _looked_up(name: str, sections: list[_Section]) -> Found | None:
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


def _checked_sections() -> list[_Section]:
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
    active = current_pipeline()
    pipeline = active.pipeline_name if active else None
    _check_environment(found, pipeline)
    for provider in _providers():
        if not isinstance(provider, EnvironProvider):
            for place in found:
                _check_document(provider, place, found, pipeline)
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


def _check_environment(sections: list[_Section], pipeline: str | None) -> None:
    """Refuse variables that are meant for this source and would be ignored.

    Args:
        sections: Those that count.
        pipeline: Name of the pipeline that runs; its own prefix does not count.
    """
    prefixes = {f"{'__'.join(section)}__".upper() for section in sections}
    names = {
        _plain(prefix + name): prefix + name.upper() for prefix in prefixes for name in DEFAULTS
    }
    for variable in os.environ:
        upper = variable.upper()
        for prefix in prefixes:
            start = f"{pipeline}__{prefix}".upper()
            if pipeline and upper.startswith(start):
                raise InvalidSettingError(
                    f"{_shown(variable)} in the environment is not read, as its name begins with"
                    f" that of a pipeline; set {prefix}{_shown(upper[len(start) :])}."
                )
        # Underscores too many or too few, and small letters, are no other name.
        right = names.get(_plain(variable))
        if right is not None and right not in os.environ:
            raise InvalidSettingError(
                f"{_shown(variable)} in the environment is not read; its name is {right}."
            )
        own = max((one for one in prefixes if upper.startswith(one)), key=len, default="")
        path = upper[len(own) :].lower().split("__")
        is_known = path[0] in (_OF_DLT if len(path) > 1 else DEFAULTS)
        if own and not is_known:
            near = path[-1] if path[-1] in DEFAULTS else _nearest("__".join(path))
            advice = _advice(near and own + near.upper())
            if path[0] in OF_COMMAND:
                advice = f"the command reads {COMMAND_SECTION.upper()}__{path[0].upper()}."
            raise InvalidSettingError(
                f"{_shown(variable)} in the environment is no setting; {advice}"
            )


def _check_document(
    provider: ConfigProvider, section: _Section, sections: list[_Section], pipeline: str | None
) -> None:
    """Refuse keys of a file, or of what is read like one, that would be ignored.

    Args:
        provider: What reads the file.
        section: Where the keys stand.
        sections: All that count; those within this one are no keys.
        pipeline: Name of the pipeline that runs; its own prefix does not count.
    """
    if pipeline and _table(provider, section, pipeline):
        raise InvalidSettingError(
            f"[{pipeline}.{'.'.join(section)}] in {provider.name} is not read; move it to"
            f" [{'.'.join(section)}]."
        )
    for key, value in _table(provider, section).items():
        is_of_dlt = key in _OF_DLT and isinstance(value, Mapping)
        if key in DEFAULTS or is_of_dlt or (*section, key) in sections:
            continue
        place, wrong, near = section, key, _nearest(key)
        advice = _advice(near)
        if key in OF_COMMAND:
            advice = f"the command reads it under [{COMMAND_SECTION}], move it there."
        elif near is None and isinstance(value, Mapping):
            # Meant for a section, which would have to be that of a source.
            unknown = [inner for inner in value if inner not in DEFAULTS]
            if unknown:
                place, wrong = (*section, _shown(key)), unknown[0]
                advice = _advice(_nearest(wrong))
            else:
                advice = (
                    "move what it holds up, or, if it is for a source that is named so, to"
                    f" [{section[0]}.{_shown(key)}]."
                )
        raise InvalidSettingError(
            f"{_shown(wrong)} under [{'.'.join(place)}] in {provider.name} is no setting; {advice}"
        )


def _table(
    provider: ConfigProvider, section: _Section, pipeline: str | None = None
) -> Mapping[str, Any]:
    *above, key = section
    # A vault looks for whole sections where it is asked for secrets.
    value, _ = provider.get_value(key, TSecretValue, pipeline, *above)
    return value if isinstance(value, Mapping) else {}


def _plain(name: str) -> str:
    return re.sub("_+", "_", name.upper())


def _nearest(key: str) -> str | None:
    # As it is said, whatever separates its words.
    said = {name.replace("_", ""): name for name in DEFAULTS}
    near = get_close_matches(re.sub("[-_]", "", key.lower()), said, n=1)
    return said[near[0]] if near else None


def _advice(nearest: str | None) -> str:
    return f"did you mean {nearest}?" if nearest else "take it out."


def _shown(key: str) -> str:
    return printable(key, 100)
