"""Lists and mappings as they stand in configuration: of Python, or JSON as in the environment."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any

import msgspec

from openpanel_source.errors import InvalidSettingError


def texts(name: str, value: object) -> tuple[str, ...]:
    """One or many texts as they stand in configuration, where a list is JSON.

    Raises:
        InvalidSettingError: There is something else among them.
    """
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        raise InvalidSettingError(f"{name} is the number {value!r}; write it in quotes, as text.")
    is_one = isinstance(value, str) and not value.startswith(("[", "{"))
    texts: tuple[Any, ...] = (value,) if is_one else tuple(list_of(name, value))
    for text in texts:
        if not isinstance(text, str) or not text:
            raise InvalidSettingError(
                f"{name} holds {text!r}; give one or more non-empty texts, in quotes."
            )
    return texts


def list_of(name: str, value: object) -> Iterable[Any]:
    """A list as it stands in configuration, where it may be JSON.

    Raises:
        InvalidSettingError: It is something else.
    """
    if value is None:
        return ()
    value = decoded(value)
    if isinstance(value, (str, bytes, Mapping)) or not isinstance(value, Iterable):
        raise InvalidSettingError(f"{name} must be a list, not {value!r}.")
    return value


def decoded(value: object) -> Any:
    """What a text of JSON holds, as the environment has lists and mappings; else the value."""
    if isinstance(value, str):
        with suppress(msgspec.DecodeError, UnicodeEncodeError):
            return msgspec.json.decode(value)
    return value
