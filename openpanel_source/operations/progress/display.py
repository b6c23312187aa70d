"""Show how far a sync is: a bar on a terminal, a line in a notebook, lines of a log elsewhere."""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any

from openpanel_source.operations.progress import PROGRESS
from openpanel_source.operations.progress.line import Line
from openpanel_source.source.orders import Progress

OnProgress = Callable[[Progress], None]

_SECONDS_BETWEEN_LINES = 2.0
_SECONDS_LATER_ON = 10.0
_MANY_LINES = 30
"""After so many of them a sync is a long one."""
_SECONDS_WORTH_A_LINE = 2.0
logger = logging.getLogger(PROGRESS)


@contextmanager
def shown() -> Iterator[OnProgress]:
    """Show what it is told, in the way that suits whoever looks on."""
    display = _of_notebook()
    if display is not None:
        yield _Cell(display)
    elif sys.stderr.isatty():
        with _bar() as bar:
            yield bar
    else:
        yield Lines()


class Waits:
    """Writes a line for each wait that is worth it, and nothing else."""

    def __init__(self) -> None:
        self._until = self._since = 0.0

    def __call__(self, progress: Progress) -> None:
        """Write a line if a wait has begun, or an answer is late."""
        if self.is_new(progress) or self._is_late(progress):
            _write(f"waiting: {progress.awaited}", progress)

    def is_new(self, progress: Progress) -> bool:
        """Whether there is a wait worth a line that nothing was said of, and that has an end."""
        now, awaited = time.monotonic(), progress.awaited
        if awaited is None or now < self._until or awaited.until < now + _SECONDS_WORTH_A_LINE:
            return False
        self._until = awaited.until
        return True

    def _is_late(self, progress: Progress) -> bool:
        """Whether an answer is late that no line was written of yet.

        The wait for it has no known end: ``until`` is when it began.
        """
        now, awaited = time.monotonic(), progress.awaited
        if awaited is None or not self._since + 1.0 < awaited.until <= now - _SECONDS_WORTH_A_LINE:
            return False
        self._since = awaited.until
        return True


class Lines:
    """Writes a line now and then, and one for each wait that is worth it."""

    def __init__(self) -> None:
        self._line = Line()
        self._lines = 0
        self._next_at = 0.0
        self._shown: tuple[int, int] = (0, 0)
        self._waits = Waits()

    def __call__(self, progress: Progress) -> None:
        """Write a line if it is time."""
        now = time.monotonic()
        text = self._line.of(progress)
        reached = progress.events_read, progress.days_read
        if not self._waits.is_new(progress) and (
            reached == self._shown or (now < self._next_at and progress.days_left != 0)
        ):
            return
        self._shown = reached
        self._lines += 1
        pause = _SECONDS_BETWEEN_LINES if self._lines < _MANY_LINES else _SECONDS_LATER_ON
        self._next_at = now + pause
        _write(text, progress)


def _write(text: str, progress: Progress) -> None:
    if not logger.isEnabledFor(logging.INFO) or not logger.hasHandlers():
        print(text, file=sys.stderr, flush=True)  # noqa: T201 - it was asked to be shown
        return
    facts = {
        "project_id": progress.project_id,
        "day": None if progress.day is None else progress.day.isoformat(),
        "events_read": progress.events_read,
        "events_expected": progress.events_expected,
        "days_left": progress.days_left,
    }
    logger.info(text, extra={name: fact for name, fact in facts.items() if fact is not None})


class _Cell:
    """A line in the output of a notebook's cell, written anew each time."""

    def __init__(self, display: Any) -> None:
        self._line = Line()
        self._handle = display({"text/plain": "planning"}, raw=True, display_id=True)

    def __call__(self, progress: Progress) -> None:
        self._handle.update({"text/plain": self._line.of(progress)}, raw=True)


def _of_notebook() -> Any:
    """What displays things in the notebook that this runs in; None elsewhere."""
    module = sys.modules.get("IPython")
    shell = module.get_ipython() if module is not None else None
    # The one of a terminal has none.
    is_notebook = getattr(shell, "kernel", None) is not None
    return import_module("IPython.display").display if is_notebook else None


@contextmanager
def _bar() -> Iterator[OnProgress]:
    from rich.console import Console
    from rich.progress import BarColumn, TextColumn
    from rich.progress import Progress as Bar
    from rich.table import Column

    text = TextColumn("{task.description}", markup=False, table_column=Column(no_wrap=True))
    console = Console(stderr=True)
    # What is printed into a file or a pipe meanwhile belongs there.
    is_seen = sys.stdout.isatty()
    columns = BarColumn(20), text
    with Bar(*columns, console=console, transient=True, redirect_stdout=is_seen) as bar:
        line, task = Line(), bar.add_task("planning", total=None)

        def show(progress: Progress) -> None:
            done, total = progress.events_read, progress.events_expected
            if total is None and progress.days_left is not None:
                done, total = progress.days_read, progress.days_read + progress.days_left
            bar.update(task, description=line.of(progress), completed=done, total=total)

        yield show
