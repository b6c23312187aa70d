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
    from openpanel_source.source.report import RunReport

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
    if sys.stderr.isatty() and not as_lines:
        with _bar() as on_day:
            yield on_day
    else:
        yield _Lines()


class _Meter:
    """Adds up the reports of the runs of a sync."""

    def __init__(self) -> None:
        self._started = time.monotonic()
        self._earlier = 0
        self._expected = 0
        self._report: RunReport | None = None

    def line(self, report: RunReport) -> str:
        """Where the sync is: project, day, events, events a second, days left."""
        if self._report is not None and report is not self._report:
            self._earlier += self._report.events_loaded
        self._report = report
        events = self._earlier + report.events_loaded
        rate = events / max(time.monotonic() - self._started, 0.001)
        record = report.records[-1]
        self._expected = max(self._expected, report.events_expected)
        of = f" of about {self._expected:,}" if self._expected > events else ""
        return (
            f"{printable(record.project_id)} {record.day}  {events:,}{of} events  {rate:,.0f}/s "
            f" {max(report.days_left, 0):,} days left"
        )


class _Lines:
    def __init__(self) -> None:
        self._meter = _Meter()
        self._shown_at = -_SECONDS_BETWEEN_LINES

    def __call__(self, report: RunReport) -> None:
        line = self._meter.line(report)
        if time.monotonic() - self._shown_at >= _SECONDS_BETWEEN_LINES or report.days_left <= 0:
            record = report.records[-1]
            facts = {
                "project_id": record.project_id,
                "day": record.day.isoformat(),
                "verdict": record.verdict.value,
                "days_left": max(report.days_left, 0),
            }
            logger.info(line, extra=facts)
            self._shown_at = time.monotonic()


@contextmanager
def _bar() -> Iterator[OnDay]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    meter = _Meter()
    columns = (
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.description}", markup=False),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("planning", total=None)

        def on_day(report: RunReport) -> None:
            done = len(report.records)
            progress.update(
                task,
                description=meter.line(report),
                completed=done,
                total=done + max(report.days_left, 0),
            )

        yield on_day
