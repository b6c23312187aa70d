"""Lists as they stand in configuration: of Python, or as JSON in an environment variable."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
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
    if isinstance(value, str):
        # Environment variables carry lists as JSON.
        try:
            value = msgspec.json.decode(value)
        except msgspec.DecodeError:
            raise InvalidSettingError(f"{name} must be a list, not {value!r}.") from None
    if isinstance(value, (str, bytes, Mapping)) or not isinstance(value, Iterable):
        raise InvalidSettingError(f"{name} must be a list, not {value!r}.")
    return value
