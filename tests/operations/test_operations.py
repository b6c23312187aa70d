"""What an orchestrator needs of the command: logs it can read, an end when it asks, exit codes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import duckdb
import pytest

from openpanel_source.sandbox import Sandbox
from tests.support.sandbox_world import CLIENT, NOW, SECRET, event, world

pytestmark = pytest.mark.sampled(24)

DAYS = [f"2026-11-{day:02d}" for day in range(10, 24)]
ROWS = [
    event(10 * int(day[-2:]) + number, createdAt=f"{day}T10:00:0{number}.000Z")
    for day in DAYS
    for number in range(3)
]


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with world(*ROWS) as running:
        yield running


def page_of(day: int) -> str:
    """What the request for a page of a day in November has in its address.

    Eight days are asked for ahead: once that of the 10th is, the 18th has been read.
    """
    start, end = (f"2026-11-{one:02d}T00%3A00%3A00.000Z" for one in (day, day + 1))
    return f"start={start}&end={end}&limit=1000"


COMMAND = ("-m", "openpanel_source.cli")


def start(
    sandbox: Sandbox, *arguments: str, program: Sequence[str] = COMMAND
) -> subprocess.Popen[str]:
    """The command in a process of its own."""
    settings = {
        "CLIENT_ID": CLIENT,
        "CLIENT_SECRET": SECRET,
        "PROJECT_ID": "web",
        "BASE_URL": sandbox.url,
        "NOW": NOW.isoformat(),
    }
    return subprocess.Popen(
        [sys.executable, *program, *arguments],
        env=os.environ | {f"SOURCES__OPENPANEL__{name}": value for name, value in settings.items()},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def run(sandbox: Sandbox, *arguments: str) -> tuple[int, str, str]:
    process = start(sandbox, *arguments)
    output, errors = process.communicate(timeout=60)
    return process.returncode, output, errors


def days_held() -> int:
    with duckdb.connect("warehouse.duckdb") as connection:
        count = "SELECT count(DISTINCT event_date) FROM openpanel.events"
        row = connection.execute(count).fetchone()
    assert row is not None
    return int(row[0])


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
    sandbox.behave(path=page_of(16), delay=30)
    process = start(sandbox, "sync", "--json", program=program)
    while not any(page_of(10) in r.url for r in sandbox.requests):
        assert process.poll() is None
        time.sleep(0.05)
    time.sleep(0.5)
    asked = time.monotonic()
    process.send_signal(asks)
    output, errors = process.communicate(timeout=30)
    assert time.monotonic() - asked < 10
    assert process.returncode == code, errors
    assert words in errors
    summary = json.loads(output)
    assert (summary["stopped"], summary["days_read"]) == (True, 7)
    assert days_held() == 7
    sandbox.behave()
    code, output, _ = run(sandbox, "sync", "--json")
    assert code == 0
    assert json.loads(output)["days_read"] == 7
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
    sandbox.behave(path=page_of(16), delay=30)
    process = start(sandbox, *command, "--json")
    wanted = page_of(10)
    while not any(wanted in r.url for r in sandbox.requests[before:]):
        assert process.poll() is None
        time.sleep(0.05)
    time.sleep(0.5)
    asked = time.monotonic()
    process.send_signal(asks)
    output, errors = process.communicate(timeout=30)
    assert time.monotonic() - asked < 10
    assert process.returncode == code, errors
    assert words in errors
    report = json.loads(output)
    synced = report["repair"] if command[0] == "audit" else report["sync"]
    assert (synced["stopped"], synced["days_read"]) == (True, 7)
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
    sandbox.behave(path=page_of(16), hang=True)
    process = start(sandbox, "sync", "--json")
    while not any(page_of(16) in r.url for r in sandbox.requests):
        assert process.poll() is None
        time.sleep(0.05)
    assert process.stderr is not None
    process.send_signal(signal.SIGINT)
    while "Ctrl-C again" not in process.stderr.readline():
        assert process.poll() is None
    asked = time.monotonic()
    process.send_signal(signal.SIGINT)
    output, errors = process.communicate(timeout=30)
    assert time.monotonic() - asked < 1.5
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
    sandbox.behave(path=page_of(16), delay=5)
    process = start(sandbox, "-c", code, program=())
    assert process.stdout is not None
    # A busy machine may still commit the first run while the next ones are read.
    assert process.stdout.readline() == "loaded\n"
    while not any(page_of(16) in r.url for r in sandbox.requests):
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


def test_logs_are_one_json_object_a_line(sandbox: Sandbox) -> None:
    code, _, errors = run(sandbox, "--log-format", "json", "sync")
    assert code == 0
    lines = [json.loads(line) for line in errors.splitlines()]
    assert {"time", "level", "message", "run_id", "project_id", "day"} <= lines[-1].keys()
    assert {line["run_id"] for line in lines} == {lines[0]["run_id"]}
    assert (lines[-1]["project_id"], lines[-1]["days_left"]) == ("web", 0)


def test_an_error_is_a_line_of_the_log_as_well(sandbox: Sandbox) -> None:
    arguments = ("--log-format", "json", "sync", "--project-id", "other")
    code, output, errors = run(sandbox, *arguments)
    assert (code, output) == (2, "")
    (line,) = [json.loads(line) for line in errors.splitlines()]
    assert (line["level"], line["kind"]) == ("error", "ProjectAccessError")
    assert SECRET not in errors


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["sync", "--max-days-per-run", "many"], "'many' is not a valid integer"),
        (["sync", "--nonsense"], "No such option"),
        (["nonsense"], "No such command 'nonsense'"),
        (["charts", "nonsense"], "No such command 'nonsense'"),
        (["charts", "list", "more"], "Got unexpected extra argument (more)"),
        ([], "Missing command"),
    ],
)
def test_wrong_usage_is_a_line_of_the_log_as_well(
    sandbox: Sandbox, arguments: list[str], message: str
) -> None:
    code, output, errors = run(sandbox, "--log-format", "json", *arguments)
    assert (code, output) == (2, "")
    (line,) = [json.loads(line) for line in errors.splitlines()]
    assert line["level"] == "error"
    assert message in line["message"]


def test_without_a_terminal_progress_is_lines_of_the_log(sandbox: Sandbox) -> None:
    _, _, errors = run(sandbox, "sync")
    assert " INFO openpanel_source.progress: web 2026-11-10 " in errors


@pytest.mark.long
def test_partitions_are_planned_and_loaded_by_command(sandbox: Sandbox) -> None:
    _, output, _ = run(sandbox, "partitions", "--count", "2", "--json")
    found: list[dict[str, Any]] = json.loads(output)["partitions"]
    assert [partition["events"] for partition in found] == [21, 18]
    for partition in found:
        days = ("--start-date", partition["start"], "--end-date", partition["end"])
        code, output, errors = run(sandbox, "sync", "--partition", partition["name"], *days)
        assert code == 0, errors
    code, output, _ = run(sandbox, "sync")
    assert "Took over 13 days that other pipelines had loaded." in output
    assert "Loaded 3 events of 1 day " in output
    _, output, _ = run(sandbox, "partitions")
    assert output.startswith("openpanel_web_20261110_20261122: web 2026-11-10 to 2026-11-22, 39")


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
        assert time.monotonic() - asked < 5
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
        assert time.monotonic() - asked < 5
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
