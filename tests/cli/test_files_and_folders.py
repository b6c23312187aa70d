"""One sentence for each file and folder that the command cannot use."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from tests.support.command import fails, run, run_without_might


def test_a_file_that_is_no_database_is_named() -> None:
    Path("bad.duckdb").write_text("this is not a database, but it was somebody's file")
    fails(run("sync", "--database", "bad.duckdb"), 2, "bad.duckdb", "cannot be opened")
    assert Path("bad.duckdb").read_text().startswith("this is not")


@pytest.mark.long
def test_a_database_that_may_not_be_written_is_named() -> None:
    Path("locked").mkdir(mode=0o500)
    fails(run_without_might("sync", "--database", "locked/x.duckdb"), 2, "cannot be written")


@pytest.mark.sampled(3)
@pytest.mark.parametrize("command", ["sync", "status", "demo --events 10"])
def test_a_database_in_a_folder_that_may_not_be_entered_is_named(command: str) -> None:
    Path("locked").mkdir(mode=0o000)
    result = run_without_might(*command.split(), "--database", "locked/x.duckdb")
    fails(result, 2, "locked/x.duckdb cannot be used (Permission denied)")


def test_a_working_folder_that_is_no_folder_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    Path("file").touch()
    monkeypatch.setenv("DLT_DATA_DIR", str(Path("file").resolve()))
    for command in ("sync", "audit"):
        duckdb.connect("warehouse.duckdb").close()
        fails(
            run(command),
            2,
            "file/openpanel-source",
            "cannot be used (Not a directory)",
            "DLT_DATA_DIR",
        )


@pytest.mark.long
def test_a_working_folder_that_may_not_be_written_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    Path("locked").mkdir(mode=0o500)
    monkeypatch.setenv("DLT_DATA_DIR", str(Path("locked").resolve()))
    fails(
        run_without_might("sync"), 2, "locked", "cannot be used (Permission denied)", "DLT_DATA_DIR"
    )


@pytest.mark.long
def test_a_database_held_by_another_process_is_named() -> None:
    assert run("sync").exit_code == 0
    holder = (
        "import duckdb, sys; connection = duckdb.connect('warehouse.duckdb');"
        " print('held', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", holder], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"held\n"
        held = "another process holds the database"
        fails(run("sync", "--busy-timeout", "1"), 1, held, "run again")
        fails(run("status"), 1, "another process holds the database")
        process.communicate(b"")
    assert run("sync").exit_code == 0
