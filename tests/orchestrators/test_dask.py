"""The Dask example: a real scheduler and two worker processes, one killed in the middle."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.orchestrators.backfills import SERVERS, Backfill, backfill_into, is_at_work
from tests.orchestrators.conftest import Installation
from tests.orchestrators.programs import Programs, ending, free_port
from tests.support.postgres import postgres_url

__all__ = ["postgres_url"]

EVENTS = 20_000
EVENTS_PER_PARTITION = 4_000


@pytest.fixture(params=SERVERS)
def backfill(request: pytest.FixtureRequest, installation: Installation) -> Backfill:
    def url() -> str:
        return str(request.getfixturevalue("postgres_url"))

    return backfill_into(request.param, installation, url, EVENTS_PER_PARTITION)


@pytest.fixture
def programs(backfill: Backfill) -> Iterator[Programs]:
    installation = backfill.installation
    with ending(Programs(installation.folder, installation.whole_environment)) as programs:
        yield programs


def test_a_worker_that_is_killed_has_its_partition_loaded_by_the_other(
    backfill: Backfill, programs: Programs
) -> None:
    port = free_port()
    address = f"tcp://127.0.0.1:{port}"
    backfill.installation.copy(
        "dask_backfill.py",
        SCHEDULER=address,
        DESTINATION=SERVERS[backfill.target],
        EVENTS_PER_PARTITION=EVENTS_PER_PARTITION,
    )
    here = ("--host", "127.0.0.1", "--no-dashboard")
    programs.start("scheduler", "dask", "scheduler", "--port", str(port), *here)
    alone = (*here, "--nthreads", "1", "--nworkers", "1", "--local-directory")
    workers = [
        programs.start(name, "dask", "worker", address, *alone, str(backfill.installation.folder))
        for name in ("worker-1", "worker-2")
    ]
    in_the_middle = backfill.holding_up(programs)
    driver = programs.start("driver", "python", "dask_backfill.py")

    partition = in_the_middle()
    (loading,) = (worker for worker in workers if is_at_work(worker.folder, partition))
    (other,) = (worker for worker in workers if worker is not loading)
    assert not is_at_work(other.folder, partition)
    loading.kill()

    assert driver.ends() == 0, programs.tails()
    assert driver.log.read_text().count(" verified\n") == len(backfill.planned())
    assert is_at_work(other.folder, partition)
    backfill.check()
    # What the worker had committed before it was killed was not read again.
    days = "SELECT 1 FROM sync_days WHERE reason = 'new' GROUP BY project_id, day"
    assert backfill.warehouse.query(f"{days} HAVING count(*) > 1") == []
