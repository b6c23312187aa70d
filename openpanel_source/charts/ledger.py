"""What is known of charts from earlier runs: their definitions, and which buckets are loaded."""

from __future__ import annotations

from collections.abc import MutableMapping
from datetime import datetime
from typing import Any

import msgspec

from openpanel_source.api.query import encode_json
from openpanel_source.charts.answer import digest
from openpanel_source.charts.definition import Chart
from openpanel_source.charts.plan import Coverage


class ChartRecord(msgspec.Struct):
    """A row of the table ``charts``, kept in the state as well.

    ``chart_id`` changes whenever the chart's numbers may: 16 hex digits.
    """

    chart_id: str
    project_id: str
    name: str
    definition: str
    interval: str
    timezone: str
    covered_from: datetime | None = None
    covered_until: datetime | None = None
    window_start: datetime | None = None
    window_end: datetime | None = None
    series: int = 0
    series_cut: int = 0
    phantom_series: int = 0
    points: int = 0
    total: float = 0.0
    read_at: datetime | None = None
    error: str | None = None
    superseded_at: datetime | None = None

    @property
    def coverage(self) -> Coverage | None:
        """Which buckets are in the destination."""
        if self.covered_from is None or self.covered_until is None or self.read_at is None:
            return None
        return Coverage(self.covered_from, self.covered_until, self.read_at)

    def cover(self, first: datetime, until: datetime) -> None:
        """Widen the coverage by what was read if that leaves no gap."""
        known_first, known_until = self.covered_from, self.covered_until
        if known_first is None or known_until is None or first > known_until:
            self.covered_from, self.covered_until = first, until
        elif until >= known_first:
            self.covered_from = min(first, known_first)
            self.covered_until = max(until, known_until)


class ChartLedger:
    """The records of a chart's definitions for each project, kept in dlt's state.

    Args:
        state: That of the chart's resource.
    """

    def __init__(self, state: MutableMapping[str, Any]) -> None:
        self._projects: dict[str, Any] = state.setdefault("projects", {})

    def get(self, chart: Chart, project_id: str, timezone: str) -> ChartRecord:
        """What is known of a definition, or a new record of it."""
        definition = encode_json(chart.definition())
        chart_id = digest([project_id, chart.name, timezone, definition])
        row = self._records(project_id).get(chart_id)
        if row is not None:
            return msgspec.convert(row, ChartRecord)
        return ChartRecord(chart_id, project_id, chart.name, definition, chart.interval, timezone)

    def put(self, record: ChartRecord, now: datetime) -> list[ChartRecord]:
        """Remember a record as the current one.

        Args:
            record: The record.
            now: When others were superseded.

        Returns:
            Records that it supersedes, marked.
        """
        records = self._records(record.project_id)
        record.superseded_at = None
        superseded = []
        for row in records.values():
            other = msgspec.convert(row, ChartRecord)
            if other.chart_id != record.chart_id and other.superseded_at is None:
                other.superseded_at = now
                superseded.append(other)
        for item in (*superseded, record):
            records[item.chart_id] = msgspec.to_builtins(item)
        return superseded

    def _records(self, project_id: str) -> dict[str, Any]:
        known: dict[str, Any] = self._projects.setdefault(project_id, {"records": {}})["records"]
        return known
