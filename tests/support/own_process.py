"""The command in a process of its own, against a server with two weeks of events."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence

import duckdb

from openpanel_source.sandbox import Sandbox
from tests.support.sandbox_world import CLIENT, NOW, SECRET, event

DAYS = [f"2026-11-{day:02d}" for day in range(10, 24)]
ROWS = [
    event(10 * int(day[-2:]) + number, createdAt=f"{day}T10:00:0{number}.000Z")
    for day in DAYS
    for number in range(3)
]
COMMAND = ("-m", "openpanel_source.cli")


def environment_of(sandbox: Sandbox) -> dict[str, str]:
    """The environment of a command that reads a server; what a test sets in it comes first."""
    settings = {
        "CLIENT_ID": CLIENT,
        "CLIENT_SECRET": SECRET,
        "PROJECT_ID": "web",
        "BASE_URL": sandbox.url,
        "NOW": NOW.isoformat(),
    }
    return {f"SOURCES__OPENPANEL__{name}": settings[name] for name in settings} | os.environ


def start(
    sandbox: Sandbox, *arguments: str, program: Sequence[str] = COMMAND
) -> subprocess.Popen[str]:
    """The command in a process of its own."""
    return subprocess.Popen(
        [sys.executable, *program, *arguments],
        env=environment_of(sandbox),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def run(sandbox: Sandbox, *arguments: str) -> tuple[int, str, str]:
    """The command, to its end: its exit code, what it printed, and its messages."""
    process = start(sandbox, *arguments)
    output, errors = process.communicate(timeout=180)
    return process.returncode, output, errors


def days_held() -> int:
    """Days with events in the command's warehouse."""
    with duckdb.connect("warehouse.duckdb") as connection:
        count = "SELECT count(DISTINCT event_date) FROM openpanel.events"
        row = connection.execute(count).fetchone()
    assert row is not None
    return int(row[0])
