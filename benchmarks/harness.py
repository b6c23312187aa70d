"""What all measurements share: a server, and processes whose time and memory is measured."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from pathlib import Path
from typing import IO, Any

from benchmarks.api import CLIENT_ID, CLIENT_SECRET, PROJECT
from benchmarks.contestants import Work

HERE = Path(__file__).parent
_LOOK_SECONDS = 0.2


class Server:
    """A running server; days end with yesterday unless said otherwise.

    Args:
        url: Where it listens.
        days: Days that hold events.
        last: The last of them.
    """

    def __init__(self, url: str, days: int, last: date) -> None:
        self.url = url
        self.first, self.last = last - timedelta(days=days - 1), last

    def work(self, folder: str, now: str = "") -> Work:
        """Everything there is, to be loaded into a folder."""
        first, last = str(self.first), str(self.last)
        return Work(self.url, folder, PROJECT, CLIENT_ID, CLIENT_SECRET, first, last, now)

    def ask(self, path: str) -> dict[str, Any]:
        """The answer of a control address, ``/stats``, ``/stats/reset`` or ``/grow``."""
        with urllib.request.urlopen(f"{self.url}{path}") as response:
            answer: dict[str, Any] = json.load(response)
        return answer

    def grow(self, events: int) -> None:
        """Add a day."""
        self.ask(f"/grow?events={events}")
        self.last += timedelta(days=1)


@contextmanager
def serving(events: int, days: int, *more: str) -> Iterator[Server]:
    """A server with so many events over so many days, with further options."""
    last = datetime.now(timezone.utc).date() - timedelta(days=1)
    command = [sys.executable, "-m", "benchmarks.server", "--events", str(events)]
    command += ["--days", str(days), "--last-day", str(last), *more]
    with subprocess.Popen(command, cwd=HERE.parent, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline().split()
            if len(line) != 2:
                raise SystemExit("the server did not start; see its message above.")
            yield Server(line[1], days, last)
        finally:
            process.kill()


@dataclass(frozen=True)
class Run:
    """What a process needed.

    Attributes:
        wall: Seconds, start of the interpreter and imports included.
        cpu: User and system seconds, of its children too.
        peak_mb: Largest sum of the resident memory of the process and its children, MB.
        output: What it printed.
    """

    wall: float
    cpu: float
    peak_mb: float
    output: str


def run(command: Sequence[str], folder: str, environment: Mapping[str, str] | None = None) -> Run:
    """Run a program in a folder, away from configuration of this machine, and measure it."""
    variables = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("SOURCES__", "DESTINATION__"))
    }
    variables |= {
        "PYTHONPATH": str(HERE.parent),
        "DLT_DATA_DIR": folder,
        "RUNTIME__LOG_LEVEL": "CRITICAL",
        "RUNTIME__DLTHUB_TELEMETRY": "false",
        **(environment or {}),
    }
    with tempfile.TemporaryFile("w+") as output, tempfile.TemporaryFile("w+") as errors:
        started = time.perf_counter()
        process = subprocess.Popen(command, cwd=folder, env=variables, stdout=output, stderr=errors)
        watch = _MemoryWatch(process.pid)
        watch.start()
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        # The larger of the process and its largest child; then that of all of them together.
        alone = usage.ru_maxrss / (1 << 20 if sys.platform == "darwin" else 1 << 10)
        peak = max(alone, watch.stop())
        text, complaint = _text(output), _text(errors)
    if process.returncode:
        raise SystemExit(f"{command[:4]} failed with {process.returncode}: {text}{complaint}")
    return Run(wall, usage.ru_utime + usage.ru_stime, peak, text)


def check_rows(database: str, table: str, events: int) -> None:
    """Stop with a message unless a table holds each event once.

    Counted by a process of its own: it takes more memory than a load may, and the system counts
    what the parent of a process ever held as if that process had held it.
    """
    query = f"SELECT count(*), count(DISTINCT id) FROM {table}"
    code = (
        "import duckdb, sys\n"
        "with duckdb.connect(sys.argv[1], read_only=True) as connection:\n"
        "    print(*connection.sql(sys.argv[2]).fetchall()[0])"
    )
    counted = subprocess.run(
        [sys.executable, "-c", code, database, query], stdout=subprocess.PIPE, text=True, check=True
    )
    rows, ids = map(int, counted.stdout.split())
    if not rows == ids == events:
        raise SystemExit(f"{table} holds {rows:,} rows of {ids:,} events, not {events:,}.")


def _text(file: IO[str]) -> str:
    file.seek(0)
    return file.read()


class _MemoryWatch(threading.Thread):
    """Looks at the resident memory of a process and its children together, where there is /proc."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self._pid = pid
        self._peak = 0.0
        self._ended = threading.Event()

    def run(self) -> None:
        while not self._ended.wait(_LOOK_SECONDS):
            self._peak = max(self._peak, _family_mb(self._pid))

    def stop(self) -> float:
        """The highest sum seen, in MB; pages that a fork shares are counted more than once."""
        self._ended.set()
        self.join()
        return self._peak


def _family_mb(root: int) -> float:
    parents: dict[int, int] = {}
    pages: dict[int, int] = {}
    for file in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            # The name, in parentheses, may hold spaces.
            fields = file.read_text().rpartition(")")[2].split()
            pid = int(file.parent.name)
            parents[pid], pages[pid] = int(fields[1]), int(fields[21])
    family = {root}
    while more := {pid for pid, parent in parents.items() if parent in family} - family:
        family |= more
    return sum(pages.get(pid, 0) for pid in family) * resource.getpagesize() / (1 << 20)
