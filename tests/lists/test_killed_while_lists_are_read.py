"""A sync that is killed while it reads or loads lists leaves the next one all there is to do."""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path
from typing import Any

import dlt
import pytest

from tests.support.command import COMMAND
from tests.support.lists_world import ALL, ROOT, ids, load, reference, verdicts, world
from tests.support.sandbox_world import event, profile
from tests.support.warehouse import Warehouse

PROFILES = [
    profile(f"p{n:03d}", createdAt=f"2026-10-01T00:{n // 60:02d}:{n % 60:02d}.500Z")
    for n in range(250)
]


@pytest.mark.long
def test_a_kill_between_two_answers(warehouse: Warehouse, tmp_path: Path) -> None:
    with world(event(1), profiles=PROFILES, references=[reference(1)]) as sandbox:
        settings = warehouse.settings(sandbox, **ROOT)
        given = {f"SOURCES__OPENPANEL__{name.upper()}": str(settings[name]) for name in settings}
        # Of the command, so that its pipeline is the same.
        command = [*COMMAND, "sync", "--lists", ",".join(ALL)]
        environment = {**os.environ, **given}
        sandbox.behave(path="/insights/", skip=1, hang=True)
        with subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL) as process:
            while sum("/insights/" in one.url for one in sandbox.requests) < 2:
                assert process.poll() is None
                time.sleep(0.02)
            process.kill()
        sandbox.behave()
        subprocess.run(command, env=environment, check=True, capture_output=True)
        warehouse.path = tmp_path / "warehouse.duckdb"
        assert len(ids(warehouse, "profiles")) == 250
        assert len(ids(warehouse, "references")) == 1
        assert warehouse.query("SELECT DISTINCT verdict FROM sync_lists") == [("complete",)]


@pytest.mark.long
def test_a_package_that_was_never_loaded_is_read_again(
    warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Died(BaseException):
        """The process ended here."""

    def dies(*_: Any) -> None:
        raise Died

    with world(event(1), profiles=PROFILES, references=[reference(1)]) as sandbox:
        load(warehouse, sandbox)
        with monkeypatch.context() as patch:
            patch.setattr(dlt.Pipeline, "normalize", dies)
            with pytest.raises(Died):
                load(warehouse, sandbox, *ALL)
        # What had been extracted is discarded: a job may have written its rows.
        summary = load(warehouse, sandbox, *ALL)
    assert set(verdicts(summary).values()) == {"complete"}
    assert summary.lists[2].rows_received == 250
    assert len(ids(warehouse, "profiles")) == 250
