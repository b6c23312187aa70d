"""Writers of a bucket that are killed, and two at once: what is there ends right."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from openpanel_source.operations.audit import audit
from openpanel_source.sandbox.demo.generate import DEMO_CLIENT_ID, DEMO_CLIENT_SECRET
from tests.servers.conftest import BUCKETS
from tests.support.buckets import Bucket
from tests.support.equality import SELECT_EVENTS, difference, expected, keyed
from tests.support.upstream import NOW, Upstream

KILLS = 3
_COMMAND = [sys.executable, "-m", "openpanel_source.cli"]
_TO_FILES = ["--destination", "filesystem"]


@pytest.fixture
def upstream() -> Iterator[Upstream]:
    changing = Upstream(seed=3, events=300, days=6)
    with changing.sandbox:
        yield changing


@pytest.fixture(params=BUCKETS)
def bucket(request: pytest.FixtureRequest, made: Callable[[str], Any]) -> Any:
    return made(request.param)


def settings_of(upstream: Upstream) -> dict[str, Any]:
    return {
        "project_id": upstream.projects,
        "client_id": DEMO_CLIENT_ID,
        "client_secret": DEMO_CLIENT_SECRET,
        "base_url": upstream.sandbox.url,
        "now": NOW.isoformat(),
        "backoff_seconds": 0.01,
        "lookback_days": 1000,
    }


def start(bucket: Bucket, upstream: Upstream, folder: Path, *arguments: str) -> Any:
    """The command as a process of its own, on a machine that has this folder."""
    settings = settings_of(upstream) | {"project_id": json.dumps(upstream.projects)}
    named = {f"SOURCES__OPENPANEL__{key.upper()}": str(settings[key]) for key in settings}
    folder.mkdir(exist_ok=True)
    further = {"DLT_DATA_DIR": str(folder / "dlt"), "TMPDIR": str(folder)}
    return subprocess.Popen(
        [*_COMMAND, *arguments, *_TO_FILES],
        cwd=folder,
        env=os.environ | named | bucket.environment() | further,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )


def ended(*processes: Any) -> list[int]:
    """The exit codes; none of them may have ended with a traceback."""
    errors = [process.communicate()[1] for process in processes]
    assert "Traceback" not in "".join(errors)
    return [process.returncode for process in processes]


def compare(bucket: Bucket, upstream: Upstream) -> None:
    wanted = expected(upstream.rows())
    assert difference(wanted, keyed(bucket.query(SELECT_EVENTS))) == ""
    settings = settings_of(upstream) | {"table_format": bucket.table_format}
    assert audit(bucket.pipeline(), **settings).differences == []


def test_writers_that_are_killed_cost_and_double_no_row(
    bucket: Bucket, upstream: Upstream, tmp_path: Path
) -> None:
    machine = tmp_path / "machine"
    events = f"{bucket.name}/lake/openpanel/events"
    codes = []
    for _ in range(KILLS):
        before = set(bucket.files.find(events))
        process = start(bucket, upstream, machine, "sync")
        # As soon as a file has come or gone: in the middle of what it replaces.
        while set(bucket.files.find(events)) == before and process.poll() is None:
            time.sleep(0.01)
        process.kill()
        codes += ended(process)
        upstream.change()
    assert any(code < 0 for code in codes)
    [code] = ended(start(bucket, upstream, machine, "sync"))
    if code == 3:
        [code] = ended(start(bucket, upstream, machine, "sync"))
    assert code == 0
    compare(bucket, upstream)


def test_two_writers_at_once_are_put_right_by_an_audit(
    bucket: Bucket, upstream: Upstream, tmp_path: Path
) -> None:
    """It is said to load with one pipeline at a time; who does not can have it put right."""
    ended(*(start(bucket, upstream, tmp_path / f"machine {n}", "sync") for n in range(2)))
    upstream.change()
    ended(*(start(bucket, upstream, tmp_path / f"machine {n}", "sync") for n in range(2)))
    assert ended(start(bucket, upstream, tmp_path / "machine 0", "audit", "--repair")) == [0]
    compare(bucket, upstream)
