"""A sync that is killed at any moment leaves a warehouse that the next sync makes right by itself.

Commands run in forks of one warm process and die of SIGKILL (tests/support/forked_command.py), at
moments drawn evenly over the measured length of each stage. ``OPENPANEL_SOURCE_KILLS=100 pytest
-s -n0 tests/promise/test_killed_at_any_moment.py`` (``make kills``) kills 100 commands on a machine
that keeps its files, 50 on machines that lose them or find them damaged, and prints how many hit
which stage; without the variable it is 8 and 4.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from tests.support.forked_command import STAGES
from tests.support.killing import Lengths, Tally, kill_at_random, measured
from tests.support.upstream import Upstream
from tests.support.worker import Commands, Worker, commands

KILLS = int(os.environ.get("OPENPANEL_SOURCE_KILLS", "8"))

pytestmark = [
    pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork and SIGKILL"),
    pytest.mark.timeout(600 + 5 * KILLS),
]


@pytest.fixture(scope="module")
def running() -> Iterator[Commands]:
    with commands() as warm:
        yield warm


@pytest.fixture
def upstream() -> Iterator[Upstream]:
    changing = Upstream(seed=1, events=1500)
    with changing.sandbox:
        yield changing


@pytest.fixture(scope="module")
def lengths(tmp_path_factory: pytest.TempPathFactory, running: Commands) -> Lengths:
    measuring = Upstream(seed=1, events=1500)
    with measuring.sandbox:
        return measured(tmp_path_factory.mktemp("measured") / "worker", measuring, running)


def _show(title: str, tally: Tally) -> None:
    print(f"\n{title}\n{tally}")  # noqa: T201 - what make kills is for


def _check_share(tally: Tally, kills: int) -> None:
    assert tally.hit.total() == kills
    # Where a kill hits is up to the machine; that each stage gets some is up to the test.
    least = kills // len(STAGES) // 4
    assert all(tally.hit[stage] >= least for stage in STAGES)


@pytest.mark.long
def test_no_kill_costs_or_doubles_a_row(
    tmp_path: Path, upstream: Upstream, running: Commands, lengths: Lengths
) -> None:
    tally = kill_at_random(
        tmp_path,
        upstream,
        running,
        lengths,
        kills=KILLS,
        rng=Random(1),
        after=Worker.keep_everything,
    )
    _show("Killed", tally)
    _check_share(tally, KILLS)


@pytest.mark.long
def test_no_kill_costs_or_doubles_a_row_on_a_machine_that_is_replaced(
    tmp_path: Path, upstream: Upstream, running: Commands, lengths: Lengths
) -> None:
    kills = -(-KILLS // 4)
    tally = kill_at_random(
        tmp_path,
        upstream,
        running,
        lengths,
        kills=kills,
        rng=Random(2),
        after=Worker.lose_working_folder,
        kills_a_warehouse=8,
    )
    _show("Killed, and the working folder lost", tally)
    _check_share(tally, kills)


@pytest.mark.long
def test_no_power_cut_costs_or_doubles_a_row(
    tmp_path: Path, upstream: Upstream, running: Commands, lengths: Lengths
) -> None:
    kills = -(-KILLS // 4)
    rng = Random(3)
    tally = kill_at_random(
        tmp_path,
        upstream,
        running,
        lengths,
        kills=kills,
        rng=rng,
        after=lambda worker: worker.damage(rng),
        kills_a_warehouse=4,
    )
    _show("Killed, and the newest file of the working folder damaged", tally)
    _check_share(tally, kills)


STEPS = {
    "rows_extracted_and_not_yet_a_package": r"/normalize/extracted/",
    "package_extracted_and_state_not_yet_saved": r"/openpanel/schemas/",
    "package_normalized_and_not_yet_to_be_loaded": r"/load/normalized/",
    "schema_migrated_and_that_not_yet_noted": r"/applied_schema_updates\.json",
    "events_appended_or_staged_and_that_not_yet_noted": r"/\.pending_transitions/events\..*parquet",
    "ledger_staged_and_that_not_yet_noted": r"/\.pending_transitions/sync_days\..*parquet",
    "state_loaded_and_that_not_yet_noted": r"/\.pending_transitions/_dlt_pipeline_state\.",
    "ledger_merged_and_that_not_yet_noted": r"/\.pending_transitions/sync_days\..*sql",
    "events_merged_and_that_not_yet_noted": r"/\.pending_transitions/events\..*sql",
    "load_committed_and_package_not_yet_closed": r"/package_completed\.json",
    "package_closed_and_not_yet_moved": r"/load/loaded/",
}
EVENTS_MERGED = STEPS["events_merged_and_that_not_yet_noted"]


@pytest.mark.sampled(11)
@pytest.mark.parametrize("number", range(len(STEPS)), ids=STEPS.keys())
def test_a_kill_between_two_steps_is_made_good(
    tmp_path: Path, number: int, running: Commands
) -> None:
    step = list(STEPS.values())[number]
    # Every other step loses the working folder; all lose it in ``make kills``.
    both = (Worker.keep_everything, Worker.lose_working_folder)
    tried = both if KILLS >= 100 else both[number % 2 :][:1]
    upstream = Upstream(seed=2, events=300, days=8)
    with upstream.sandbox:
        worker = Worker(tmp_path / "worker", upstream, running)
        if step == EVENTS_MERGED:
            # The events of a first sync are not merged.
            worker.recover()
            upstream.change()
        for after in tried:
            # The first sync, and then one that brings changes.
            assert worker.sync(step=step).code is None, "the step never came"
            after(worker)
            worker.recover()
            upstream.change()


@pytest.mark.long
def test_rows_of_a_run_that_was_killed_go_if_the_server_drops_them_meanwhile(
    tmp_path: Path, running: Commands
) -> None:
    upstream = Upstream(seed=3, events=300, days=8)
    with upstream.sandbox:
        worker = Worker(tmp_path / "worker", upstream, running)
        worker.recover()
        for after in (Worker.keep_everything, Worker.lose_working_folder):
            added = upstream.add([0, 2, 300])
            assert worker.sync(step=EVENTS_MERGED).code is None
            after(worker)
            # The server counts again what the ledger says, and the warehouse holds more.
            upstream.remove(added)
            worker.recover()


@pytest.mark.long
@pytest.mark.parametrize("removals", [1, 8, 24])
def test_a_kill_while_a_run_clears_up_after_another_is_made_good(
    tmp_path: Path, running: Commands, removals: int
) -> None:
    upstream = Upstream(seed=3, events=300, days=8)
    with upstream.sandbox:
        worker = Worker(tmp_path / "worker", upstream, running)
        worker.recover()
        added = upstream.add([0, 2, 300])
        assert worker.sync(step=EVENTS_MERGED).code is None
        assert worker.sync(step=r"^remove ", nth=removals).code is None
        upstream.remove(added)
        worker.recover()
