"""Worker processes that load partitions of a backfill side by side, some killed and repeated."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import tempfile
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import dlt

from openpanel_source import Partition, sync

WORKERS = 4
_context = multiprocessing.get_context("forkserver")
_context.set_forkserver_preload(
    [
        "openpanel_source.operations.sync",
        "openpanel_source.rows.shape",
        "dlt.destinations.impl.postgres.postgres",
    ]
)


@dataclass(frozen=True)
class Target:
    """Where partitions go, and a folder for the workers' scratch files.

    Args:
        url: Of PostgreSQL, or the path of a DuckDB file.
        folder: The folder.
    """

    url: str
    folder: Path

    def destination(self) -> Any:
        if self.url.startswith("postgresql:"):
            return dlt.destinations.postgres(self.url)
        return dlt.destinations.duckdb(self.url)


def load_partition(planned: dict[str, Any], target: Target, settings: dict[str, Any]) -> None:
    """Load it as a machine would that knows nothing of it: with an empty working folder."""
    log = (target.folder / f"{os.getpid()}.log").open("w")
    with log, contextlib.redirect_stderr(log):
        partition = Partition.from_dict(planned)
        pipeline = dlt.pipeline(
            partition.name,
            destination=target.destination(),
            dataset_name="openpanel",
            pipelines_dir=tempfile.mkdtemp(dir=target.folder),
        )
        sync(pipeline, **settings | partition.settings)


@dataclass
class Outcome:
    """What a fleet went through."""

    killed: int = 0
    failed: int = 0


def load_all(
    partitions: Sequence[Partition],
    target: Target,
    settings: dict[str, Any],
    *,
    kills: int,
    seconds: float,
    seed: int = 1,
) -> Outcome:
    """Load partitions with four processes at a time, and repeat those that did not end well.

    Args:
        partitions: What to load.
        target: Where to.
        settings: Further arguments of ``sync``.
        kills: How many loads to kill.
        seconds: Kill after a random time up to this.
        seed: Of the random times.
    """
    random, outcome = Random(seed), Outcome()
    waiting = deque(partitions)
    running: dict[Any, tuple[Partition, float]] = {}
    while waiting or running:
        while waiting and len(running) < WORKERS:
            partition = waiting.popleft()
            arguments = (partition.as_dict(), target, settings)
            process = _context.Process(target=load_partition, args=arguments)
            process.start()
            is_doomed = outcome.killed + sum(end < 1e9 for _, end in running.values()) < kills
            running[process] = partition, random.uniform(0, seconds) if is_doomed else 1e9
        time.sleep(0.01)
        for process, (partition, life) in list(running.items()):
            if life < 1e9 and life - 0.01 <= 0 and process.is_alive():
                process.kill()
                process.join()
            else:
                running[process] = partition, life - 0.01 if life < 1e9 else life
            if process.exitcode is None:
                continue
            del running[process]
            process.join()
            outcome.killed += process.exitcode == -9
            outcome.failed += process.exitcode > 0
            assert outcome.failed < 20, "workers fail again and again"
            if process.exitcode:
                waiting.append(partition)
    return outcome
