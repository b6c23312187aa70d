"""SIGTERM and Ctrl-C: what was read is committed, and the exit code says which of them came."""

from __future__ import annotations

import json
import signal
import time
from pathlib import Path

import duckdb
import pytest

from openpanel_source.sandbox import Sandbox
from tests.support.own_process import COMMAND, days_held, run, start
from tests.support.sandbox_world import pages_of

pytestmark = pytest.mark.sampled(16)

# Eight days are asked for ahead: once that of the 10th is, the 19th has been taken, and the 18th,
# which is not answered in time, is the one that is waited for.
ENDS = [(signal.SIGTERM, 143, "asked to stop"), (signal.SIGINT, 130, "interrupted: the day")]


BESIDE_A_THREAD = """
import threading, time
threading.Thread(target=time.sleep, args=(60,), daemon=True).start()
from openpanel_source.cli.main import main
main()
"""
"""The command where a library has begun a thread, as NumPy does, which gets signals as well."""


@pytest.mark.parametrize(("asks", "code", "words"), ENDS)
@pytest.mark.parametrize("program", [COMMAND, ("-c", BESIDE_A_THREAD)])
def test_a_sync_that_is_asked_to_stop_keeps_what_it_has_read(
    sandbox: Sandbox, program: tuple[str, ...], asks: signal.Signals, code: int, words: str
) -> None:
    sandbox.behave(path=pages_of("2026-11-18"), delay=30)
    process = start(sandbox, "sync", "--json", program=program)
    while not any(pages_of("2026-11-10") in r.url for r in sandbox.requests):
        assert process.poll() is None
        time.sleep(0.05)
    asked = time.monotonic()
    process.send_signal(asks)
    output, errors = process.communicate(timeout=30)
    assert time.monotonic() - asked < 10
    assert process.returncode == code, errors
    assert words in errors
    summary = json.loads(output)
    assert (summary["stopped"], summary["days_read"]) == (True, 5)
    assert days_held() == 5
    sandbox.behave()
    code, output, _ = run(sandbox, "sync", "--json")
    assert code == 0
    assert json.loads(output)["days_read"] == 9
    assert days_held() == 14


@pytest.mark.long
@pytest.mark.parametrize(("asks", "code", "words"), ENDS)
@pytest.mark.parametrize("command", [("audit", "--repair"), ("erase", "anna")])
def test_what_else_reads_days_stops_in_the_same_way(
    sandbox: Sandbox,
    monkeypatch: pytest.MonkeyPatch,
    command: tuple[str, ...],
    asks: signal.Signals,
    code: int,
    words: str,
) -> None:
    assert run(sandbox, "sync")[0] == 0
    with duckdb.connect("warehouse.duckdb") as connection:
        connection.execute("DELETE FROM openpanel.events WHERE id LIKE '%1'")
    monkeypatch.setenv("SOURCES__OPENPANEL__ERASED_PROFILES", "anna")
    before = len(sandbox.requests)
    sandbox.behave(path=pages_of("2026-11-18"), delay=30)
    process = start(sandbox, *command, "--json")
    wanted = pages_of("2026-11-10")
    while not any(wanted in r.url for r in sandbox.requests[before:]):
        assert process.poll() is None
        time.sleep(0.05)
    asked = time.monotonic()
    process.send_signal(asks)
    output, errors = process.communicate(timeout=30)
    assert time.monotonic() - asked < 10
    assert process.returncode == code, errors
    assert words in errors
    report = json.loads(output)
    synced = report["repair"] if command[0] == "audit" else report["sync"]
    assert (synced["stopped"], synced["days_read"]) == (True, 5)
    sandbox.behave()
    assert run(sandbox, *command)[0] == 0


@pytest.mark.long
@pytest.mark.parametrize(("asks", "code", "words"), ENDS)
@pytest.mark.parametrize("form", [(), ("--json",)])
def test_an_audit_that_only_counts_stops_as_well(
    sandbox: Sandbox, form: tuple[str, ...], asks: signal.Signals, code: int, words: str
) -> None:
    assert run(sandbox, "sync")[0] == 0
    before = len(sandbox.requests)
    sandbox.behave(path="/export/events", hang=True)
    process = start(sandbox, "audit", *form)
    while len(sandbox.requests) == before:
        assert process.poll() is None
        time.sleep(0.05)
    asked = time.monotonic()
    process.send_signal(asks)
    output, errors = process.communicate(timeout=30)
    assert time.monotonic() - asked < 10
    assert process.returncode == code, errors
    assert words in errors
    if form:
        report = json.loads(output)
        assert (report["stopped"], report["verified"]) == (True, False)
    else:
        assert "Stopped before all was counted" in output
    assert len(sandbox.requests) - before < 5


def test_a_second_interrupt_ends_a_sync_at_once(sandbox: Sandbox) -> None:
    sandbox.behave(path=pages_of("2026-11-16"), hang=True)
    process = start(sandbox, "sync", "--json")
    while not any(pages_of("2026-11-16") in r.url for r in sandbox.requests):
        assert process.poll() is None
        time.sleep(0.05)
    assert process.stderr is not None
    process.send_signal(signal.SIGINT)
    while "Ctrl-C again" not in process.stderr.readline():
        assert process.poll() is None
    asked = time.monotonic()
    process.send_signal(signal.SIGINT)
    output, errors = process.communicate(timeout=30)
    assert time.monotonic() - asked < 10
    assert (process.returncode, output) == (130, "")
    assert "run again to continue" in errors
    sandbox.behave()
    assert run(sandbox, "sync")[0] == 0
    assert days_held() == 14


