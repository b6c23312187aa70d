"""Keys under the source's sections of dlt's configuration: each is known, or refused by name."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from difflib import get_close_matches
from typing import Any

from dlt.common.configuration.providers.provider import ConfigProvider
from dlt.common.configuration.specs import known_sections
from dlt.common.typing import TSecretValue

from openpanel_source.errors import InvalidSettingError
from openpanel_source.model.text import printable

Section = tuple[str, ...]

_OF_DLT = (known_sections.SCHEMA, known_sections.EXTRACT, known_sections.DATA_WRITER)
"""Sections that dlt itself reads below those of a source."""


def check_environment(
    environment: Collection[str],
    sections: list[Section],
    names: Collection[str],
    pipeline: str | None,
) -> None:
    """Refuse variables that are meant for this source and would be ignored.

    Args:
        environment: Names of variables.
        sections: Those that count.
        names: Of all settings.
        pipeline: Name of the pipeline that runs; its own prefix does not count.

    Raises:
        InvalidSettingError: There is one.
    """
    prefixes = {f"{'__'.join(section)}__".upper() for section in sections}
    for variable in environment:
        upper = variable.upper()
        for prefix in prefixes:
            start = f"{pipeline}__{prefix}".upper()
            if pipeline and upper.startswith(start):
                raise InvalidSettingError(
                    f"{_shown(variable)} in the environment is not read, as its name begins with"
                    f" that of a pipeline; set {prefix}{_shown(upper[len(start) :])}."
                )
            # Underscores too many or too few, and small letters, are no other name.
            right = _matching(upper, prefix, names)
            if right is not None and right not in environment:
                raise InvalidSettingError(
                    f"{_shown(variable)} in the environment is not read; its name is {right}."
                )
        own = max((one for one in prefixes if upper.startswith(one)), key=len, default="")
        path = upper[len(own) :].lower().split("__")
        if own and not _is_known(path, names):
            near = path[-1] if path[-1] in names else _nearest("__".join(path), names)
            raise InvalidSettingError(
                f"{_shown(variable)} in the environment is no setting;"
                f" {_advice(near and own + near.upper())}"
            )


def check_document(
    provider: ConfigProvider,
    section: Section,
    sections: list[Section],
    names: Collection[str],
    pipeline: str | None,
) -> None:
    """Refuse keys of a file, or of what is read like one, that would be ignored.

    Args:
        provider: What reads the file.
        section: Where the keys stand.
        sections: All that count; those within this one are no keys.
        names: Of all settings.
        pipeline: Name of the pipeline that runs; its own prefix does not count.

    Raises:
        InvalidSettingError: There is one.
    """
    *above, last = section
    if pipeline and _table(provider, last, pipeline, *above):
        raise InvalidSettingError(
            f"[{pipeline}.{'.'.join(section)}] in {provider.name} is not read; move it to"
            f" [{'.'.join(section)}]."
        )
    for key, value in _table(provider, last, None, *above).items():
        if (*section, key) in sections:
            continue
        unknown = _unknown_key(key, value, names)
        if unknown is not None:
            *inside, wrong = unknown
            near = _nearest(wrong, names)
            advice = _advice(near)
            if not inside and near is None and isinstance(value, Mapping):
                advice = (
                    "move what it holds up, or, if it is for a source that is named so, to"
                    f" [{section[0]}.{_shown(key)}]."
                )
            raise InvalidSettingError(
                f"{_shown(wrong)} under [{'.'.join([*section, *map(_shown, inside)])}] in"
                f" {provider.name} is no setting; {advice}"
            )


def _unknown_key(key: str, value: object, names: Collection[str]) -> list[str] | None:
    """The path to a key that nobody reads."""
    if key in names or (key in _OF_DLT and isinstance(value, Mapping)):
        return None
    if isinstance(value, Mapping) and _nearest(key, names) is None:
        # Meant for a section that would have to be that of a source.
        return next(([key, inner] for inner in value if inner not in names), [key])
    return [key]


def _table(
    provider: ConfigProvider, key: str, pipeline: str | None, *above: str
) -> Mapping[str, Any]:
    # A vault looks for whole sections where it is asked for secrets.
    value, _ = provider.get_value(key, TSecretValue, pipeline, *above)
    return value if isinstance(value, Mapping) else {}


def _is_known(path: list[str], names: Collection[str]) -> bool:
    if path[0] in _OF_DLT:
        return len(path) > 1
    return len(path) == 1 and path[0] in names


def _matching(variable: str, prefix: str, names: Collection[str]) -> str | None:
    """The right name of a variable that differs from it in underscores only."""
    plain, start = _plain(variable), _plain(prefix)
    rest = plain.removeprefix(start) if plain.startswith(start) else None
    return next((prefix + name.upper() for name in names if _plain(name) == rest), None)


def _plain(name: str) -> str:
    return re.sub("_+", "_", name.upper())


def _nearest(key: str, names: Collection[str]) -> str | None:
    # As it is said, whatever separates its words.
    said = {name.replace("_", ""): name for name in names}
    near = get_close_matches(re.sub("[-_]", "", key.lower()), said, n=1)
    return said[near[0]] if near else None


def _advice(nearest: str | None) -> str:
    return f"did you mean {nearest}?" if nearest else "take it out."


def _shown(key: str) -> str:
    return printable(key, 100)
