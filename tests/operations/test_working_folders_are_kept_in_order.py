"""dlt's own tools find the working folders of the command; those that nobody needs go."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock

from openpanel_source.destinations.pipeline_lock import alone_in
from tests.support.command import run
from tests.support.sandbox_world import CLIENT, NOW, SECRET, event, world

DLT = str(Path(sys.executable).with_name("dlt"))
LONG_AGO = 2 * 86_400
VERY_LONG_AGO = 91 * 86_400


@pytest.fixture(autouse=True)
def configured(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with world(event(1), event(2)) as sandbox:
        given = {
            "client_id": CLIENT,
            "client_secret": SECRET,
            "project_id": "web",
            "base_url": sandbox.url,
            "now": NOW.isoformat(),
        }
        for name, value in given.items():
            monkeypatch.setenv(f"SOURCES__OPENPANEL__{name.upper()}", value)
        yield


def dlt_pipeline(*arguments: str) -> str:
    """What dlt's own command prints."""
    done = subprocess.run(
        [DLT, "pipeline", *arguments], env=os.environ, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def synced(*options: str) -> None:
    assert run("sync", *options).exit_code == 0


def folders() -> dict[str, Path]:
    """The working folders, by the names of their files."""
    root = Path("dlt/openpanel-source")
    return {
        Path((folder / "database").read_text()).name: folder
        for folder in root.iterdir()
        if (folder / "database").exists()
    }


def unused_for(folder: Path, seconds: int) -> None:
    then = folder.stat().st_mtime - seconds
    os.utime(folder, (then, then))


@pytest.mark.long
def test_dlt_lists_and_shows_what_was_synced() -> None:
    synced()
    synced("--dataset", "raw data", "--database", "my shop.duckdb")
    listed = dlt_pipeline("--list-pipelines")
    assert "2 pipelines found" in listed
    assert "openpanel-source-my_shop-raw_data" in listed
    for command in ("info", "trace", "schema"):
        assert "openpanel" in dlt_pipeline("openpanel-source-warehouse", command)
    assert "events with 2 table(s)" in dlt_pipeline("openpanel-source-warehouse", "info")
    # To look harms nothing.
    synced()


@pytest.mark.long
def test_a_pipeline_of_that_name_that_is_somebody_elses_is_left_alone() -> None:
    theirs = Path("dlt/pipelines/openpanel-source-warehouse")
    theirs.mkdir(parents=True)
    elsewhere = Path("dlt/pipelines/openpanel-source-other")
    elsewhere.symlink_to(Path("elsewhere").absolute())
    synced()
    synced("--database", "other.duckdb")
    assert not theirs.is_symlink()
    assert elsewhere.readlink() == Path("elsewhere").absolute()


@pytest.mark.long
def test_of_two_files_of_one_name_dlt_shows_the_one_synced_last() -> None:
    Path("sub").mkdir()
    synced()
    synced("--database", "sub/warehouse.duckdb")
    assert "sub/warehouse.duckdb" in dlt_pipeline("openpanel-source-warehouse", "trace")


@pytest.mark.long
def test_folders_of_files_that_are_gone_go_a_day_later() -> None:
    for name in ("old.duckdb", "new.duckdb", "kept.duckdb"):
        synced("--database", name)
    before = folders()
    for name in ("old.duckdb", "new.duckdb"):
        Path(name).unlink()
    for name in ("old.duckdb", "kept.duckdb"):
        unused_for(before[name], LONG_AGO)
    synced()
    assert {*folders()} == {"new.duckdb", "kept.duckdb", "warehouse.duckdb"}
    assert not Path("dlt/pipelines/openpanel-source-old").is_symlink()
    assert [path.name for path in before["old.duckdb"].parent.glob(".gone-*")] == []
    # It is made again like any other.
    synced("--database", "old.duckdb")
    assert "old.duckdb" in folders()


@pytest.mark.long
def test_folders_that_were_not_used_for_months_go() -> None:
    synced("--database", "old.duckdb")
    unused_for(folders()["old.duckdb"], VERY_LONG_AGO)
    synced()
    assert {*folders()} == {"warehouse.duckdb"}
    synced("--database", "old.duckdb")


@pytest.mark.long
def test_a_folder_in_which_a_process_is_at_work_stays() -> None:
    synced("--database", "old.duckdb")
    folder = folders()["old.duckdb"]
    Path("old.duckdb").unlink()
    with alone_in(folder, "openpanel"):
        unused_for(folder, VERY_LONG_AGO)
        synced()
        assert (folder / "openpanel").exists()


@pytest.mark.long
@pytest.mark.parametrize("name", ["openpanel.holder", "another.lock"])
def test_a_folder_that_somebody_uses_as_it_is_to_go_stays(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    synced("--database", "old.duckdb")
    folder = folders()["old.duckdb"]
    Path("old.duckdb").unlink()
    unused_for(folder, LONG_AGO)

    class Late(FileLock):
        """Is taken just after somebody else was there."""

        def acquire(self, *given: Any, **named: Any) -> Any:
            (folder / name).touch()
            if name.endswith(".lock"):
                unused_for(folder, LONG_AGO)
            return super().acquire(*given, **named)

    monkeypatch.setattr("openpanel_source.operations.housekeeping.FileLock", Late)
    synced()
    assert (folder / "openpanel").exists()


@pytest.mark.long
def test_dlt_finds_folders_below_a_relative_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DLT_DATA_DIR", "data")
    synced()
    [link] = Path("data/pipelines").iterdir()
    assert link.readlink().is_absolute()
    assert link.is_dir()
    # It is known as one of ours, and made anew.
    synced("--database", "other.duckdb")
    synced()
    assert len(list(Path("data/pipelines").iterdir())) == 2


@pytest.mark.long
def test_a_folder_that_another_source_uses_or_that_is_none_of_ours_stays() -> None:
    synced("--database", "old.duckdb")
    folder = folders()["old.duckdb"]
    Path("old.duckdb").unlink()
    (folder / "openpanel/schemas/github.schema.json").write_text("{}")
    unused_for(folder, VERY_LONG_AGO)
    notes = folder.with_name("notes")
    notes.mkdir()
    empty = folder.with_name("0123456789ab")
    empty.mkdir()
    for other in (notes, empty):
        unused_for(other, VERY_LONG_AGO)
    synced()
    assert all(path.exists() for path in (folder / "openpanel", notes, empty))
