"""Whoever waits for a sync sees how far it is and what it waits for: on a terminal, in the log."""

from __future__ import annotations

import os
import re
import subprocess
import time

import pytest

from openpanel_source.sandbox import Sandbox
from tests.support.command import COMMAND
from tests.support.sandbox_world import SECRET, event, world
from tests.support.terminal import Shown, in_terminal

DAYS = [event(number, createdAt=f"2026-11-{number:02d}T10:00:00.000Z") for number in range(1, 21)]
LARGE = [event(number, createdAt="2026-11-20T10:00:00.000Z") for number in range(2_500)]
PLACE = r"web 2026-11-\d\d"


def sync_of(sandbox: Sandbox, *options: str, columns: int = 200) -> Shown:
    return in_terminal(
        [*COMMAND, "sync", *options], columns=columns, SOURCES__OPENPANEL__BASE_URL=sandbox.url
    )


@pytest.mark.long
def test_the_log_says_what_is_awaited_once_a_wait() -> None:
    with world(*DAYS, rate_limit=30) as sandbox:
        done = subprocess.run(
            [*COMMAND, "sync"],
            env=os.environ | {"SOURCES__OPENPANEL__BASE_URL": sandbox.url},
            capture_output=True,
            text=True,
            check=True,
        )
    waits = [line for line in done.stderr.splitlines() if " · rate limit, next in " in line]
    assert 1 <= len(waits) <= 3, done.stderr
    assert "  20 of 20" in done.stderr.splitlines()[-1]


@pytest.mark.long
def test_a_terminal_shows_one_bar_for_all_days_and_the_rate_limit_behind_it() -> None:
    with world(*DAYS, rate_limit=30) as sandbox:
        shown = sync_of(sandbox, "--max-days-per-run", "9")
    assert shown.code == 0
    lines = [line for line in shown.lines if re.search(PLACE, line)]
    assert any(re.search(r"of 20 .* · rate limit, next in \d+ s$", line) for line in lines), lines
    found = [int(found[1]) for line in lines if (found := re.search(r"  (\d+) of 20\b", line))]
    assert found == sorted(found)
    assert not [line for line in lines if re.search(r" of (?!20\b)\d+  ", line)]
    # Nothing of it stays.
    assert shown.lines[-1].startswith("openpanel-source query")


def test_a_terminal_shows_the_rows_of_a_day_as_they_come() -> None:
    with world(*LARGE) as sandbox:
        sandbox.behave(path="page=3", delay=60)
        asked = False

        def interrupt(drawn: str, process: subprocess.Popen[bytes]) -> None:
            nonlocal asked
            if "2,000 of 2,500" in drawn and not asked:
                asked = True
                process.send_signal(2)

        shown = in_terminal(
            [*COMMAND, "sync", "--start-date", "2026-11-20"],
            seen=interrupt,
            SOURCES__OPENPANEL__BASE_URL=sandbox.url,
        )
    assert shown.code == 130
    assert "web 2026-11-20  2,000 of 2,500" in shown.text


@pytest.mark.long
def test_a_stop_that_was_asked_for_is_no_error() -> None:
    with world(*DAYS) as sandbox:
        sandbox.behave(path="start=2026-11-10", delay=60)
        asked = False

        def interrupt(drawn: str, process: subprocess.Popen[bytes]) -> None:
            nonlocal asked
            # Not of a request before, which may take as long on a busy machine.
            if re.search("10 of 20 .* no answer for", drawn) and not asked:
                asked = True
                process.send_signal(2)

        shown = in_terminal(
            [*COMMAND, "sync", "--commit-seconds", "0"],
            seen=interrupt,
            SOURCES__OPENPANEL__BASE_URL=sandbox.url,
        )
    assert shown.code == 130
    assert "ERROR" not in shown.text
    assert SECRET not in shown.text
    *_, stopped, where, command = shown.lines
    assert "Stopped; run sync again to continue." in stopped
    assert where.startswith("They are in ")
    assert command.startswith('openpanel-source query "SELECT ')


@pytest.mark.long
def test_a_message_of_the_log_stands_above_the_bar() -> None:
    with world(*DAYS) as sandbox:
        sandbox.behave(path="start=2026-11-10", status=503, times=3)
        shown = in_terminal(
            [*COMMAND, "sync"],
            SOURCES__OPENPANEL__BASE_URL=sandbox.url,
            SOURCES__OPENPANEL__MAX_OUTAGE="30",
            SOURCES__OPENPANEL__BACKOFF_SECONDS="1",
        )
    assert shown.code == 0
    messages = [line for line in shown.lines if "WARNING" in line]
    assert messages
    assert all(re.match(r"20\d\d-\d\d-\d\d ", line) for line in messages), messages


@pytest.mark.long
def test_a_narrow_terminal_is_not_filled_with_pieces() -> None:
    with world(*DAYS) as sandbox:
        sandbox.behave(path="start=2026-11-10", delay=1.5)
        shown = sync_of(sandbox, columns=40)
    assert shown.code == 0
    drawn = [line for line in shown.lines if "web 2026" in line or line.startswith("━")]
    assert max(map(len, drawn), default=0) <= 40


@pytest.mark.long
def test_nothing_is_shown_where_quiet_is_asked_for() -> None:
    with world(*DAYS) as sandbox:
        shown = sync_of(sandbox, "--quiet")
    assert not re.search(PLACE, shown.text)


@pytest.mark.long
def test_a_server_that_does_not_answer_is_said() -> None:
    with world(*DAYS) as sandbox:
        sandbox.behave(delay=4.5, times=1)
        started = time.monotonic()
        shown = sync_of(sandbox)
        assert time.monotonic() - started > 4
    assert "planning · no answer for" in shown.text
