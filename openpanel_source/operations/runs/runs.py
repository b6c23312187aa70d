"""The runs of a sync, one after the other, until nothing is left to read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, KeysView
from contextlib import closing
from dataclasses import dataclass, field, replace

import dlt
from dlt.extract import DltResource

from openpanel_source.days.backlog import Backlog
from openpanel_source.days.ledger import DayRecord
from openpanel_source.destinations.warehouse import ProjectDay
from openpanel_source.operations.progress.display import OnProgress
from openpanel_source.operations.properties.unfilled import Unfilled
from openpanel_source.operations.runs.pace import Pace
from openpanel_source.operations.runs.package_steps import extract, load
from openpanel_source.operations.runs.summary import SyncSummary
from openpanel_source.source.orders import ChartResult, Orders, Results
from openpanel_source.source.source import source_of


@dataclass(eq=False)
class Runs:
    """The runs of a sync, one after the other over one plan, and what they add up to.

    Args:
        pipeline: A pipeline with nothing pending, which knows what its destination does.
        resources: What a run extracts, by its orders, of what the backlog has left.
        orders: Of the first run.
        backlog: What is to read; the first run plans it.
        pace: When a run is to end.
        busy_timeout: Seconds to wait for a DuckDB file that another process holds.

    Attributes:
        backlog: What is still to read.
        failed: Projects that could not be read.
        summary: Of the runs so far.
    """

    pipeline: dlt.Pipeline
    resources: Callable[[Orders, Backlog], list[DltResource]]
    orders: Orders
    backlog: Backlog
    pace: Pace
    busy_timeout: float
    summary: SyncSummary = field(default_factory=SyncSummary, init=False)
    _last: dict[ProjectDay, DayRecord] = field(default_factory=dict, init=False)
    _differing: frozenset[ProjectDay] = field(default=frozenset(), init=False)
    _is_cut_off: bool = field(default=False, init=False)

    def __post_init__(self) -> None:
        self.failed = self.backlog.failed

    @property
    def is_clean(self) -> bool:
        """Whether the destination holds what was read of all projects, and nothing is left.

        What was to be read again may be among the days that are left.
        """
        is_whole = not (self._differing or self.failed or self._is_cut_off)
        return is_whole and self.backlog.days_left <= 0

    @property
    def loaded(self) -> KeysView[ProjectDay]:
        """The days read so far whose package was loaded."""
        return self._last.keys()

    def until_nothing_is_left(self, on_day: OnProgress | None) -> bool:
        """Run and commit until all days are read, or a bound is reached; true unless stopped.

        Raises:
            OpenPanelError: A request failed for good; what was read before is committed.
        """
        # Days of a package that fails count as done.
        self._is_cut_off = True
        is_done = self._until_nothing_is_left(on_day)
        self._is_cut_off = False
        return is_done

    def _until_nothing_is_left(self, on_day: OnProgress | None) -> bool:
        orders = self.orders if on_day is None else replace(self.orders, on_day=on_day)
        with closing(self.backlog) as backlog:
            while True:
                done = backlog.days_done
                results = self._run(orders)
                # Charts are read once a sync, and whole in its first run.
                self.orders = orders = replace(orders, with_charts=False)
                self._add(results)
                if results.failure is not None:
                    raise results.failure
                self._differing = self._not_arrived(results)
                if results.stopped:
                    return False
                if backlog.days_done == done:
                    self.summary.stuck = backlog.days_left > 0
                    return True
                backlog.read_again(self._differing)
                for day in self._differing:
                    del self._last[day]
                if backlog.days_left <= 0:
                    return True

    def _run(self, orders: Orders) -> Results:
        ended: list[Results] = []
        orders = replace(orders, on_end=ended.append, on_chart=self._add_chart)
        extract(self.pipeline, source_of(self.resources(orders, self.backlog)))
        [results] = ended
        with self.pace.committing():
            load(self.pipeline, results.heavy_bytes, self.busy_timeout)
        return results

    def _not_arrived(self, results: Results) -> frozenset[ProjectDay]:
        """Days just appended of which somebody else may have loaded rows at the same time."""
        if not results.appends:
            return frozenset()
        loaded = {(one.project_id, one.day): one.distinct_ids for one in results.records}
        refused = results.refused
        return self.orders.holdings.differing(
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

    def note_unfilled(self, unfilled: Unfilled) -> None:
        """Say what columns lack that this sync was the first to make."""
        self.summary.unfilled_days = unfilled.days_left(self._last.values())
        if self.summary.unfilled_days:
            self.summary.unfilled_properties = unfilled.keys

    def finished(self) -> SyncSummary:
        """The summary, complete but for what the client and the clock say."""
        summary, records = self.summary, self._last.values()
        summary.failed_projects = self.failed.reasons()
        # Old days that differ are listed again, whatever became of them.
        unread = len(summary.scrub.unread) if summary.scrub else 0
        summary.days_left = max(self.backlog.days_left - unread, 0)
        summary.days_unchanged = len(self.backlog.unchanged)
        summary.days_read = len(records)
        summary.verdicts = dict(Counter(record.verdict.value for record in records))
        summary.unproven = [record for record in records if not record.verdict.is_proof]
        return summary
