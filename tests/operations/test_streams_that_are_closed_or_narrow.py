"""A command does its work wherever its streams lead: nowhere, or to where few characters fit."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from tests.support.own_process import environment_of
from tests.support.sandbox_world import event, world

pytestmark = pytest.mark.sampled(12)

CHARTS = '[[charts]]\nname = "sales"\nseries = [{ event = "naïve ☃" }]\n'
COMMANDS = [
    "sync --models",
    "status",
    "charts list --charts charts.toml",
    "demo --events 50 --days 3",
]
FURTHER = [
    "check",
    "partitions",
    "audit --json",
    "properties",
    "models --print",
    "charts validate charts.toml",
    "erase nobody",
    "sync --json",
    "sandbox --help",
]
CLOSED = {"stdout": ">&-", "stderr": "2>&-", "both": ">&- 2>&-", "all": "<&- >&- 2>&-"}


@pytest.fixture
def environment() -> Iterator[dict[str, str]]:
    Path("charts.toml").write_text(CHARTS, encoding="utf-8")
    with world(event(1, name="naïve ☃"), event(2, city="Zürich ☃"), event(3)) as sandbox:
        yield environment_of(sandbox) | {"SOURCES__OPENPANEL__ERASED_PROFILES": "nobody"}


def run(
    arguments: str, environment: dict[str, str], redirections: str = "", **variables: str
) -> subprocess.CompletedProcess[bytes]:
    program = [sys.executable, "-m", "openpanel_source.cli", *arguments.split()]
    return subprocess.run(
        ["sh", "-c", f'exec "$@" {redirections}', "sh", *program],
        env=environment | variables,
        capture_output=True,
        check=False,
    )


@pytest.mark.long
@pytest.mark.parametrize(
    "closed",
    ["stdout", "stderr", *(pytest.param(name, marks=pytest.mark.long) for name in ("both", "all"))],
)
def test_every_command_does_its_work_while_streams_are_closed(
    closed: str, environment: dict[str, str]
) -> None:
    for command in COMMANDS + (FURTHER if closed == "both" else []):
        done = run(command, environment, CLOSED[closed])
        assert done.returncode == 0, (command, done.stderr)
        assert b"Traceback" not in done.stderr, command
        assert bool(done.stdout) <= (closed == "stderr"), command
    with duckdb.connect("warehouse.duckdb") as connection:
        [(rows,)] = connection.execute("SELECT count(*) FROM openpanel.sync_days").fetchall()
    assert rows > 0


@pytest.mark.long
@pytest.mark.parametrize("closed", ["stderr", "all"])
def test_no_message_is_written_into_a_file_that_took_the_number_of_a_closed_stream(
    closed: str, environment: dict[str, str]
) -> None:
    failing = environment | {"SOURCES__OPENPANEL__EVENTS": '["a"'}
    assert run("-v sync", failing, CLOSED[closed]).returncode == 2
    assert run("-v sync", environment, CLOSED[closed]).returncode == 0
    assert b"openpanel-source" not in Path("warehouse.duckdb").read_bytes()[:4096]


@pytest.mark.parametrize(
    ("encoding", "commands"),
    [
        ("cp1252", COMMANDS),
        # Click takes ASCII for a mistake of the locale, and writes UTF-8.
        ("ascii:strict", COMMANDS[2:]),
        pytest.param("cp1252", FURTHER, marks=pytest.mark.long),
    ],
)
def test_every_command_writes_where_few_characters_fit(
    encoding: str, commands: list[str], environment: dict[str, str]
) -> None:
    if commands is FURTHER:
        run("sync", environment)
    for command in commands:
        done = run(command, environment, PYTHONIOENCODING=encoding)
        assert done.returncode == 0, (command, done.stderr)
        assert b"Traceback" not in done.stderr, command
        text = done.stdout.decode(encoding.replace("ascii:strict", "utf-8"))
        assert "\\u25" not in text, "boxes"
        assert ("+-----" in text) == command.startswith("demo")


def test_help_and_mistakes_need_no_streams(environment: dict[str, str]) -> None:
    for closed in (">&-", "2>&-"):
        assert run("--help", environment, closed).returncode == 0
        assert run("nosuch", environment, closed).returncode == 2


def test_a_sandbox_without_streams_serves_until_it_is_stopped(environment: dict[str, str]) -> None:
    program = [sys.executable, "-m", "openpanel_source.cli", "sandbox", "--events", "10"]
    serving = subprocess.Popen(["sh", "-c", 'exec "$@" >&- 2>&-', "sh", *program], env=environment)
    with pytest.raises(subprocess.TimeoutExpired):
        serving.wait(3)
    serving.send_signal(signal.SIGTERM)
    assert serving.wait(10) == -signal.SIGTERM
