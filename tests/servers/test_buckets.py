"""Writers of a bucket that are killed, and two at once: the next sync ends with what is right."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from openpanel_source.operations.audit import audit
from openpanel_source.sandbox.demo.generate import DEMO_CLIENT_ID, DEMO_CLIENT_SECRET
from tests.servers.conftest import BUCKETS
from tests.support.buckets import Bucket
from tests.support.equality import SELECT_EVENTS, difference, expected, keyed
from tests.support.killing import NOW, Commands, Upstream, commands

_KILLS = [(stage, nth, delay) for stage, nth, delay in (
    ("load", 1, 0.0), ("load", 1, 0.15), ("load", 2, 0.05), ("load", 1, 0.4), ("commit", 1, 0.0),
)]  # fmt: skip
"""Stage of the command, which time it enters it, and seconds after that."""


@pytest.fixture(scope="module")
def running() -> Iterator[Commands]:
    with commands() as warm:
        yield warm


@pytest.fixture
def upstream() -> Iterator[Upstream]:
    changing = Upstream(seed=3, events=600, days=8)
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


def environment_of(bucket: Bucket, upstream: Upstream, folder: Path) -> dict[str, str]:
    settings = settings_of(upstream) | {"project_id": json.dumps(upstream.projects)}
    named = {f"SOURCES__OPENPANEL__{key.upper()}": str(settings[key]) for key in settings}
    folder.mkdir(exist_ok=True)
    further = {"DLT_DATA_DIR": str(folder / "dlt"), "TMPDIR": str(folder)}
    return named | bucket.environment() | further | {"RUNTIME__DLTHUB_TELEMETRY": "false"}


def compare(bucket: Bucket, upstream: Upstream) -> None:
    wanted = expected(upstream.rows())
    assert difference(wanted, keyed(bucket.query(SELECT_EVENTS))) == ""
    settings = settings_of(upstream) | {"table_format": bucket.table_format}
    assert audit(bucket.pipeline("another"), **settings).differences == []


def test_writers_that_are_killed_cost_and_double_no_row(
    bucket: Bucket, upstream: Upstream, running: Commands, tmp_path: Path
) -> None:
    folder = tmp_path / "worker"
    environment = environment_of(bucket, upstream, folder)
    command = ("sync", "--destination", "filesystem")
    killed = 0
    for stage, nth, delay in _KILLS:
        outcome = running.run(folder, environment, *command, stage=stage, nth=nth, delay=delay)
        assert outcome.code in (None, 0, 3), outcome.errors
        killed += outcome.code is None
        upstream.change()
    assert killed >= 2
    for _ in range(2):
        outcome = running.run(folder, environment, *command)
        if outcome.code != 3:
            break
    assert outcome.code == 0, outcome.errors
    compare(bucket, upstream)


def test_two_writers_at_once_are_put_right_by_the_next_sync(
    bucket: Bucket, upstream: Upstream, tmp_path: Path
) -> None:
    """It is said to load with one pipeline at a time; who does not must not be left with damage."""
    command = [sys.executable, "-m", "openpanel_source.cli", "sync", "--destination", "filesystem"]
    outputs = []
    for number in range(2):
        folder = tmp_path / f"machine {number}"
        environment = environment_of(bucket, upstream, folder)
        outputs.append(
            subprocess.Popen(
                command,
                cwd=folder,
                env=environment,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                text=True,
            )
        )
    ends = [(process.communicate()[1], process.returncode) for process in outputs]
    assert all("Traceback" not in errors for errors, _ in ends), ends
    folder = tmp_path / "machine 0"
    environment = environment_of(bucket, upstream, folder)
    for _ in range(2):
        last = subprocess.run(
            command, cwd=folder, env=environment, capture_output=True, text=True, check=False
        )
        if last.returncode == 0:
            break
    assert last.returncode == 0, last.stderr
    compare(bucket, upstream)
