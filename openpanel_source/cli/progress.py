"""Progress of a sync: a live bar on a terminal, log lines elsewhere; always on stderr."""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

from openpanel_source.cli.logs import PROGRESS
from openpanel_source.model.text import printable

if TYPE_CHECKING:
    from rich.progress import Progress as Bar

    from openpanel_source.source.orders import Progress
    from openpanel_source.wire.awaited import Awaited

_SECONDS_BETWEEN_LINES = 2.0
_SECONDS_WORTH_A_LINE = 2.0
logger = logging.getLogger(PROGRESS)


class Shown(Protocol):
    """What is shown of a sync while it goes on."""

    def on_day(self, progress: Progress) -> None:
        """Show how far it is: what ``sync(on_day=...)`` takes."""

    def on_wait(self, awaited: Awaited | None) -> None:
        """Show what it waits for: what ``sync(on_wait=...)`` takes."""


@contextmanager
def show_progress(*, as_lines: bool = False) -> Iterator[Shown]:
    """Show each day that a sync has read, and what it waits for.

    Args:
        as_lines: Write log lines on a terminal as well.
    """
    if sys.stderr.isatty() and not as_lines and logger.isEnabledFor(logging.INFO):
        with _bar() as shown:
            yield shown
    else:
        yield _Lines()


class _Meter:
    """Says in a line how far a sync is."""

    def __init__(self) -> None:
        self._started = time.monotonic()

    def line(self, progress: Progress) -> str:
        """Project, day, events, events a second, days left."""
        events, expected = progress.events_loaded, progress.events_expected
        rate = events / max(time.monotonic() - self._started, 0.001)
        of = f" of about {expected:,}" if expected > events else ""
        return (
            f"{printable(progress.record.project_id)} {progress.record.day}  {events:,}{of} events "
            f" {rate:,.0f}/s  {max(progress.days_left, 0):,} days left"
        )


class _Lines:
    def __init__(self) -> None:
        self._meter = _Meter()
        self._shown_at = -_SECONDS_BETWEEN_LINES
        self._waits_until = 0.0

    def on_day(self, progress: Progress) -> None:
        """Write a line, not too often."""
        line = self._meter.line(progress)
        if time.monotonic() - self._shown_at >= _SECONDS_BETWEEN_LINES or progress.days_left <= 0:
            record = progress.record
            facts = {
                "project_id": record.project_id,
                "day": record.day.isoformat(),
                "verdict": record.verdict.value,
                "days_left": max(progress.days_left, 0),
            }
            logger.info(line, extra=facts)
            self._shown_at = time.monotonic()

    def on_wait(self, awaited: Awaited | None) -> None:
        """Write a line for each wait that is worth it, once."""
        now = time.monotonic()
        if awaited is None or awaited.until - now < _SECONDS_WORTH_A_LINE:
            return
        if now >= self._waits_until:
            logger.info("waiting: %s", awaited)
            self._waits_until = awaited.until


class _Bar:
    def __init__(self, bar: Bar) -> None:
        self._meter = _Meter()
        self._bar = bar
        self._task = bar.add_task("planning", total=None, wait="")

    def on_day(self, progress: Progress) -> None:
        """Draw how far it is."""
        self._bar.update(
            self._task,
            description=self._meter.line(progress),
            completed=progress.days_read,
            total=progress.days_read + max(progress.days_left, 0),
        )

    def on_wait(self, awaited: Awaited | None) -> None:
        """Draw it behind the rest."""
        self._bar.update(self._task, wait=f"· {awaited}" if awaited else "")


@contextmanager
def _bar() -> Iterator[Shown]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn
    from rich.progress import Progress as Bar

    columns = (
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.description}", markup=False),
        TextColumn("{task.fields[wait]}", markup=False),
    )
    with Bar(*columns, console=Console(stderr=True), transient=True) as bar:
        yield _Bar(bar)
