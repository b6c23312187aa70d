"""Another sync, or whoever holds the file, is waited for: so long in all, whatever it is."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tenacity import retry_if_exception_type

from openpanel_source.destinations.waiting import got_on, patiently, waiting_once
from tests.support.command import fails, run
from tests.support.sandbox_world import CLIENT, NOW, SECRET, event, world
from tests.support.warehouse import Warehouse

HOLD = """
import sys, time
from pathlib import Path
from openpanel_source.destinations.pipeline_lock import alone_in
with alone_in(Path(sys.argv[1]), "openpanel"):
    print("held", flush=True)
    time.sleep(60)
"""


@contextmanager
def held(folder: Path) -> Iterator[int]:
    """Another process that is at work in a working folder; yields its id."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(folder)], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        try:
            yield process.pid
        finally:
            process.kill()


def settings(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    given = {"client_id": CLIENT, "client_secret": SECRET, "project_id": "web", "base_url": url}
    for name, value in (given | {"now": NOW.isoformat()}).items():
        monkeypatch.setenv(f"SOURCES__OPENPANEL__{name.upper()}", value)


def tries(busy_timeout: float) -> int:
    """How often something is tried that never works."""
    tried = 0

    def busy() -> None:
        nonlocal tried
        tried += 1
        raise BlockingIOError

    with pytest.raises(BlockingIOError):
        patiently(busy_timeout, retry_if_exception_type(BlockingIOError), lambda _: None)(busy)
    return tried


def test_all_waits_of_a_command_together_last_no_longer_than_one() -> None:
    with waiting_once():
        assert tries(1.5) > 2
        with waiting_once():
            assert tries(1.5) <= 2
            assert tries(1.5) <= 2
        got_on()
        assert tries(1.5) > 2
    assert tries(1.5) > 2


def test_a_sync_that_is_running_is_named_with_exit_code_1(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with world(event(1)) as sandbox:
        settings(monkeypatch, sandbox.url)
        assert run("sync").exit_code == 0
        (folder,) = {lock.parent for lock in tmp_path.rglob("openpanel.lock")}
        with held(folder) as pid:
            result = run("sync", "--busy-timeout", "0.5")
            fails(result, 1, "another sync or audit", f"(process {pid}, since 20", " UTC)")
        again = run("sync", "--json")
        assert json.loads(again.stdout)["verified"] is True


@pytest.mark.parametrize("command", ["sync", "audit", "query", "status"])
def test_a_database_in_memory_is_refused_in_a_sentence(command: str) -> None:
    words = [command, "SELECT 1"] if command == "query" else [command]
    refused = run(*words, "--database", ":memory:")
    fails(refused, 2, "--database :memory: would be gone when the command ends; name a file.")


def test_a_sync_that_waits_for_another_stops_when_it_is_asked_to(warehouse: Warehouse) -> None:
    stop = threading.Event()
    with world(event(1)) as sandbox:
        warehouse.sync(sandbox)
        with held(warehouse.folder / "pipelines"):
            threading.Timer(0.5, stop.set).start()
            summary = warehouse.sync(sandbox, stop=stop, busy_timeout=60)
        assert (summary.stopped, summary.days_read, summary.exit_code) == (True, 0, 0)
