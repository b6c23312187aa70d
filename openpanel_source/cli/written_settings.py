"""dlt's files of settings in the project's folder, extended without losing what they hold."""

from __future__ import annotations

import os
import signal
import tempfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import tomlkit
from tomlkit.exceptions import TOMLKitError

from openpanel_source.errors import InvalidSettingError

SECRETS = "secrets.toml"
CONFIG = "config.toml"
_MODES = {SECRETS: 0o600, CONFIG: 0o644}
_Values = Mapping[str, Any]


def settings_folder() -> Path:
    """The folder in which dlt looks first; it may not be there."""
    import dlt

    return Path(dlt.current.run_context().settings_dir).absolute()


def write_settings(values: Mapping[str, _Values]) -> list[Path]:
    """Add values to the files of settings, all of them or none.

    Args:
        values: What to add, by name of the file; those without values are left alone.

    Returns:
        The files that were written.

    Raises:
        InvalidSettingError: A value is set already, or a file cannot be read or written.
    """
    folder = settings_folder()
    made: list[tuple[Path, Path]] = []
    try:
        folder.mkdir(exist_ok=True)
        for name, added in values.items():
            if added:
                # One that is a link stays one.
                path = (folder / name).resolve()
                keeps_mode = name != SECRETS and path.exists()
                mode = path.stat().st_mode & 0o777 if keeps_mode else _MODES[name]
                made.append((_written_beside(path, mode, added), path))
        with _uninterrupted():
            for new, path in made:
                new.replace(path)
    except OSError as error:
        raise InvalidSettingError(
            f"{error.filename or folder} cannot be written ({error.strerror}); change its"
            " permissions, or go to another folder."
        ) from None
    finally:
        for new, _ in made:
            with suppress(OSError):
                new.unlink()
    return [path for _, path in made]


def _written_beside(path: Path, mode: int, added: _Values) -> Path:
    text = path.read_bytes().decode() if path.exists() else ""
    try:
        content = extended(text, added).encode()
    except (TOMLKitError, ValueError) as error:
        raise InvalidSettingError(f"{path} cannot be extended ({error}); edit it.") from None
    # Made with mode 0600.
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    new = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        new.chmod(mode)
    except BaseException:
        new.unlink()
        raise
    return new


def extended(text: str, values: _Values) -> str:
    """A text of TOML with more values in it; what it holds stays as it is, comments too.

    Args:
        text: May be empty.
        values: Tables of tables of values.

    Raises:
        ValueError: A value is set already, or the text has a form that cannot be extended.
    """
    document = tomlkit.parse(text)
    expected = _merged(document.unwrap(), values, ())
    if text and not text.endswith("\n"):
        document = tomlkit.parse(f"{text}\n")
    _add(document, values)
    result = tomlkit.dumps(document)
    # Tables in an unusual order, or inline, are where a library may err.
    if tomlkit.parse(result).unwrap() != expected:
        raise ValueError("its tables are in a form that is not understood")
    return result


def _merged(held: _Values, added: _Values, above: tuple[str, ...]) -> dict[str, Any]:
    merged = dict(held)
    for key, value in added.items():
        path = (*above, key)
        if isinstance(value, Mapping) and isinstance(merged.get(key, {}), Mapping):
            merged[key] = _merged(merged.get(key, {}), value, path)
        elif key in merged:
            raise ValueError(f"{'.'.join(path)} is set already")
        else:
            merged[key] = value
    return merged


def _add(table: Any, values: _Values) -> None:
    for key, value in values.items():
        if not isinstance(value, Mapping):
            table[key] = value
            continue
        if key not in table:
            is_only_above = all(isinstance(inner, Mapping) for inner in value.values())
            table[key] = tomlkit.table(is_super_table=is_only_above)
        _add(table[key], value)


@contextmanager
def _uninterrupted() -> Iterator[None]:
    """Have Ctrl-C wait for a moment."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    came: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, _: came.append(number))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
        if came:
            signal.raise_signal(signal.SIGINT)
