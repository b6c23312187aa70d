"""Sync a changing server with commands that are killed, and compare what is left."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from tests.support.forked_command import STAGES
from tests.support.upstream import Upstream
from tests.support.worker import Commands, Worker


@dataclass
class Tally:
    """Kills aimed at each stage, and the stage in which each hit."""

    aimed: Counter[str] = field(default_factory=Counter)
    hit: Counter[str] = field(default_factory=Counter)
    survived: int = 0

    def __str__(self) -> str:
        lines = [f"{'stage':8}{'aimed':>7}{'hit':>7}"]
        lines += [f"{stage:8}{self.aimed[stage]:7}{self.hit[stage]:7}" for stage in STAGES]
        lines.append(f"{'all':8}{self.aimed.total():7}{self.hit.total():7}")
        lines.append(f"{self.survived} commands ended before their kill")
        return "\n".join(lines)


Lengths = dict[tuple[str, int], list[float]]
"""Seconds that a stage took, the first and the second time that a command went through it."""


def measured(folder: Path, upstream: Upstream, running: Commands) -> Lengths:
    """How long the stages take in commands that are not killed: a first sync, and a later one."""
    worker = Worker(folder, upstream, running)
    lengths: defaultdict[tuple[str, int], list[float]] = defaultdict(list)
    for _ in range(2):
        outcome = worker.sync()
        assert outcome.code == 0, outcome.errors
        times: Counter[str] = Counter()
        for stage, seconds in outcome.durations():
            times[stage] += 1
            lengths[stage, min(times[stage], 2)].append(seconds)
        upstream.change()
    return lengths


def kill_at_random(
    folder: Path,
    upstream: Upstream,
    running: Commands,
    lengths: Lengths,
    *,
    kills: int,
    rng: Random,
    after: Callable[[Worker], None],
    kills_a_warehouse: int = 12,
) -> Tally:
    """Kill commands at moments drawn evenly from the length of each stage, and check what is left.

    Args:
        folder: For the warehouses.
        upstream: The server; it changes after most kills.
        running: Runs the commands.
        lengths: How long stages take.
        kills: Commands to kill, each alive when it is hit.
        rng: Draws the moments.
        after: Called after each kill.
        kills_a_warehouse: After these a warehouse has to be right; then an empty one is begun.

    Returns:
        How many kills hit which stage.
    """
    tally = Tally()
    aims: list[str] = []
    worker = None
    while tally.hit.total() < kills:
        if worker is None:
            worker = Worker(folder / f"worker-{tally.hit.total()}", upstream, running)
            left = kills_a_warehouse
        if not aims:
            aims = rng.sample(STAGES, len(STAGES))
        stage, nth = aims.pop(), rng.choice((1, 1, 2))
        delay = rng.uniform(0, rng.choice(lengths[stage, nth]))
        outcome = worker.sync(stage=stage, nth=nth, delay=delay)
        if outcome.code is not None:
            assert outcome.code in (0, 3), outcome.errors
            tally.survived += 1
            assert tally.survived < 10 + kills, "commands end before they can be killed"
            aims.append(stage)
            upstream.change()
            continue
        tally.aimed[stage] += 1
        tally.hit[outcome.last_stage] += 1
        left -= 1
        after(worker)
        if rng.random() < 0.7:
            upstream.change()
        if left == 0 or tally.hit.total() == kills:
            worker.recover()
            worker = None
    return tally
