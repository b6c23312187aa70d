"""A machine whose commands may be killed, and what its warehouse has to hold after the next one."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import duckdb

from openpanel_source.sandbox.demo.generate import DEMO_CLIENT_ID, DEMO_CLIENT_SECRET
from tests.support.equality import difference, expected, held
from tests.support.upstream import NOW, Upstream

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
