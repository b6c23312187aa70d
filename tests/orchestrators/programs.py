"""Programs that run beside a test, each as on a machine of its own, until it ends or is killed."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import pytest

Found = TypeVar("Found")
PATIENCE = 300.0
"""Seconds to wait for what happens within ten on a machine that has nothing else to do."""


@dataclass(frozen=True)
class Program:
    """A program in a session of its own, so that all it has started can be found.

    Args:
        process: The process.
        folder: Its scratch folder, which no other program has.
        log: What it says.
    """

    process: subprocess.Popen[bytes]
    folder: Path
    log: Path

    def kill(self) -> None:
        """Kill the process group at once."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def ends(self, seconds: float = PATIENCE) -> int:
        """The exit code, once it ends by itself."""
        return self.process.wait(seconds)

    def is_running(self) -> bool:
        return self.process.poll() is None

    def tail(self) -> str:
        """The last that it said."""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-60:])


class Programs:
    """Starts programs in a folder; ``ending`` ends them.

    Args:
        folder: Where their scratch folders and logs are.
        environment: What all of them have in their environment.
    """

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        self._folder = folder
        self._environment = environment
        self.running: list[Program] = []

    def start(self, name: str, *command: str | Path, **environment: str) -> Program:
        """Start a program; its folder holds what dlt keeps on its machine.

        Args:
            name: Of its folder and log.
            command: Program and arguments.
            environment: More of it; ``DLT_DATA_DIR`` is there unless it is named.
        """
        folder = self._folder / name
        folder.mkdir()
        env = {**self._environment, "DLT_DATA_DIR": str(folder / "dlt"), **environment}
        found = shutil.which(str(command[0]), path=env["PATH"])
        assert found, f"{command[0]} is not installed"
        log = self._folder / f"{name}.log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                [found, *command[1:]],
                cwd=self._folder,
                env=env,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        program = Program(process, folder, log)
        self.running.append(program)
        return program

    def end(self) -> None:
        """Kill what is left, whatever process groups they have made, the newest first."""
        for program in reversed(self.running):
            for pid in session(program.process.pid):
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            program.process.wait()

    def wait_for(self, what: str, look: Callable[[], Found], seconds: float = PATIENCE) -> Found:
        """What ``look`` finds, once it finds anything; fails when a program ends meanwhile."""
        until = time.monotonic() + seconds
        watched = [program for program in self.running if program.is_running()]
        while not (found := look()):
            ended = [program for program in watched if not program.is_running()]
            assert not ended, f"waiting for {what}: {ended[0].log.name}\n{ended[0].tail()}"
            assert time.monotonic() < until, f"{what}: not within {seconds:.0f} s\n{self.tails()}"
            time.sleep(0.2)
        return found

    def tails(self) -> str:
        return "\n".join(f"== {program.log.name}\n{program.tail()}" for program in self.running)


@contextmanager
def ending(programs: Programs) -> Iterator[Programs]:
    """End programs after a test, and show what they said last where it failed."""
    try:
        yield programs
    except BaseException:
        print(programs.tails())
        raise
    finally:
        programs.end()


def session(leader: int) -> list[int]:
    """The processes of a session, whichever process group they are in."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            # The name, in parentheses, may hold spaces.
            fields = stat.read_text().rpartition(")")[2].split()
            if int(fields[3]) == leader:
                found.append(int(stat.parent.name))
    return found


def command_line(pid: int) -> Sequence[str]:
    """Program and arguments of a process; none if it is gone."""
    with suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_text(errors="replace").split("\0")
    return ()


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: Any = listener.getsockname()[1]
        return int(port)


def needed(program: str) -> str:
    """Where a program of the system is; without it, the test is skipped, or in CI fails."""
    found = shutil.which(program)
    if found is None:
        (pytest.fail if os.environ.get("CI_REQUIRES_ALL") else pytest.skip)(
            f"{program} is not installed"
        )
    return str(found)
