"""Run one contestant in this process: ``python -m benchmarks.contestants NAME WORK``.

``WORK`` is a ``Work`` as JSON. The last line printed is a ``Figures`` as JSON. Imports of the
contestant are made before the clock starts, except those that it makes while it works.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import time

from benchmarks.contestants import NAMES, Work


def cpu_seconds() -> float:
    """User and system time of this process and of those it has waited for."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def main() -> None:
    """Load, print."""
    name, work = sys.argv[1], Work(**json.loads(sys.argv[2]))
    assert name in NAMES
    contestant = importlib.import_module(f"benchmarks.contestants.{name}")
    started, cpu = time.perf_counter(), cpu_seconds()
    contestant.load(work)
    figures = {"wall": time.perf_counter() - started, "cpu": cpu_seconds() - cpu}
    print(json.dumps({**figures, "table": contestant.TABLE}))


if __name__ == "__main__":
    main()
