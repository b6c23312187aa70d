"""Read a chart of a project: plan its buckets, ask for them slice by slice, remember how far."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from openpanel_source.api.client import Client
from openpanel_source.api.generation import Generation
from openpanel_source.charts.answer import Drawing, read_drawing, with_silent_series
from openpanel_source.charts.buckets import Bucket, Buckets
from openpanel_source.charts.definition import Chart
from openpanel_source.charts.ledger import ChartRecord
from openpanel_source.charts.plan import BucketRange, is_in_one_piece, ranges_to_read, slice_length
from openpanel_source.charts.query import CHARTS_PATH, chart_params, check_server
from openpanel_source.charts.rows import series_row, shape_points
from openpanel_source.charts.time_zones import check_timezone
from openpanel_source.model.conditions import ReplacedBuckets


@dataclass
class ChartReading:
    """What a reading of a chart brought.

    Attributes:
        record: The chart's, up to date.
        series: Rows of ``chart_series`` by key; of a series in several slices, the last.
        replaced: What makes way in the destination.
    """

    record: ChartRecord
    series: dict[str, dict[str, Any]] = field(default_factory=dict)
    replaced: list[ReplacedBuckets] = field(default_factory=list)


@dataclass
class ChartReader:
    """Reads a chart of a project.

    Args:
        client: Makes the requests.
        chart: The definition.
        buckets: Its buckets.
        generation: The server's.
        now: The current instant.
        should_stop: Asked after each slice; true ends the reading.

    Raises:
        UnsupportedServerError: The server is too old for the chart.
    """

    client: Client
    chart: Chart
    buckets: Buckets
    generation: Generation
    now: datetime
    should_stop: Callable[[], bool]
    _found: int | None = field(default=None, init=False)
    _in_one: bool = field(default=False, init=False)

    def __post_init__(self) -> None:
        check_server(self.chart, self.buckets.zone.key, self.generation)

    def read(self, reading: ChartReading, whole: BucketRange, *, anew: bool) -> Iterator[pa.Table]:
        """Read what is new, and what may have changed, of a chart.

        Args:
            reading: Filled as the reading goes; what is in it when an error is raised is whole.
            whole: All buckets that the chart is about.
            anew: Read all of them, whatever is known.

        Yields:
            Rows of ``chart_points``.

        Raises:
            OpenPanelError: A request failed for good, or its answer is not usable.
        """
        record = reading.record
        known = None if anew else record.coverage
        self._in_one = is_in_one_piece(self.chart, self.buckets, whole)
        planned = ranges_to_read(self.chart, self.buckets, whole, known, self.now)
        if planned:
            record.series = record.series_cut = record.phantom_series = record.points = 0
            record.total = 0.0
            record.window_start = record.window_end = None
        for part in planned:
            yield from self._read_range(reading, part)
            if self.should_stop():
                return

    def _read_range(self, reading: ChartReading, part: BucketRange) -> Iterator[pa.Table]:
        first, end = part
        position = first
        while position.start < end.start:
            stop = self._slice_end(position, end)
            table, drawing = self._ask(reading.record, position, stop)
            self._take(reading, drawing, table, (position, stop))
            reading.record.cover(first.start, stop.start)
            yield table
            position = stop
            if self.should_stop():
                return

    def _take(
        self, reading: ChartReading, drawing: Drawing, table: pa.Table, part: BucketRange
    ) -> None:
        first, end = part
        record = reading.record
        self._found = drawing.found
        for series in drawing.series:
            window = part if self._in_one else None
            reading.series[series.key] = series_row(self.chart, record.chart_id, series, window)
        reading.replaced.append(ReplacedBuckets(record.chart_id, first.start, end.start))
        record.series = len(reading.series)
        record.series_cut = max(record.series_cut, drawing.cut)
        record.phantom_series = max(record.phantom_series, drawing.phantoms)
        record.points += table.num_rows
        record.total += pc.sum(table["value"]).as_py() or 0.0
        record.window_start = min(record.window_start or first.start, first.start)
        record.window_end = max(record.window_end or end.start, end.start)
        record.read_at = self.now

    def _slice_end(self, position: Bucket, end: Bucket) -> Bucket:
        if self._in_one:
            return end
        stop = position
        for _ in range(slice_length(self.chart, self._found)):
            stop = self.buckets.after(stop)
            if stop.start >= end.start:
                return end
        return stop

    def _ask(self, record: ChartRecord, first: Bucket, end: Bucket) -> tuple[pa.Table, Drawing]:
        chart, buckets = self.chart, self.buckets
        project = record.project_id
        asked = buckets.before(first) if chart.compares_neighbours else first
        params = chart_params(chart, project, asked.start, end.start, self.generation)
        decode = partial(read_drawing, chart, early=self.generation.draws_charts_of_2025)
        drawing = self.client.read(CHARTS_PATH, params, decode)
        check_timezone(drawing, buckets, asked, end)
        wanted = list(buckets.between(asked, end))
        drawing = with_silent_series(chart, drawing, (item.local.isoformat() for item in wanted))
        return shape_points(chart, record.chart_id, drawing, buckets, wanted), drawing
