"""What is known of charts from earlier runs: their definitions, and which buckets are loaded."""

from __future__ import annotations

from collections.abc import Iterable, MutableMapping
from datetime import datetime
from typing import Any

import msgspec
import pyarrow as pa

from openpanel_source.charts.plan import Coverage
from openpanel_source.model.schema import CHARTS


class ChartRecord(msgspec.Struct):
    """A row of the table ``charts``, kept in the state as well."""

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


class ChartBook:
    """The records of a chart's definitions for each project, kept in dlt's state."""

    def __init__(self, state: MutableMapping[str, Any]) -> None:
        self._projects: dict[str, Any] = state.setdefault("projects", {})

    def get(self, project_id: str, chart_id: str) -> ChartRecord | None:
        """What is known of a definition."""
        row = self._of(project_id)["records"].get(chart_id)
        return None if row is None else msgspec.convert(row, ChartRecord)

    def put(self, record: ChartRecord, now: datetime) -> list[ChartRecord]:
        """Remember a record as the current one.

        Args:
            record: The record.
            now: When others were superseded.

        Returns:
            Records that it supersedes, marked.
        """
        known = self._of(record.project_id)
        records = known["records"]
        superseded = []
        record.superseded_at = None
        for row in records.values():
            other = msgspec.convert(row, ChartRecord)
            if other.chart_id != record.chart_id and other.superseded_at is None:
                other.superseded_at = now
                superseded.append(other)
        for item in (*superseded, record):
            records[item.chart_id] = msgspec.to_builtins(item)
        return superseded

    def _of(self, project_id: str) -> dict[str, Any]:
        known: dict[str, Any] = self._projects.setdefault(project_id, {"records": {}})
        return known


def charts_table(records: Iterable[ChartRecord]) -> pa.Table:
    """Records as rows of the table ``charts``."""
    rows = [msgspec.structs.asdict(record) for record in records]
    return pa.Table.from_pylist(rows, schema=CHARTS.arrow_schema)