@pytest.mark.parametrize("command", ["check", "partitions"])
def test_a_command_that_commits_nothing_ends_at_once_when_interrupted(
    sandbox: Sandbox, command: str
) -> None:
    sandbox.behave(path="/export/events", hang=True)
    process = start(sandbox, command)
    while not sandbox.requests:
        assert process.poll() is None
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=10)
    assert (process.returncode, "Traceback" in errors) == (130, False)
    assert "interrupted" in errors


def test_an_interrupt_in_python_is_raised_and_the_next_sync_continues(sandbox: Sandbox) -> None:
    code = """
import dlt, json, os
from openpanel_source import sync
from openpanel_source.destinations.duckdb_file import duckdb_file
pipeline = dlt.pipeline("openpanel", destination=duckdb_file("warehouse.duckdb"),
                        dataset_name="openpanel")
load = dlt.Pipeline.load

def told(self, *given, **named):
    info = load(self, *given, **named)
    print("loaded", flush=True)
    return info

dlt.Pipeline.load = told
try:
    sync(pipeline, max_days_per_run=3)
except KeyboardInterrupt:
    print("raised")
dlt.Pipeline.load = load
print(json.dumps(sync(pipeline).as_dict()))
"""
    sandbox.behave(path=pages_of("2026-11-16"), hang=True)
    process = start(sandbox, "-c", code, program=())
    assert process.stdout is not None
    # A busy machine may still commit the first runs while the next one is read, which does not end.
    for _ in range(2):
        assert process.stdout.readline() == "loaded\n"
    while not any(pages_of("2026-11-16") in r.url for r in sandbox.requests):
        assert process.poll() is None
        time.sleep(0.05)
    sandbox.behave()
    process.send_signal(signal.SIGINT)
    output, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors
    *_, raised, summary = output.splitlines()
    assert raised == "raised"
    assert json.loads(summary)["verified"]
    assert json.loads(summary)["days_read"] < 14
    assert days_held() == 14


ASKED_WITHIN_A_STEP = """
import os, sys
import dlt
from dlt.common.runtime.collector import NullCollector
from openpanel_source.cli.main import run

step, asks = sys.argv[1], int(sys.argv.pop(2))
del sys.argv[1]

class Asks(NullCollector):
    is_done = False

    def _start(self, name):
        if name.startswith(step) and not Asks.is_done:
            Asks.is_done = True
            os.kill(os.getpid(), asks)

normalize = dlt.Pipeline.normalize

def asked(self):
    self.collector = Asks()
    return normalize(self)

dlt.Pipeline.normalize = asked
run()
"""
"""The command, asked to stop while dlt prepares or loads what was read, which it does to each."""


@pytest.mark.long
@pytest.mark.parametrize(("asks", "code", "words"), ENDS)
@pytest.mark.parametrize("step", ["Normalize", "Load"])
def test_what_is_being_committed_when_it_is_asked_to_stop_is_committed(
    sandbox: Sandbox, tmp_path: Path, step: str, asks: signal.Signals, code: int, words: str
) -> None:
    script = tmp_path / "asked.py"
    script.write_text(ASKED_WITHIN_A_STEP)
    program = [str(script), step, str(int(asks))]
    process = start(sandbox, "sync", "--json", "--max-days-per-run", "3", program=program)
    output, errors = process.communicate(timeout=60)
    assert process.returncode == code, errors
    assert words in errors
    summary = json.loads(output)
    assert summary["stopped"]
    assert 0 < summary["days_read"] == days_held() < 14
    assert "partially loaded" not in errors
    assert run(sandbox, "sync")[0] == 0
    assert days_held() == 14


@pytest.mark.parametrize(("asks", "code", "words"), ENDS)
@pytest.mark.parametrize("step", ["Normalize", "Load"])
def test_a_demo_that_is_asked_to_stop_ends_in_the_same_way(
    sandbox: Sandbox, tmp_path: Path, step: str, asks: signal.Signals, code: int, words: str
) -> None:
    script = tmp_path / "asked.py"
    script.write_text(ASKED_WITHIN_A_STEP)
    program = [str(script), step, str(int(asks))]
    process = start(sandbox, "demo", "--events", "2000", program=program)
    output, errors = process.communicate(timeout=60)
    assert process.returncode == code, errors
    assert words in errors
    assert "Stopped" in output
    assert "Which campaigns sell" not in output


@pytest.mark.long
def test_a_sync_that_cannot_commit_in_time_ends_all_the_same(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    code = """
import time, dlt
from openpanel_source.cli.main import run
dlt.Pipeline.load = lambda *args: print("loading", flush=True) or time.sleep(60)
run()
"""
    script = tmp_path / "stuck.py"
    script.write_text(code)
    stuck = start(sandbox, "sync", program=[str(script)])
    assert stuck.stdout is not None
    assert stuck.stdout.readline() == "loading\n"
    asked = time.monotonic()
    stuck.send_signal(signal.SIGTERM)
    _, errors = stuck.communicate(timeout=30)
    assert time.monotonic() - asked < 10
    assert stuck.returncode == 143
    assert "run again to continue" in errors
