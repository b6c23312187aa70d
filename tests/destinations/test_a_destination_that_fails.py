"""A destination that fails is told in a sentence, and the next run recovers by itself."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import duckdb
import pytest
from dlt.destinations.exceptions import DatabaseTransientException

from openpanel_source.destinations.holdings import Holdings
from openpanel_source.destinations.pipeline_lock import running_alone
from openpanel_source.destinations.pipelines import open_pipeline, open_to_look
from openpanel_source.errors import (
    DestinationError,
    PipelineBusyError,
    TransientError,
    UnexpectedError,
)
from openpanel_source.operations.status import read_status
from openpanel_source.sandbox import Sandbox
from tests.support.own_process import environment_of, start
from tests.support.sandbox_world import SECRET, event, world
from tests.support.warehouse import Warehouse

pytestmark = pytest.mark.sampled(8)

ROWS = [event(number) for number in range(1, 1500)]


def command(sandbox: Sandbox, *arguments: str, **options: Any) -> subprocess.CompletedProcess[str]:
    """``openpanel-source sync`` in a process of its own."""
    # Measuring coverage writes files as well, which a full disk would not take.
    given = environment_of(sandbox)
    environment = {name: given[name] for name in given if "COVERAGE" not in name}
    return subprocess.run(
        [sys.executable, "-m", "openpanel_source.cli", "sync", *arguments],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        **options,
    )


@pytest.mark.long
@pytest.mark.sampled(6)
@pytest.mark.parametrize("kilobytes", [4, 40, 200])
def test_a_full_disk_is_told_and_the_next_run_loads_all(kilobytes: int) -> None:
    def small_files_only() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (kilobytes * 1024, resource.RLIM_INFINITY))

    with world(*ROWS) as sandbox:
        failed = command(sandbox, preexec_fn=small_files_only)
        assert failed.returncode in (1, 2), failed.stderr
        assert "openpanel-source:" in failed.stderr
        assert "Traceback" not in failed.stderr
        assert SECRET not in failed.stderr
        recovered = command(sandbox)
        assert recovered.returncode == 0, recovered.stderr
    with duckdb.connect("warehouse.duckdb") as connection:
        count = "SELECT count(*), count(DISTINCT id) FROM openpanel.events"
        assert connection.execute(count).fetchone() == (1499, 1499)


@pytest.mark.long
def test_a_working_folder_full_of_rubbish_is_no_obstacle(tmp_path: Path) -> None:
    with world(*ROWS) as sandbox:
        assert command(sandbox).returncode == 0
        for path in (tmp_path / "dlt").rglob("*"):
            if path.is_file():
                path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
        sandbox.add([event(2000)])
        again = command(sandbox)
        assert again.returncode == 0, again.stderr
        assert "Loaded 1,500 events" in again.stdout or "Loaded 1 event of" in again.stdout


def cut_short(path: Path) -> None:
    """What is there of a DuckDB file before it holds anything."""
    with duckdb.connect(str(path)):
        pass
    os.truncate(path, 8192)


def test_a_duckdb_file_whose_making_was_cut_short_is_made_anew_by_a_sync(tmp_path: Path) -> None:
    path = tmp_path / "warehouse.duckdb"
    cut_short(path)
    for look in ("status", "audit"):
        with pytest.raises(DestinationError, match=r"holds nothing.*run openpanel-source sync"):
            open_for(look)
    assert path.stat().st_size == 8192
    with world(*ROWS[:9]) as sandbox:
        assert command(sandbox).returncode == 0


def open_for(look: str) -> None:
    if look == "audit":
        open_pipeline(must_exist=True)
    else:
        with open_to_look("duckdb", None, "openpanel"):
            pass


def test_a_duckdb_file_that_another_process_is_making_is_left_to_it(tmp_path: Path) -> None:
    path = tmp_path / "warehouse.duckdb"
    code = (
        f"import duckdb, sys; c = duckdb.connect('{path}');"
        " print('open', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "open\n"
        os.truncate(path, 8192)
        open_pipeline()
        assert path.exists()
        other.kill()
    open_pipeline()
    assert not path.exists()


def test_a_working_folder_in_which_a_sync_is_at_work_is_left_to_it(tmp_path: Path) -> None:
    duckdb.connect("warehouse.duckdb").close()
    pipeline = open_pipeline()
    state = Path(pipeline.working_dir) / "state.json"
    state.write_text("{")
    with running_alone(pipeline):
        with pytest.raises(
            PipelineBusyError,
            match=rf"another sync or audit of .* \(process {os.getpid()}, since 2.* UTC\)",
        ):
            open_pipeline()
        with (
            open_to_look("duckdb", None, "openpanel") as looking,
            pytest.raises(DestinationError, match="nothing was loaded"),
        ):
            read_status(looking)
    assert state.read_text() == "{"
    open_pipeline()
    assert state.read_text() != "{"


@pytest.mark.sampled(16)
@pytest.mark.parametrize(
    "damage",
    [
        "DROP TABLE events",
        "DROP TABLE sync_days",
        "DROP TABLE _dlt_pipeline_state",
        "DROP TABLE _dlt_version",
        "DROP TABLE _dlt_loads",
        "ALTER TABLE events DROP COLUMN city",
        "DROP SCHEMA openpanel CASCADE",
    ],
)
def test_what_was_dropped_by_hand_is_there_again_after_a_sync(
    warehouse: Warehouse, damage: str
) -> None:
    with world(*ROWS) as sandbox:
        warehouse.sync(sandbox)
        before = warehouse.query("SELECT id, city FROM events ORDER BY ALL")
        with duckdb.connect(str(warehouse.path)) as connection:
            connection.execute("USE openpanel")
            connection.execute(damage)
        for _ in range(2):
            assert warehouse.sync(sandbox).is_verified
        assert warehouse.query("SELECT id, city FROM events ORDER BY ALL") == before
        tables = {name for (name,) in warehouse.query("SHOW TABLES")}
        assert {"events", "sync_days"} <= tables


def test_a_column_of_another_type_takes_what_it_can_hold(warehouse: Warehouse) -> None:
    with world(*ROWS) as sandbox:
        warehouse.sync(sandbox)
        with duckdb.connect(str(warehouse.path)) as connection:
            connection.execute("ALTER TABLE openpanel.events ALTER revenue TYPE VARCHAR")
        warehouse.sync(sandbox, reload=True)
    assert warehouse.query("SELECT DISTINCT revenue FROM events") == [("0",)]


def test_a_mistake_while_days_are_read_is_not_blamed_on_the_destination(
    warehouse: Warehouse,
) -> None:
    def mistaken(*_: Any) -> bool:
        try:
            return bool(int("handled"))
        except ValueError:
            raise ZeroDivisionError("by \x1b[31mzero\nand more") from None

    expected = r"^unexpected error \(ZeroDivisionError: by \\x1b\[31mzero\); .* please report it\.$"
    with world(*ROWS) as sandbox, pytest.raises(UnexpectedError, match=expected) as caught:
        warehouse.sync(sandbox, on_day=mistaken)
    assert caught.value.exit_code == 1


def test_a_destination_that_fails_while_days_are_read_is_blamed(
    warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(*_: Any, **__: Any) -> bool:
        raise DatabaseTransientException(OSError("the server closed the connection"))

    monkeypatch.setattr(Holdings, "holds_none", failing)
    with world(*ROWS) as sandbox, pytest.raises(TransientError, match="the destination failed"):
        warehouse.sync(sandbox)


@pytest.mark.long
def test_a_second_sync_at_once_says_so_and_harms_nothing() -> None:
    with world(*ROWS) as sandbox:
        sandbox.behave(path="page=2", delay=10)
        first = subprocess.Popen(
            [sys.executable, "-m", "openpanel_source.cli", "sync"], env=environment_of(sandbox)
        )
        with first:
            while not any("page=1" in item.url for item in sandbox.requests):
                assert first.poll() is None
                time.sleep(0.02)
            # However long the others take to begin, it is still at work.
            first.send_signal(signal.SIGSTOP)
            second = command(sandbox, "--busy-timeout", "0.5")
            assert f"(process {first.pid}, since " in second.stderr
            # Who has more patience comes after it.
            with start(sandbox, "sync") as third:
                assert third.stderr is not None
                while "waiting for it" not in third.stderr.readline():
                    assert third.poll() is None
                first.send_signal(signal.SIGCONT)
                output, errors = third.communicate()
            assert "Nothing new" in output, errors
            assert first.wait() == 0
        assert second.returncode == 1
        assert "another sync or audit" in second.stderr
        sandbox.behave()
        assert "Nothing new" in command(sandbox).stdout
    with duckdb.connect("warehouse.duckdb") as connection:
        count = "SELECT count(*) FROM openpanel.events"
        assert connection.execute(count).fetchone() == (1499,)
