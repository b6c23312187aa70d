"""Standard streams that are closed, or cannot hold all text, are no reason to load nothing."""

from __future__ import annotations

import os
import sys
from io import BufferedWriter, FileIO, TextIOWrapper

_BOXES = str.maketrans("┌─┬┐│├┼┤└┴┘·", "+-++|++++++.")


def mend_streams() -> None:
    """Open what is closed, to nowhere, and have what cannot be encoded written as escapes.

    Whatever the process opened next would get the number of a closed stream: a database, into which
    messages were then written.
    """
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        if not _is_open(number):
            nowhere = os.open(os.devnull, os.O_RDWR)
            os.dup2(nowhere, number)
            if nowhere != number:
                os.close(nowhere)
        if getattr(sys, name) is None:
            mode = "r" if number == 0 else "w"
            setattr(sys, name, os.fdopen(number, mode, encoding="utf-8", closefd=False))
    for name in ("stdout", "stderr"):
        output = getattr(sys, name)
        if isinstance(output, TextIOWrapper):
            if isinstance(output.buffer, FileIO):
                # PYTHONUNBUFFERED: what a write could not take would be lost without a word.
                output = TextIOWrapper(
                    BufferedWriter(output.buffer), output.encoding, line_buffering=True
                )
                setattr(sys, name, output)
            output.reconfigure(errors="backslashreplace")


def drawable(text: str) -> str:
    """The text, with its boxes drawn in ASCII if stdout takes no others."""
    try:
        text.encode(sys.stdout.encoding)
    except UnicodeEncodeError:
        return text.translate(_BOXES)
    return text


def _is_open(number: int) -> bool:
    try:
        os.fstat(number)
    except OSError:
        return False
    return True
