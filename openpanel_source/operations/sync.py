"""Run a pipeline until nothing is left to read, one bounded run after another."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import dlt
from dlt.extract import DltResource

from openpanel_source.days.backlog import Backlog
from openpanel_source.days.ledger import DayRecord
from openpanel_source.destinations.comments import descriptions, write_comments
from openpanel_source.destinations.holdings import Holdings
from openpanel_source.destinations.lock import running_alone
from openpanel_source.destinations.prepare import drop_staging
from openpanel_source.destinations.warehouse import ProjectDay
from openpanel_source.lists.verdict import ListResult, ListVerdict
from openpanel_source.model.plain import plain
from openpanel_source.models.dataset import dialect_of
from openpanel_source.models.make import ModelsSummary, refresh_models, refresh_tables
from openpanel_source.operations.pace import Pace
from openpanel_source.operations.package_steps import extract, load, load_lists
from openpanel_source.operations.preamble import BUSY_TIMEOUT, operation
from openpanel_source.operations.restore import mark_clean, restored
from openpanel_source.operations.stop import Halt
from openpanel_source.operations.tuning import tuned_process
from openpanel_source.operations.users_pipeline import loadable
from openpanel_source.operations.waits import OnWait, telling_waits
from openpanel_source.source.orders import ChartResult, Orders, Progress, Results
from openpanel_source.source.source import resources_of, source_of

_SHOWN_OF_DAYS = ("project_id", "day", "verdict", "total_count", "rows_received")


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
        lists: What became of each list of each project, of the setting ``lists``.
        models: What has become of the models; None if they were left alone.
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
    lists: list[ListResult] = field(default_factory=list)
    models: ModelsSummary | None = None

    @property
    def is_verified(self) -> bool:
        """Whether every day read is proven to be complete, as far as it was over."""
        return not self.unproven

    @property
    def exit_code(self) -> int:
        """0 when verified, 1 when a project, chart or list failed, 3 when not verified."""
        failed_lists = any(one.verdict is ListVerdict.FAILED for one in self.lists)
        if self.failed_charts or self.failed_projects or failed_lists:
            return 1
        return 0 if self.is_verified else 3

    def as_dict(self) -> dict[str, Any]:
        """The summary as JSON values; days as ``YYYY-MM-DD``."""
        unproven = [
            {name: getattr(record, name) for name in _SHOWN_OF_DAYS} for record in self.unproven
        ]
        said = {"seconds": round(self.seconds, 3), "verified": self.is_verified}
        return dict(plain({**vars(self), **said, "unproven": unproven}))


OnDay = Callable[[Progress], None]


def sync(
    pipeline: dlt.Pipeline,
    *,
    max_runtime: float | None = None,
    on_day: OnDay | None = None,
    on_wait: OnWait | None = None,
    models: bool | None = None,
    reread: frozenset[ProjectDay] = frozenset(),
    busy_timeout: float = BUSY_TIMEOUT,
    stop: threading.Event | None = None,
    **settings: Any,
) -> SyncSummary:
    """Load everything that is new, committing run by run, until nothing is left.

    Each run is one load package of bounded size. Killed at any moment, the next call continues.

    Args:
        pipeline: A dlt pipeline with its destination.
        max_runtime: Seconds after which no further day is begun; None for no bound.
        on_day: Called after each day with how far the sync is.
        on_wait: Called twice a second, in a thread of its own, with what requests wait for, as the
            rate limit; None while none waits.
        models: Whether to make the tables of docs/models.md, or bring them up to date; when left
            out, they are brought up to date where somebody has made them. A sync that is asked to
            stop leaves that to the next.
        reread: Projects and UTC days to read again, whatever the ledger says.
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
    started = time.monotonic()
    halt = Halt(max_runtime, stop)
    if models:
        # Refuses a destination that holds none, before anything is loaded.
        dialect_of(pipeline)
    runs: _Runs | None = None
    with (
        halt.ending(),
        tuned_process(),
        operation(settings, halt, busy_timeout) as (client, checked),
        telling_waits(client, on_wait),
        running_alone(pipeline, busy_timeout),
        loadable(pipeline),
    ):
        differing, adoptable = restored(pipeline, checked, busy_timeout)
        described = descriptions(pipeline)
        pace = Pace(checked.limits.commit_seconds)
        orders = Orders(
            Holdings(pipeline, busy_timeout),
            reread | differing,
            tuple(adoptable),
            with_lists=False,
            begins_early=pace.is_bounded,
            should_stop=halt.is_due,
            should_commit=pace.is_due,
        )
        resources = partial(resources_of, client, checked)
        runs = _Runs(pipeline, resources, orders, pace, busy_timeout)
        if runs.until_nothing_is_left(on_day) and checked.lists:
            runs.summary.lists = load_lists(
                pipeline, client, checked, orders, runs.failed, busy_timeout
            )
        if runs.is_clean:
            mark_clean(pipeline)
        if descriptions(pipeline) != described:
            write_comments(pipeline, busy_timeout)
        if runs.summary.runs or runs.summary.lists:
            # This may be the last sync of its pipeline, and there are copies of rows in it.
            drop_staging(pipeline)
        if models is not False and not halt.is_asked:
            refresh = refresh_models if models else refresh_tables
            runs.summary.models = refresh(pipeline, busy_timeout=busy_timeout)
    summary = runs.finished() if runs else SyncSummary()
    summary.requests = client.requests_sent
    summary.stopped = halt.is_asked
    summary.seconds = time.monotonic() - started
    return summary


