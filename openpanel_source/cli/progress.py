"""Progress of a sync: a live bar on a terminal, log lines elsewhere; always on stderr."""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from openpanel_source.cli.logs import PROGRESS
from openpanel_source.model.text import printable

if TYPE_CHECKING:
    from openpanel_source.operations.sync import OnDay
    from openpanel_source.source.orders import Progress

_SECONDS_BETWEEN_LINES = 2.0
logger = logging.getLogger(PROGRESS)


@contextmanager
def show_progress(*, as_lines: bool = False) -> Iterator[OnDay]:
    """Show each day that a sync has read.

    Args:
        as_lines: Write log lines on a terminal as well.

    Yields:
        What ``sync(on_day=...)`` takes.
    """
    if not logger.isEnabledFor(logging.INFO):
        yield lambda progress: None
    elif sys.stderr.isatty() and not as_lines:
        with _bar() as on_day:
            yield on_day
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

    def __call__(self, progress: Progress) -> None:
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


@contextmanager
def _bar() -> Iterator[OnDay]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn
    from rich.progress import Progress as Bar

    meter = _Meter()
    columns = (
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.description}", markup=False),
    )
    with Bar(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("planning", total=None)

        def on_day(progress: Progress) -> None:
            bar.update(
                task,
                description=meter.line(progress),
                completed=progress.days_read,
                total=progress.days_read + max(progress.days_left, 0),
            )

        yield on_day
