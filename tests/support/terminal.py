"""The command in a real pseudo-terminal, typed into and read."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import subprocess
import termios
import time
from collections.abc import Mapping

from tests.support.command import COMMAND


class Terminal:
    """A process in a pseudo-terminal.

    Args:
        arguments: Of the command.
        environment: What it has beside that of this process.
    """

    def __init__(self, *arguments: str, environment: Mapping[str, str] | None = None) -> None:
        self._main, other = pty.openpty()
        usual = {"TERM": "dumb", "COLUMNS": "60", "LINES": "30"}
        self.process = subprocess.Popen(
            [*COMMAND, *arguments],
            stdin=other,
            stdout=other,
            stderr=other,
            env=os.environ | usual | dict(environment or {}),
            start_new_session=True,
            preexec_fn=_take_terminal,  # noqa: PLW1509 - no threads here
        )
        os.close(other)
        self.seen = ""
        self.everything = ""

    def type(self, text: str) -> None:
        # As people do: a signal between the prompt and the wait for a key is seen with the key.
        time.sleep(0.3)
        os.write(self._main, text.encode())

    def until(self, text: str, seconds: float = 60) -> str:
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
        code = self.process.wait(timeout=60)
        os.close(self._main)
        return code

    def kill(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()


def _take_terminal() -> None:
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
