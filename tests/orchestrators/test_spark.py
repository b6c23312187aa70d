"""The Spark example: ``local-cluster`` with two executor processes, one killed in the middle."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.orchestrators.backfills import SERVERS, Backfill, backfill_into, is_at_work
from tests.orchestrators.conftest import Installation, installed
from tests.orchestrators.programs import (
    Program,
    Programs,
    command_line,
    ending,
    needed,
    session,
)
from tests.support.postgres import postgres_url

__all__ = ["postgres_url"]

EVENTS = 20_000
EVENTS_PER_PARTITION = 4_000
EXECUTOR = "org.apache.spark.executor.CoarseGrainedExecutorBackend"


@pytest.fixture(params=SERVERS)
def backfill(request: pytest.FixtureRequest, installation: Installation) -> Backfill:
    needed("java")

    def url() -> str:
        return str(request.getfixturevalue("postgres_url"))

    return backfill_into(request.param, installation, url, EVENTS_PER_PARTITION)


@pytest.fixture
def programs(backfill: Backfill) -> Iterator[Programs]:
    installation = backfill.installation
    environment = {
        **installation.whole_environment,
        "SPARK_HOME": str(spark_home(installation.folder / "spark")),
        "SPARK_LOCAL_IP": "127.0.0.1",
        "PYSPARK_PYTHON": str(installed("spark") / "python"),
    }
    with ending(Programs(installation.folder, environment)) as programs:
        yield programs


def spark_home(folder: Path) -> Path:
    """A home of Spark whose folder ``work``, where executors are, ends with the test."""
    (pyspark,) = installed("spark").parent.glob("lib/python*/site-packages/pyspark")
    folder.mkdir()
    for entry in pyspark.iterdir():
        if entry.name != "work":
            (folder / entry.name).symlink_to(entry)
    return folder


def executors(driver: Program) -> dict[int, Path]:
    """The processes of the executors, and the folder that each works in."""
    return {
        pid: Path(os.readlink(f"/proc/{pid}/cwd"))
        for pid in session(driver.process.pid)
        if EXECUTOR in command_line(pid)
    }


def test_an_executor_that_is_killed_has_its_partition_loaded_by_another(
    backfill: Backfill, programs: Programs
) -> None:
    backfill.installation.copy(
        "spark_backfill.py",
        DESTINATION=SERVERS[backfill.target],
        EVENTS_PER_PARTITION=EVENTS_PER_PARTITION,
    )
    in_the_middle = backfill.holding_up(programs)
    # Two machines of one core; each has its own folder for dlt, below the one it works in.
    submit = (
        "spark-submit",
        "--master",
        "local-cluster[2,1,1024]",
        "--conf",
        "spark.ui.enabled=false",
    )
    driver = programs.start("driver", *submit, "spark_backfill.py", DLT_DATA_DIR="dlt")

    partition = in_the_middle()
    running = executors(driver)
    assert len(running) == 2
    (loading,) = (pid for pid, folder in running.items() if is_at_work(folder, partition))
    os.kill(loading, signal.SIGKILL)

    assert driver.ends() == 0, programs.tails()
    assert driver.log.read_text().count(" verified\n") == len(backfill.planned())
    home = backfill.installation.folder / "spark"
    machines = [folder for (folder) in home.glob("work/*/*") if is_at_work(folder, partition)]
    assert len(machines) == 2
    backfill.check()
