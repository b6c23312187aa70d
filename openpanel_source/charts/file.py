"""Charts in a TOML or YAML file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import tomlkit
from tomlkit.exceptions import TOMLKitError

from openpanel_source.charts.definition import Chart, parse_charts
from openpanel_source.errors import InvalidSettingError


def load_charts(path: str | Path) -> tuple[Chart, ...]:
    """The charts that a file defines.

    Args:
        path: A ``.toml`` file with tables ``[[charts]]``, or a ``.yaml`` file with a list
            ``charts``; the fields are those of ``Chart``.

    Returns:
        The charts, in the order of the file.

    Raises:
        InvalidSettingError: The file cannot be read, or a definition is not allowed.
    """
    path = Path(path)
    decode = _FORMATS.get(path.suffix.lower())
    if decode is None:
        raise InvalidSettingError(f"charts file {path}: name it .toml, .yaml or .yml.")
    try:
        content = decode(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InvalidSettingError(
            f"charts file {path} cannot be read ({error.strerror}); check the path."
        ) from None
    except (ValueError, TOMLKitError) as error:
        raise InvalidSettingError(
            f"charts file {path} is not {path.suffix[1:].upper()} ({error}); mend it."
        ) from None
    charts = content.get("charts") if isinstance(content, dict) else None
    if not isinstance(charts, list) or set(content) != {"charts"}:
        raise InvalidSettingError(
            f"charts file {path} must hold a list of charts and nothing else: [[charts]] in TOML,"
            " charts: in YAML."
        )
    try:
        return parse_charts(charts)
    except InvalidSettingError as error:
        raise InvalidSettingError(f"charts file {path}: {error.message}") from None


_FORMATS: dict[str, Callable[[str], Any]] = {
    ".toml": lambda text: tomlkit.parse(text).unwrap(),
    ".yaml": msgspec.yaml.decode,
    ".yml": msgspec.yaml.decode,
}
