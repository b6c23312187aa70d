"""Run the command again and again in forks of one warm process, watch each, and kill it.

``python -m tests.support.forked_command`` reads one order a line from stdin and answers it with
one line on stdout, both JSON. A child is a fork made after the imports: it runs the real command
and dies of a real SIGKILL. Nothing in it is patched: an audit hook sees what it sends and which
files it opens and renames, and from that it knows the stage it is in.

========  ==========================================================================================
order     meaning
========  ==========================================================================================
args      arguments of ``openpanel-source``
env       environment variables to set
folder    to run in; ``out.txt`` and ``err.txt`` are written there
stage     kill in this stage; without it and without ``step`` the child may end by itself
nth       kill the nth time the child enters that stage, from 1
delay     seconds after that
step      kill right before a file operation or request that matches (see ``Watch``), the
          ``nth`` of them
========  ==========================================================================================

========  ==========================================================================================
answer    meaning
========  ==========================================================================================
code      the exit code; None if the child was killed
stages    the stages that the child went through: name and seconds since its start
seconds   how long it lived
========  ==========================================================================================
"""

from __future__ import annotations

import importlib
import json
import os
import re
import select
import signal
import struct
import sys
import time
from typing import Any

STAGES = ("plan", "read", "write", "load", "commit")
"""What a run does: count, fetch pages, extract and normalize files, load them, commit the state."""

_STAMP = struct.Struct("<Bd")
_LONGEST = 240.0
"""Seconds after which a child hangs."""
_WARM = (
    "duckdb",
    "dlt.destinations.impl.duckdb.duck",
    "openpanel_source.cli.commands.sync",
    "openpanel_source.destinations.pipelines",
    "openpanel_source.operations.sync",
    "pyarrow.parquet",
)
_WRITTEN = re.compile(r"/normalize/[^/]+/[^/]+/new_jobs/")
_PACKAGE_BEGINS = re.compile(r"/load/normalized/[^/]+$")
_JOB_BEGINS = re.compile(r"/load/normalized/[^/]+/started_jobs/")
_JOB_ENDS = re.compile(r"(.*/load/normalized/[^/]+)/completed_jobs/")


class Watch:
    """An audit hook that tells the parent each stage that begins.

    Args:
        pipe: Where to write the stamps.
        step: Die right before a step that this expression matches. Steps are ``count``, ``page``,
            ``write PATH``, ``rename to PATH`` and ``remove PATH``.
        nth: Which of them, from 1.
    """

    def __init__(self, pipe: int, step: str | None, nth: int) -> None:
        self._pipe = pipe
        self._step = step
        self._left = nth
        self._stage = ""
        self._enter("plan")

    def __call__(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event == "http.client.send":
            self._sends(bytes(arguments[1][:4000]))
        elif event == "os.rename":
            self._renames(os.fsdecode(arguments[0]), os.fsdecode(arguments[1]))
        elif event == "open" and isinstance(arguments[0], str):
            self._opens(arguments[0], str(arguments[1]))
        elif event in ("os.remove", "os.rmdir"):
            self._at(f"remove {arguments[0]}")

    def _sends(self, request: bytes) -> None:
        is_page = b"&page=" in request
        self._at("page" if is_page else "count")
        if is_page and self._stage == "plan":
            self._enter("read")
        elif not is_page and self._stage == "commit":
            self._enter("plan")

    def _opens(self, path: str, mode: str) -> None:
        if "w" not in mode:
            return
        self._at(f"write {path}")
        if _WRITTEN.search(path):
            self._enter("write")

    def _renames(self, source: str, target: str) -> None:
        self._at(f"rename to {target}")
        if _PACKAGE_BEGINS.search(target) or _JOB_BEGINS.search(target):
            self._enter("load")
        ends = _JOB_ENDS.search(target)
        if ends and not os.listdir(f"{ends[1]}/new_jobs") and _is_last(f"{ends[1]}/started_jobs"):
            self._enter("commit")

    def _at(self, step: str) -> None:
        if self._step is not None and re.search(self._step, step):
            self._left -= 1
            if self._left == 0:
                os.kill(os.getpid(), signal.SIGKILL)

    def _enter(self, stage: str) -> None:
        if stage != self._stage:
            self._stage = stage
            os.write(self._pipe, _STAMP.pack(STAGES.index(stage), time.monotonic()))


def _is_last(folder: str) -> bool:
    return len(os.listdir(folder)) == 1


def _obey(order: dict[str, Any]) -> dict[str, Any]:
    reading, writing = os.pipe()
    started = time.monotonic()
    child = os.fork()
    if child == 0:
        os.close(reading)
        _become_the_command(order, writing)
    os.close(writing)
    try:
        stamps = _supervise(child, reading, order)
    finally:
        os.close(reading)
    _, status = os.waitpid(child, 0)
    return {
        "code": None if os.WIFSIGNALED(status) else os.WEXITSTATUS(status),
        "stages": [(STAGES[stage], at - started) for stage, at in stamps],
        "seconds": time.monotonic() - started,
    }


def _supervise(child: int, reading: int, order: dict[str, Any]) -> list[tuple[int, float]]:
    """Read the child's stamps until it is gone; kill it when its time has come."""
    stamps: list[tuple[int, float]] = []
    wanted, left = order.get("stage"), order.get("nth", 1)
    deadline = time.monotonic() + _LONGEST
    while True:
        ready, _, _ = select.select([reading, sys.stdin], [], [], _until(deadline))
        if not ready or sys.stdin in ready:
            # Its time has come, or whoever gave the order is gone.
            os.kill(child, signal.SIGKILL)
            deadline = time.monotonic() + _LONGEST
        if reading not in ready:
            continue
        data = os.read(reading, _STAMP.size)
        if not data:
            return stamps
        stage, at = _STAMP.unpack(data)
        stamps.append((stage, at))
        if STAGES[stage] == wanted:
            left -= 1
            if left == 0:
                deadline = at + order.get("delay", 0.0)


def _until(deadline: float) -> float:
    return max(0.0, deadline - time.monotonic())


def _become_the_command(order: dict[str, Any], pipe: int) -> None:
    folder = order["folder"]
    os.environ.update(order["env"])
    os.chdir(folder)
    for descriptor, name in ((1, "out.txt"), (2, "err.txt")):
        file = os.open(f"{folder}/{name}", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        os.dup2(file, descriptor)
        os.close(file)
    from openpanel_source.cli.main import main

    sys.addaudithook(Watch(pipe, order.get("step"), order.get("nth", 1)))
    main(order["args"], prog_name="openpanel-source")


def _serve() -> None:
    for name in _WARM:
        importlib.import_module(name)
    # Unbuffered, so that select tells whether there is something to read.
    orders = open(0, "rb", buffering=0, closefd=False)  # noqa: SIM115 - as long as the process
    while line := orders.readline():
        sys.stdout.write(json.dumps(_obey(json.loads(line))) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    _serve()
