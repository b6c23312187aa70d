"""Whoever waits for a sync sees what it waits for: in the log, and on a terminal."""

from __future__ import annotations

import os
import pty
import subprocess

from tests.support.command import COMMAND
from tests.support.sandbox_world import CLIENT, NOW, SECRET, event, world

DAYS = [event(number, createdAt=f"2026-11-{number:02d}T10:00:00.000Z") for number in range(1, 21)]


def settings(url: str) -> dict[str, str]:
    given = {
        "client_id": CLIENT,
        "client_secret": SECRET,
        "project_id": "web",
        "base_url": url,
        "now": NOW.isoformat(),
    }
    return {f"SOURCES__OPENPANEL__{name.upper()}": value for name, value in given.items()}


def test_the_rate_limit_is_said_once_a_window_in_the_log() -> None:
    with world(*DAYS, rate_limit=30) as sandbox:
        done = subprocess.run(
            [*COMMAND, "sync"],
            env=os.environ | settings(sandbox.url),
            capture_output=True,
            text=True,
            check=True,
        )
    waits = [line for line in done.stderr.splitlines() if "waiting: rate limit, next in" in line]
    assert 1 <= len(waits) <= 3, done.stderr


def test_a_terminal_shows_the_rate_limit_behind_the_bar() -> None:
    with world(*DAYS, rate_limit=30) as sandbox:
        ours, theirs = pty.openpty()
        process = subprocess.Popen(
            [*COMMAND, "sync"],
            env=os.environ | settings(sandbox.url) | {"COLUMNS": "200", "TERM": "xterm"},
            stdout=subprocess.DEVNULL,
            stderr=theirs,
        )
        os.close(theirs)
        shown = b""
        try:
            while piece := os.read(ours, 65_536):
                shown += piece
        except OSError:
            """The process has closed its end."""
        os.close(ours)
        assert process.wait() == 0
    assert b"rate limit, next in" in shown
