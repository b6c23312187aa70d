"""Keys that are meant for this source or the command, and would be ignored: they are refused."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any

from dlt.common.configuration.providers.provider import ConfigProvider
from dlt.common.configuration.specs import known_sections
from dlt.common.typing import TSecretValue

from openpanel_source.errors import InvalidSettingError
from openpanel_source.model.text import printable
from openpanel_source.source.arguments import COMMAND_SECTION, DEFAULTS, OF_COMMAND

Section = tuple[str, ...]

_OF_DLT = (known_sections.SCHEMA, known_sections.EXTRACT, known_sections.DATA_WRITER)
"""Sections that dlt itself reads below those of a source."""


def check_environment(sections: list[Section], pipeline: str | None) -> None:
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


def check_document(
    provider: ConfigProvider, section: Section, sections: list[Section], pipeline: str | None
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
    provider: ConfigProvider, section: Section, pipeline: str | None = None
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
