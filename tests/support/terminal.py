"""The command in a real pseudo-terminal: typed into and read, or looked at as it draws."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import termios
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from tests.support.command import COMMAND

_CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\r")


def _begun(
    command: Sequence[str], columns: int, environment: Mapping[str, str]
) -> tuple[subprocess.Popen[bytes], int]:
    """A process whose input, output and errors are a terminal, and our end of that."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
    process = subprocess.Popen(
        command,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env={**os.environ, "COLUMNS": str(columns), **environment},
        start_new_session=True,
        preexec_fn=_take_terminal,  # noqa: PLW1509 - no threads here
    )
    os.close(theirs)
    return process, ours


def _take_terminal() -> None:
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


class Terminal:
    """A process in a pseudo-terminal.

    Args:
        arguments: Of the command.
        environment: What it has beside that of this process.
    """

    def __init__(self, *arguments: str, environment: Mapping[str, str] | None = None) -> None:
        dumb = {"TERM": "dumb"} | dict(environment or {})
        self.process, self._main = _begun([*COMMAND, *arguments], 60, dumb)
        self.seen = ""
        self.everything = ""

    def type(self, text: str) -> None:
        # As people do: a signal between the prompt and the wait for a key is seen with the key.
        time.sleep(0.3)
        os.write(self._main, text.encode())

    def until(self, text: str, seconds: float = 120) -> str:
        """What is shown until a text comes, that text included."""
        deadline = time.monotonic() + seconds
        while text not in self.seen:
            ready, _, _ = select.select([self._main], [], [], deadline - time.monotonic())
            assert ready, self.seen
            try:
                came = os.read(self._main, 65536).decode(errors="replace")
            except OSError:
                break
            self.seen += came
            self.everything += came
        shown, sign, self.seen = self.seen.partition(text)
        assert sign or not text, shown
        return shown + sign

    def ended(self) -> int:
        """The exit code, once all is read."""
        while True:
            try:
                self.everything += os.read(self._main, 65536).decode(errors="replace")
            except OSError:
                break
        code = self.process.wait(timeout=120)
        os.close(self._main)
        return code

    def kill(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()


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
    process, ours = _begun(command, columns, {"TERM": "xterm"} | environment)
    try:
        drawn = ""
        with suppress(OSError):  # The process has closed its end.
            while piece := os.read(ours, 65_536):
                drawn += piece.decode(errors="replace")
                if seen is not None:
                    seen(drawn, process)
        process.wait()
    finally:
        # A test that takes too long is ended by an exception, and nobody reads any more.
        process.kill()
        process.wait()
        os.close(ours)
    return Shown(drawn, process.returncode)