class _Runs:
    """The runs of a sync, one after the other over one plan, and what they add up to."""

    def __init__(
        self,
        pipeline: dlt.Pipeline,
        resources: Callable[[Orders, Backlog], list[DltResource]],
        orders: Orders,
        pace: Pace,
        busy_timeout: float,
    ) -> None:
        self._pipeline = pipeline
        self._resources = resources
        self._orders = orders
        self._pace = pace
        self._busy_timeout = busy_timeout
        self._backlog = Backlog()
        self._last: dict[ProjectDay, DayRecord] = {}
        self._differing: frozenset[ProjectDay] = frozenset()
        self.failed = self._backlog.failed
        self.summary = SyncSummary()

    @property
    def is_clean(self) -> bool:
        """Whether the destination holds what was read of all projects, and nothing is left.

        What was to be read again may be among the days that are left.
        """
        return not self._differing and not self.failed and self._backlog.days_left <= 0

    def until_nothing_is_left(self, on_day: OnDay | None) -> bool:
        """Run and commit until all days are read, or a bound is reached; true unless stopped.

        Raises:
            OpenPanelError: A request failed for good; what was read before is committed.
        """
        orders = self._orders if on_day is None else replace(self._orders, on_day=on_day)
        with closing(self._backlog) as backlog:
            while True:
                done = backlog.days_done
                results = self._run(orders)
                # Charts are read once a sync, and whole in its first run.
                orders = replace(orders, with_charts=False)
                self._add(results)
                if results.failure is not None:
                    raise results.failure
                self._differing = self._not_arrived(results)
                if results.stopped or backlog.days_done == done:
                    return not results.stopped
                backlog.read_again(self._differing)
                for day in self._differing:
                    del self._last[day]
                if backlog.days_left <= 0:
                    return True

    def _run(self, orders: Orders) -> Results:
        ended: list[Results] = []
        charts: list[ChartResult] = []
        orders = replace(orders, on_end=ended.append, on_chart=charts.append)
        extract(self._pipeline, source_of(self._resources(orders, self._backlog)))
        [results] = ended
        with self._pace.committing():
            load(self._pipeline, results.heavy_bytes, self._busy_timeout)
        for chart in charts:
            self._add_chart(chart)
        return results

    def _not_arrived(self, results: Results) -> frozenset[ProjectDay]:
        """Days just appended of which somebody else may have loaded rows at the same time."""
        if not results.appends:
            return frozenset()
        loaded = {(one.project_id, one.day): one.distinct_ids for one in results.records}
        refused = results.refused
        return self._orders.destination.differing(
            {key: rows for key, rows in loaded.items() if key not in refused}
        )

    def _add(self, results: Results) -> None:
        summary = self.summary
        summary.events_loaded += results.events_loaded
        summary.rejected_rows += sum(record.rejected_rows for record in results.records)
        summary.erased_rows += sum(record.erased_rows for record in results.records)
        summary.days_adopted += len(results.adopted)
        summary.runs += 1 if results.of_ledger() else 0
        self._last.update({(item.project_id, item.day): item for item in results.records})

    def _add_chart(self, result: ChartResult) -> None:
        self.summary.chart_points += result.points
        if result.failure is not None:
            self.summary.failed_charts[result.name] = str(result.failure)

    def finished(self) -> SyncSummary:
        """The summary, complete but for what the client and the clock say."""
        summary, records = self.summary, self._last.values()
        summary.failed_projects = self.failed.reasons()
        summary.days_left = max(self._backlog.days_left, 0)
        summary.days_unchanged = len(self._backlog.unchanged)
        summary.days_read = len(records)
        summary.verdicts = dict(Counter(record.verdict.value for record in records))
        summary.unproven = [record for record in records if not record.verdict.is_proof]
        return summary
