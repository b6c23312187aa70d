"""dlt's files of settings: where they are looked for, what they lack, what is wrong in one."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import dlt
import tomlkit
from dlt.common.configuration.providers import SettingsTomlProvider
from dlt.common.configuration.providers.toml import TomlProviderReadException
from tomlkit.exceptions import ParseError, TOMLKitError

from openpanel_source.errors import ConfigurationError, InvalidSettingError
from openpanel_source.model.text import printable


def searched() -> str:
    """The folders in which dlt looks for its files, and which of them are there, in words."""
    found: dict[str, list[str]] = {}
    for provider in dlt.config.config_providers:
        if isinstance(provider, SettingsTomlProvider):
            for path in provider.locations:
                folder, name = os.path.split(os.path.abspath(path))
                names = found.setdefault(folder, [])
                if path in provider.present_locations:
                    names.append(name)
    places = (
        f"{printable(folder, 300)}, which has {' and '.join(names) or 'neither file'}"
        for folder, names in found.items()
    )
    return f"searched: {'; '.join(places)}"


def missing_settings(names: list[str], secret: Sequence[str]) -> InvalidSettingError:
    """What to set where, of settings that are missing.

    Args:
        names: Of the source's.
        secret: Those that no other file than that of secrets may hold.
    """
    variables = [f"SOURCES__OPENPANEL__{name.upper()}" for name in names]
    places = [
        f"{_listed(group)} under [sources.openpanel] in .dlt/{file}.toml"
        for file, is_secret in (("config", False), ("secrets", True))
        if (group := [name for name in names if (name in secret) is is_secret])
    ]
    verb = "is" if len(names) == 1 else "are"
    return InvalidSettingError(
        f"{_listed(names)} {verb} missing; run openpanel-source init, or set {_listed(variables)}"
        f" in the environment, or {' and '.join(places)} ({searched()})."
    )


def broken_file(error: TomlProviderReadException) -> ConfigurationError:
    """Which of dlt's files cannot be read, and where; of what is in it nothing is told."""
    for path in map(Path, error.full_paths):
        try:
            text = path.read_text(encoding="utf-8")
            if text.startswith("\ufeff"):
                return InvalidSettingError(
                    f"{path} begins with a byte order mark; save it as UTF-8 without one."
                )
            tomlkit.parse(text)
        except FileNotFoundError:
            continue
        except OSError as problem:
            return InvalidSettingError(
                f"{path} cannot be read ({problem.strerror}); change its permissions."
            )
        except UnicodeDecodeError as problem:
            line = path.read_bytes().count(b"\n", 0, problem.start) + 1
            return InvalidSettingError(f"{path} is no UTF-8 text in line {line}; correct it.")
        except TOMLKitError as problem:
            return InvalidSettingError(
                f"{path} is no valid TOML in line {_line(text, problem)}; correct it."
            )
    return InvalidSettingError(f"{error.file_name} cannot be read; correct it.")


def _line(text: str, problem: TOMLKitError) -> int:
    if isinstance(problem, ParseError):
        return problem.line
    # A key stands twice: the problem does not say where.
    lines = text.splitlines(keepends=True)
    for count in range(1, len(lines)):
        try:
            tomlkit.parse("".join(lines[:count]))
        except TOMLKitError as earlier:
            if type(earlier) is type(problem):
                return count
    return len(lines)


def _listed(names: list[str]) -> str:
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last
