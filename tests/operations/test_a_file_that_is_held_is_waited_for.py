"""A DuckDB file that another process holds open is waited for, until that is asked to end."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time

import pytest

from openpanel_source.sandbox import Sandbox
from tests.support.own_process import run, start

pytestmark = pytest.mark.sampled(9)


def holding(seconds: float) -> subprocess.Popen[str]:
    """Another process that has the file open."""
    code = (
        "import duckdb, time; c = duckdb.connect('warehouse.duckdb');"
        f" print('open', flush=True); time.sleep({seconds})"
    )
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "open\n"
    return process


def run_when_the_file_is_free(sandbox: Sandbox, *arguments: str) -> tuple[int, str, str]:
    """The command, begun while another process has the file open, until it waits for that."""
    with holding(60) as other:
        process = start(sandbox, *arguments)
        assert process.stderr is not None
        errors = ""
        while "another process holds the database; waiting for it" not in errors:
            assert process.poll() is None, errors
            errors += process.stderr.readline()
        other.kill()
    output, rest = process.communicate(timeout=60)
    return process.returncode, output, errors + rest


@pytest.mark.long
def test_a_sync_waits_for_a_duckdb_file_that_another_process_holds(sandbox: Sandbox) -> None:
    code, output, errors = run_when_the_file_is_free(sandbox, "sync")
    assert code == 0, errors
    assert "Loaded 42 events" in output


@pytest.mark.parametrize(("command", "days"), [("sync", "days_read"), ("audit", "days")])
def test_what_waits_for_a_file_stops_when_it_is_asked(
    sandbox: Sandbox, command: str, days: str
) -> None:
    with holding(60) as other:
        process = start(sandbox, command, "--json")
        assert process.stderr is not None
        while "waiting for it" not in process.stderr.readline():
            assert process.poll() is None
        asked = time.monotonic()
        process.send_signal(signal.SIGTERM)
        output, errors = process.communicate(timeout=30)
        assert time.monotonic() - asked < 20
        other.kill()
    assert process.returncode == 143, errors
    summary = json.loads(output)
    assert (summary["stopped"], summary[days]) == (True, 0)


def test_an_erasure_that_waits_for_a_file_ends_when_it_is_asked(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOURCES__OPENPANEL__ERASED_PROFILES", "anna")
    with holding(60) as other:
        process = start(sandbox, "erase", "anna")
        assert process.stderr is not None
        while "waiting for it" not in process.stderr.readline():
            assert process.poll() is None
        asked = time.monotonic()
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=30)
        assert time.monotonic() - asked < 20
        other.kill()
    assert process.returncode == 1
    assert "another process holds the database open" in errors


@pytest.mark.parametrize("command", [("audit",), ("erase", "anna")])
def test_so_does_whatever_asks_the_file_before_it_syncs(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...]
) -> None:
    monkeypatch.setenv("SOURCES__OPENPANEL__ERASED_PROFILES", "anna")
    assert run(sandbox, "sync")[0] == 0
    code, _, errors = run_when_the_file_is_free(sandbox, *command)
    assert code == 0, errors


@pytest.mark.parametrize("command", [("sync",), ("audit",), ("erase", "anna")])
def test_a_file_that_stays_held_is_said_to_be(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...]
) -> None:
    monkeypatch.setenv("SOURCES__OPENPANEL__ERASED_PROFILES", "anna")
    with holding(60) as other:
        code, _, errors = run(sandbox, *command, "--busy-timeout", "0.5")
        other.kill()
    assert code == 1
    assert "another process holds the database open; close it, then run again" in errors
    assert not sandbox.requests
