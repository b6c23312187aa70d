"""Models that a kill left behind, or that several processes make at once, end as a rebuild does."""

from __future__ import annotations

import os
import subprocess
from datetime import timedelta
from pathlib import Path
from random import Random

import pytest

from openpanel_source import refresh_models
from tests.support.command import COMMAND
from tests.support.model_worlds import FIRST, Event, ModelWorld, in_postgres, rows_of_models
from tests.support.postgres import PostgresWarehouse, postgres_url
from tests.support.upstream import Upstream
from tests.support.worker import Outcome, Worker, commands

pytestmark = pytest.mark.long

__all__ = ["postgres_url"]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork and SIGKILL")
@pytest.mark.timeout(600)
@pytest.mark.parametrize("after", [Worker.keep_everything, Worker.lose_working_folder])
def test_a_kill_at_any_moment_after_the_last_load_is_made_good_by_the_next_sync(
    tmp_path: Path, after: object
) -> None:
    assert callable(after)
    upstream, rng = Upstream(seed=4, events=600, days=8), Random(4)
    with upstream.sandbox, commands() as running:
        worker = Worker(tmp_path / "worker", upstream, running, "--models")
        worker.recover()
        upstream.change()
        lasts = length_of_last_stage(worker.sync())
        killed = 0
        for _ in range(7):
            upstream.change()
            outcome = worker.sync(stage="commit", nth=1, delay=rng.uniform(0, lasts))
            killed += outcome.code is None
            if outcome.code is None:
                after(worker)
            if rng.random() < 0.5:
                # Days that change between a load and its models, too.
                upstream.change()
            worker.recover()
            kept = rows_of_models(worker.query)
            assert worker.run("models", "--rebuild").code == 0
            assert rows_of_models(worker.query) == kept
        assert killed >= 2


def length_of_last_stage(outcome: Outcome) -> float:
    """Seconds from a command's last commit to its end."""
    assert outcome.code == 0, outcome.errors
    *_, (stage, seconds) = outcome.durations()
    assert stage == "commit"
    return seconds


def some_events(rng: Random) -> list[Event]:
    return [
        {
            "at": rng.randrange(86_400_000),
            "name": rng.choice(["session_start", "screen_view", "revenue"]),
            "session_id": rng.choice("abcdef"),
            "profile_id": rng.choice(["anna", "bert"]),
            "device_id": "phone",
            "revenue": 5,
        }
        for _ in range(rng.randrange(6))
    ]


def change(world: ModelWorld, rng: Random) -> None:
    days = rng.sample(range(20), 3)
    world.replace(("web", FIRST + timedelta(days=day), some_events(rng)) for day in days)


@pytest.mark.timeout(600)
@pytest.mark.parametrize("killed", [False, True])
def test_processes_that_refresh_models_of_postgresql_at_once_agree(
    tmp_path: Path, postgres_url: str, killed: bool
) -> None:
    world, rng = in_postgres(tmp_path / "world", postgres_url), Random(5)
    for _ in range(8):
        change(world, rng)
    assert isinstance(world.warehouse, PostgresWarehouse)
    command = [*COMMAND, "models", "--destination", "postgres"]
    environment = os.environ | {
        "DLT_DATA_DIR": str(tmp_path / "dlt"),
        "DESTINATION__POSTGRES__CREDENTIALS": world.warehouse.url,
    }
    for attempt in range(3):
        running = [
            subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True)
            for _ in range(3)
        ]
        change(world, rng)
        if killed:
            running[0].kill()
        endings = [process.communicate(timeout=120)[1] for process in running]
        for process, said in zip(running, endings, strict=True):
            assert process.returncode == 0 or (killed and process is running[0]), (attempt, said)
    pipeline = world.warehouse.pipeline()
    refresh_models(pipeline)
    kept = world.rows()
    assert refresh_models(pipeline, rebuild=True).rebuilt
    assert world.rows() == kept
