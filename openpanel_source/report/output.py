"""The file of a report: written whole or not at all, and never over a file of somebody else."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

from openpanel_source.errors import InvalidSettingError

_MARK = "<!-- report of openpanel-source -->\n"
"""What each report ends with."""


def check_output(output: str | Path, *, force: bool) -> Path:
    """Refuse a place where no report may be written; nothing is.

    Args:
        output: A path.
        force: Whether a file that is no report may be replaced.

    Returns:
        The place, absolute; that of the file where it is a link.

    Raises:
        InvalidSettingError: It cannot be written, or holds something else.
    """
    try:
        path = Path(output).expanduser().resolve()
        if path.is_dir():
            raise InvalidSettingError(f"{path} is a folder; name a file for the report.")
        if not path.parent.is_dir():
            raise InvalidSettingError(f"the folder {path.parent} does not exist; make it first.")
        if not os.access(path.parent, os.W_OK):
            raise InvalidSettingError(f"the folder {path.parent} cannot be written.")
        if path.exists() and not path.is_file():
            raise InvalidSettingError(f"{path} is no ordinary file; name another for the report.")
        if path.exists() and not force and not _may_be_replaced(path):
            raise InvalidSettingError(
                f"{path} is there and is no report of openpanel-source; name another file with"
                " --output, or have it replaced with --force."
            )
    except (OSError, RuntimeError, ValueError) as error:
        raise InvalidSettingError(
            f"{str(output)!r:.200} cannot be the file of a report ({error}); name another."
        ) from None
    return path


def write_report(path: Path, page: str) -> None:
    """Write a report, in place of what is there.

    Args:
        path: As ``check_output`` gave it.
        page: The HTML.

    Raises:
        InvalidSettingError: It cannot be written; what was there stays.
    """
    new = path.with_name(f".{path.name}.{uuid4().hex[:12]}")
    try:
        # Readable for whom the user's files are: a web server may be to show it.
        with new.open("x", encoding="utf-8") as file:
            file.write(page.rstrip("\n") + "\n" + _MARK)
            file.flush()
            os.fsync(file.fileno())
        if path.exists():
            new.chmod(path.stat().st_mode & 0o777)
        new.replace(path)
    except OSError as error:
        raise InvalidSettingError(
            f"{path} cannot be written ({error.strerror}); make room, or name another file."
        ) from None
    finally:
        with suppress(OSError):
            new.unlink()


def _may_be_replaced(path: Path) -> bool:
    mark = _MARK.encode()
    with path.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(size - len(mark), 0))
        return size == 0 or file.read() == mark
