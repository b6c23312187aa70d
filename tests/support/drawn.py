"""A command in a terminal of its own, and what it draws there."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import struct
import subprocess
import termios
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

_CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\r")


@dataclass(frozen=True)
class Shown:
    """What a command has drawn in its terminal, without colours, and its exit code."""

    text: str
    code: int

    @property
    def lines(self) -> list[str]:
        """What stood there at some time, line by line."""
        return [line.strip() for line in _CONTROL.sub("\n", self.text).splitlines() if line.strip()]


def in_terminal(
    command: list[str],
    *,
    columns: int = 200,
    seen: Callable[[str, subprocess.Popen[bytes]], None] | None = None,
    **environment: str,
) -> Shown:
    """Run a command whose output and errors are a terminal.

    Args:
        command: The command.
        columns: How wide the terminal is.
        seen: Called with all that was drawn, each time that there is more, and the process.
        environment: Variables in addition.
    """
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
    with subprocess.Popen(
        command,
        env=os.environ | {"TERM": "xterm", "COLUMNS": str(columns)} | environment,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
    ) as process:
        os.close(theirs)
        drawn = ""
        with suppress(OSError):  # The process has closed its end.
            while piece := os.read(ours, 65_536):
                drawn += piece.decode(errors="replace")
                if seen is not None:
                    seen(drawn, process)
        os.close(ours)
    return Shown(drawn, process.returncode)
