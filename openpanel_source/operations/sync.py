"""Run a pipeline until nothing is left to read, one bounded run after another."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import dlt
from dlt.extract import DltSource
from tenacity import Retrying, retry_if_exception, stop_after_attempt, wait_random

from openpanel_source.api.failed_projects import FailedProjects
from openpanel_source.days.ledger import DayRecord
from openpanel_source.days.safety_catch import SafetyCatch
from openpanel_source.destinations.comments import descriptions, write_comments
from openpanel_source.destinations.duckdb_session import is_duckdb, modest, waiting_until
from openpanel_source.destinations.lock import running_alone
from openpanel_source.destinations.pipelines import destination_errors, met_another
from openpanel_source.destinations.prepare import drop_copies, drop_staging
from openpanel_source.destinations.warehouse import ProjectDay
from openpanel_source.errors import DestinationBusyError, RequestAbortedError
from openpanel_source.model.clock import check_seconds
from openpanel_source.operations.destination_view import (
    differing_after,
    held_versions,
    holds_groups,
    holds_none,
)
from openpanel_source.operations.restore import mark_clean, restored
from openpanel_source.operations.stop import Halt
from openpanel_source.operations.tuning import give_back_memory, tuned_process
from openpanel_source.operations.users_pipeline import loadable
from openpanel_source.source.report import ChartsReport, RunReport
from openpanel_source.source.source import configured, openpanel


@dataclass
class SyncSummary:
    """What a sync did.

    Attributes:
        events_loaded: Rows written to ``events``, each id of a day once.
        days_read: Days read, days counted and found empty included.
        days_unchanged: Open days that were counted and not read, as nothing had come.
        days_adopted: Days that other pipelines had loaded, taken over without reading.
        days_left: Days for a later sync, if this one was stopped early.
        stopped: Whether it was asked to stop.
        rejected_rows: Rows written to ``rejected_events``.
        erased_rows: Rows of erased profiles on the days read, left out.
        requests: Requests sent.
        runs: Load packages committed.
        seconds: Wall time.
        verdicts: How many days ended with each verdict.
        unproven: Days whose verdict is neither complete nor open.
        chart_points: Rows written to ``chart_points``.
        failed_charts: Why charts could not be read, by name; the others are loaded.
        failed_projects: Why projects could not be read, by id; the others are loaded.
    """

    events_loaded: int = 0
    days_read: int = 0
    days_unchanged: int = 0
    days_adopted: int = 0
    days_left: int = 0
    stopped: bool = False
    rejected_rows: int = 0
    erased_rows: int = 0
    requests: int = 0
    runs: int = 0
    seconds: float = 0.0
    verdicts: dict[str, int] = field(default_factory=dict)
    unproven: list[DayRecord] = field(default_factory=list)
    chart_points: int = 0
    failed_charts: dict[str, str] = field(default_factory=dict)
    failed_projects: dict[str, str] = field(default_factory=dict)

    @property
    def is_verified(self) -> bool:
        """Whether every day read is proven to be complete, as far as it was over."""
        return not self.unproven

    @property
    def exit_code(self) -> int:
        """0 when verified, 1 when a project or chart failed, 3 when loaded but not verified."""
        if self.failed_charts or self.failed_projects:
            return 1
        return 0 if self.is_verified else 3

    def as_dict(self) -> dict[str, Any]:
        """The summary as JSON values; days as ``YYYY-MM-DD``."""
        return {
            **{name: value for name, value in vars(self).items() if name != "unproven"},
            "seconds": round(self.seconds, 3),
            "verified": self.is_verified,
            "unproven": [
                {
                    "project_id": record.project_id,
                    "day": record.day.isoformat(),
                    "verdict": record.verdict.value,
                    "total_count": record.total_count,
                    "rows_received": record.rows_received,
                }
                for record in self.unproven
            ],
        }


OnDay = Callable[[RunReport], None]
BUSY_TIMEOUT = 60.0


def sync(
    pipeline: dlt.Pipeline,
    *,
    max_runtime: float | None = None,
    on_day: OnDay | None = None,
    wanted: frozenset[ProjectDay] = frozenset(),
    busy_timeout: float = BUSY_TIMEOUT,
    stop: threading.Event | None = None,
    **settings: Any,
) -> SyncSummary:
    """Load everything that is new, committing run by run, until nothing is left.

    Each run is one load package of bounded size. Killed at any moment, the next call continues.

    Args:
        pipeline: A dlt pipeline with its destination.
        max_runtime: Seconds after which no further day is begun; None for no bound.
        on_day: Called after each day with the report of the current run.
        wanted: Projects and UTC days to read again, whatever the ledger says.
        busy_timeout: Seconds to wait for a DuckDB file that another process holds.
        stop: Once set, no further day is begun, the one being read is abandoned after 2 seconds,
            and what was read is committed.
        settings: Arguments of ``openpanel()``; those left out come from dlt's configuration.

    Returns:
        What was done.

    Raises:
        OpenPanelError: Something stopped the sync, or all projects failed; what was read before is
            committed.
    """
    check_seconds("busy_timeout", busy_timeout)
    started = time.monotonic()
    halt = Halt(max_runtime, stop)
    runs = _Runs(pipeline, settings, busy_timeout, halt)
    try:
        with destination_errors(), tuned_process(), waiting_until(stop):
            # Settings are checked before the destination is touched.
            client, checked = configured(**settings)
            client.close()
            with (
                running_alone(pipeline),
                loadable(pipeline),
                halt.watching(lambda: runs.report.client),
            ):
                doubtful, adoptable = restored(pipeline, checked, busy_timeout)
                described = descriptions(pipeline)
                runs.until_nothing_is_left(wanted | doubtful, adoptable, on_day)
                if not runs.doubtful and not runs.failed:
                    mark_clean(pipeline)
                if descriptions(pipeline) != described:
                    write_comments(pipeline, busy_timeout)
                if runs.summary.runs:
                    # This may be the last sync of its pipeline, and there are copies of rows in it.
                    drop_staging(pipeline)
    except (RequestAbortedError, DestinationBusyError):
        if not halt.is_asked:
            raise
    summary = runs.finished()
    summary.seconds = time.monotonic() - started
    return summary


class _Runs:
    """The runs of a sync, one after the other, and what they add up to."""

    def __init__(
        self, pipeline: dlt.Pipeline, settings: dict[str, Any], busy_timeout: float, halt: Halt
    ) -> None:
        self._pipeline = pipeline
        self._settings = settings
        self._busy_timeout = busy_timeout
        self._halt = halt
        self._last: dict[ProjectDay, DayRecord] = {}
        self._unchanged: frozenset[ProjectDay] = frozenset()
        self.doubtful: frozenset[ProjectDay] = frozenset()
        """Days just loaded of which the destination does not hold what was read."""
        self.failed = FailedProjects()
        """Projects that are left out from then on."""
        self._catches: dict[str, SafetyCatch] = {}
        self.report = RunReport()
        """Of the present run."""
        self.summary = SyncSummary()

    def until_nothing_is_left(
        self, wanted: frozenset[ProjectDay], adoptable: list[DayRecord], on_day: OnDay | None
    ) -> None:
        """Run and commit until all days are read, or a bound is reached.

        Raises:
            OpenPanelError: A request failed for good; what was read before is committed.
        """
        has_charts = True
        while True:
            report = self.report = RunReport(
                charts=ChartsReport(skip=not has_charts),
                already=self._unchanged | self._last.keys(),
                # As long as it is not planned.
                days_left=self.report.days_left,
                wanted=wanted,
                adoptable=adoptable,
                failed_projects=self.failed,
                catches=self._catches,
                should_stop=self._halt.is_due,
                holds_none=partial(holds_none, self._pipeline, self._busy_timeout),
                holds_groups=partial(holds_groups, self._pipeline, self._busy_timeout),
                held=partial(held_versions, self._pipeline, self._busy_timeout),
            )
            if on_day is not None:
                report.on_day = on_day
            source = openpanel(report=report, **self._settings)
            _load(self._pipeline, source, report, self._busy_timeout)
            _add(self.summary, report)
            # Charts are read once a sync, and whole in its first run.
            has_charts = False
            self._last.update({(item.project_id, item.day): item for item in report.records})
            if report.failure is not None:
                raise report.failure
            self._unchanged |= report.unchanged
            self.doubtful = differing_after(self._pipeline, self._busy_timeout, report)
            if report.stopped:
                return
            wanted |= self.doubtful
            for day in self.doubtful:
                del self._last[day]
            if not self.doubtful and (report.days_left <= 0 or not report.records):
                return

    def finished(self) -> SyncSummary:
        """The summary, complete but for the time it took."""
        summary, records = self.summary, self._last.values()
        summary.stopped = self._halt.is_asked
        summary.failed_projects = self.failed.reasons()
        summary.days_left = max(self.report.days_left, 0)
        summary.days_unchanged = len(self._unchanged)
        summary.days_read = len(records)
        summary.verdicts = dict(Counter(record.verdict.value for record in records))
        summary.unproven = [record for record in records if not record.verdict.is_proof]
        return summary


def _load(
    pipeline: dlt.Pipeline, source: DltSource, report: RunReport, busy_timeout: float
) -> None:
    """Run a pipeline that has been restored and has nothing pending."""
    info = pipeline.extract(source)
    if not any(package.jobs["new_jobs"] for package in info.load_packages):
        # Neither rows nor state: there is nothing to take through the further steps.
        pipeline.abort_packages()
        return
    pipeline.normalize()
    give_back_memory()
    with modest(pipeline, busy_timeout, report.heavy_bytes):
        # Tables are made before anything is loaded, so nothing is loaded twice.
        Retrying(
            retry=retry_if_exception(met_another),
            stop=stop_after_attempt(10),
            wait=wait_random(0.05, 0.5),
            reraise=True,
        )(_make_tables_and_load, pipeline)
        if is_duckdb(pipeline):
            # The file is open; its next load takes the room.
            drop_copies(pipeline)


def _make_tables_and_load(pipeline: dlt.Pipeline) -> None:
    if pipeline.first_run:
        # The destination may hold the schema, and not the tables: somebody dropped some.
        with pipeline.destination_client() as client:
            client.initialize_storage()
            client.update_stored_schema(force=True)
    pipeline.load()


def _add(summary: SyncSummary, report: RunReport) -> None:
    summary.events_loaded += report.events_loaded
    summary.chart_points += report.charts.points
    summary.failed_charts |= {name: str(error) for name, error in report.charts.failures.items()}
    summary.rejected_rows += sum(record.rejected_rows for record in report.records)
    summary.erased_rows += sum(record.erased_rows for record in report.records)
    summary.requests += report.requests
    summary.days_adopted += len(report.adopted)
    summary.runs += 1 if report.records or report.settled or report.adopted else 0
