"""Sync a changing server with commands that are killed, and compare what is left."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, timezone
from pathlib import Path
from random import Random
from typing import Any

import duckdb

from openpanel_source.sandbox import Sandbox, generate
from openpanel_source.sandbox.demo.generate import DEMO_CLIENT_ID, DEMO_CLIENT_SECRET
from tests.support.equality import difference, expected, held, server_rows
from tests.support.forked_command import STAGES

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=timezone.utc)
HEADERS = {
    "openpanel-client-id": DEMO_CLIENT_ID,
    "openpanel-client-secret": DEMO_CLIENT_SECRET,
}
_ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Outcome:
    """How a command ended: its exit code, None if it was killed, and the stages it went through."""

    code: int | None
    stages: list[tuple[str, float]]
    seconds: float
    errors: str

    @property
    def last_stage(self) -> str:
        return self.stages[-1][0]

    def durations(self) -> Iterator[tuple[str, float]]:
        ends = [at for _, at in self.stages[1:]] + [self.seconds]
        for (stage, at), end in zip(self.stages, ends, strict=True):
            yield stage, end - at


class Commands:
    """Runs ``openpanel-source`` in forks of one warm process (tests/support/forked_command.py)."""

    def __init__(self) -> None:
        settings = ("SOURCES__", "DESTINATION__")
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.support.forked_command"],
            cwd=_ROOT,
            env={
                name: value for name, value in os.environ.items() if not name.startswith(settings)
            },
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def run(self, folder: Path, env: dict[str, str], *args: str, **kill: Any) -> Outcome:
        """Run a command to its end or death (``kill``: see tests/support/forked_command.py)."""
        order = {"folder": str(folder), "env": env, "args": args, **kill}
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        answer = json.loads(self._process.stdout.readline())
        errors = (folder / "err.txt").read_text(encoding="utf-8", errors="replace")
        return Outcome(answer["code"], answer["stages"], answer["seconds"], errors)

    def close(self) -> None:
        """End it; it ends its child before."""
        self._process.communicate(timeout=30)


@contextmanager
def commands() -> Iterator[Commands]:
    """A warm process for a test."""
    running = Commands()
    try:
        yield running
    finally:
        running.close()


class Upstream:
    """A server whose history changes: rows arrive, late ones too, and vanish.

    A day either gains or loses rows, so that counting each day shows every change.
    """

    def __init__(self, seed: int, *, events: int = 3000, days: int = 20) -> None:
        dataset = generate(events=events, days=days, seed=seed, now=NOW)
        self.projects = [project.id for project in dataset.accounts.projects]
        self.sandbox = Sandbox(dataset, rate_limit=None, now=lambda: NOW)
        self._rng = Random(seed)
        self._rows = [row for rows in dataset.events.values() for row in rows]
        self._losing = [row for row in self._rows if _age(row) % 2]
        self._days = days
        self._made = 0

    def change(self) -> None:
        """Add rows of today, late ones and now and then years old ones; delete some."""
        rng = self._rng
        late = [rng.randrange(0, self._days, 2) for _ in range(rng.randint(1, 4))]
        old = [rng.randrange(100, 500, 2)] if rng.random() < 0.2 else []
        self.add([0, 0, *late, *old], again=rng.random() < 0.3)
        rng.shuffle(self._losing)
        gone, self._losing = self._losing[:3], self._losing[3:]
        self.remove([row["id"] for row in gone])

    def add(self, ages: Sequence[int], *, again: bool = False) -> list[str]:
        """Add a row of each age in days; with ``again`` deliver one of them twice.

        Returns:
            Their ids.
        """
        added = [self._row(age) for age in ages]
        self.sandbox.add([*added, *added[: int(again)]])
        return [row["id"] for row in added]

    def remove(self, ids: list[str]) -> None:
        """Delete rows."""
        self.sandbox.remove(ids)

    def rows(self) -> list[dict[str, Any]]:
        """All rows that the server lists."""
        return [
            row for project in self.projects for row in server_rows(self.sandbox, HEADERS, project)
        ]

    def _row(self, age: int) -> dict[str, Any]:
        self._made += 1
        at = NOW - timedelta(days=age, seconds=self._rng.uniform(0, 40_000))
        return self._rng.choice(self._rows) | {
            "id": f"{self._made:08x}-0000-4000-8000-{self._rng.getrandbits(48):012x}",
            "createdAt": f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03d}Z",
        }


def _age(row: dict[str, Any]) -> int:
    return (NOW.date() - date.fromisoformat(row["createdAt"][:10])).days


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


class Worker:
    """A machine with a warehouse, on which commands run.

    Args:
        folder: For its files.
        upstream: The server.
        running: Runs the commands.
        options: Of each ``sync``.
    """

    def __init__(self, folder: Path, upstream: Upstream, running: Commands, *options: str) -> None:
        folder.mkdir(parents=True)
        self.folder = folder
        self.upstream = upstream
        self._running = running
        self._options = options
        self.database = folder / "warehouse.duckdb"
        self.working_folder = folder / "dlt"
        self._env = {
            "DLT_DATA_DIR": str(self.working_folder),
            # dlt leaves files there when it is killed.
            "TMPDIR": str(folder),
            "RUNTIME__DLTHUB_TELEMETRY": "false",
            "SOURCES__OPENPANEL__CLIENT_ID": DEMO_CLIENT_ID,
            "SOURCES__OPENPANEL__CLIENT_SECRET": DEMO_CLIENT_SECRET,
            "SOURCES__OPENPANEL__PROJECT_ID": json.dumps(upstream.projects),
            "SOURCES__OPENPANEL__BASE_URL": upstream.sandbox.url,
            "SOURCES__OPENPANEL__NOW": NOW.isoformat(),
            "SOURCES__OPENPANEL__BACKOFF_SECONDS": "0.01",
            "SOURCES__OPENPANEL__MAX_DAYS_PER_RUN": "12",
            # The newest day is committed before the rest is planned, and that in several runs.
            "SOURCES__OPENPANEL__COMMIT_SECONDS": "0.3",
            # Every day is counted alone: sums that cancel out are another test's matter.
            "SOURCES__OPENPANEL__LOOKBACK_DAYS": "1000",
        }

    def sync(self, *args: str, **kill: Any) -> Outcome:
        """Run ``openpanel-source sync``, and kill it if told so."""
        return self.run("sync", *self._options, *args, **kill)

    def run(self, *args: str, **kill: Any) -> Outcome:
        """Run ``openpanel-source`` with these arguments, and kill it if told so."""
        return self._running.run(self.folder, self._env, *args, **kill)

    def recover(self) -> None:
        """Run until it is done: the next run, or after an unproven one the one after it.

        Raises:
            AssertionError: It is not done by then, or the warehouse is not what the server is.
        """
        outcome = self.sync()
        if outcome.code == 3:
            outcome = self.sync()
        assert outcome.code == 0, f"exit code {outcome.code}\n{outcome.errors}"
        self.check()

    def check(self) -> None:
        """Compare every row and the ledger with the server.

        Raises:
            AssertionError: They differ.
        """
        rows = self.upstream.rows()
        wanted = expected(rows)
        _equal("events", difference(wanted, held(self.database)), "")
        twice = (
            "SELECT project_id, day, load_id, count(*) FROM sync_days"
            " GROUP BY project_id, query_fingerprint, day, load_id HAVING count(*) > 1"
        )
        _equal("rows of sync_days that are there twice", self.query(twice), [])
        latest = (
            "SELECT project_id, CAST(day AS VARCHAR), total_count, distinct_ids FROM sync_days"
            " QUALIFY row_number() OVER ("
            "  PARTITION BY project_id, day ORDER BY CAST(load_id AS DOUBLE) DESC) = 1"
        )
        ledger = [row for row in self.query(latest) if row[2]]
        delivered = Counter((row["projectId"], row["createdAt"][:10]) for row in rows)
        distinct = Counter((project, day) for project, day, _ in wanted)
        _equal("counts", {(project, day): n for project, day, n, _ in ledger}, dict(delivered))
        _equal("ids", {(project, day): n for project, day, _, n in ledger}, dict(distinct))

    def keep_everything(self) -> None:
        """What a machine does that is started again."""

    def lose_working_folder(self) -> None:
        """What a container does that is replaced by another."""
        shutil.rmtree(self.working_folder, ignore_errors=True)

    def damage(self, rng: Random) -> None:
        """What a power cut does: the newest file of dlt's working folder is cut or garbage."""
        files = [path for path in self.working_folder.rglob("*") if path.is_file()]
        packages = [path for path in files if {"load", "normalize"} & set(path.parts)]
        chosen = packages if packages and rng.random() < 0.7 else files
        if not chosen:
            return
        newest = max(chosen, key=lambda path: path.stat().st_mtime_ns)
        content = newest.read_bytes()
        kept = rng.choice([b"", content[: len(content) // 2], bytes(len(content))])
        newest.write_bytes(kept)

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        """Ask the warehouse."""
        with duckdb.connect(str(self.database)) as connection:
            connection.execute("SET search_path = 'openpanel'")
            return connection.execute(sql).fetchall()


def _equal(what: str, found: object, wanted: object) -> None:
    if found != wanted:
        raise AssertionError(f"{what}: {found!r:.2000}\ninstead of: {wanted!r:.2000}")


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
