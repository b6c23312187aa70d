"""Turn what charts show into rows of the tables; changes are computed here.

The server's ``diff`` has no sign (openpanel-api.md, section 7).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pyarrow as pa

from openpanel_source.api.query import encode_json
from openpanel_source.charts.answer import Drawing, DrawnSeries, Metrics, gap_value
from openpanel_source.charts.buckets import Bucket, Buckets
from openpanel_source.charts.definition import Chart
from openpanel_source.model.schema import CHART_POINTS


def shape_points(
    chart: Chart, chart_id: str, drawing: Drawing, buckets: Buckets, wanted: Sequence[Bucket]
) -> pa.Table:
    """The points of an answer as rows of the table ``chart_points``.

    Args:
        chart: The definition; if it compares neighbours, the first bucket is only compared with.
        chart_id: Becomes a column.
        drawing: The answer.
        buckets: Writes their dates.
        wanted: The buckets asked for, in order; others in the answer are dropped.

    Returns:
        A row for each series and bucket in the answer; with breakdowns, only those that say
        something, as which series an answer fills up depends on what else was asked for.
    """
    rows = []
    shift = 1 if chart.compares_neighbours else 0
    named = [(bucket, bucket.local.isoformat(), buckets.written(bucket)) for bucket in wanted]
    for series in drawing.series:
        key, gap = series.key, gap_value(chart, series.position)
        for place, (bucket, name, written) in enumerate(named[shift:]):
            if name not in series.points:
                continue
            value, previous = series.points[name]
            if shift:
                previous = series.points.get(named[place][1], (None, None))[0]
            if chart.breakdowns and value == gap and previous in (None, gap):
                continue
            rows.append(
                (
                    *(chart_id, key, bucket.start, written, bucket.repeated, value, previous),
                    *_change(value, previous),
                )
            )
    return _table(CHART_POINTS.arrow_schema, rows)


def series_row(
    chart: Chart, chart_id: str, series: DrawnSeries, window: tuple[Bucket, Bucket] | None
) -> dict[str, Any]:
    """A series as a row of the table ``chart_series``.

    Args:
        chart: The definition.
        chart_id: Becomes a column.
        series: The series.
        window: What its metrics are about; None if that is only some part of the chart, and
            says nothing.
    """
    part = chart.parts[series.position]
    names = chart.breakdowns
    values = [value.replace("\0", "") for value in series.values]
    # Without any value, all of them are empty.
    placed = values or [""] * len(names)
    complete = len(placed) == len(names)
    by_name = dict(zip(names, placed, strict=False))
    metrics = series.metrics if window else Metrics()
    return {
        "chart_id": chart_id,
        "series_key": series.key,
        "position": series.position,
        "event": part.event,
        "segment": part.segment,
        "values": encode_json(values),
        **{f"breakdown_{place}": value for place, value in enumerate(placed, 1) if complete},
        "breakdowns": encode_json(by_name) if complete and names else None,
        "breakdown_complete": complete,
        "sum": metrics.sum,
        "average": metrics.average,
        "min": metrics.min,
        "max": metrics.max,
        "profiles": None if metrics.count is None else int(metrics.count),
        "window_start": window[0].start if window else None,
        "window_end": window[1].start if window else None,
    }


def _change(value: float | None, previous: float | None) -> tuple[float | None, float | None]:
    if value is None or previous is None:
        return None, None
    change = value - previous
    return change, change / abs(previous) * 100 if previous else None


def _table(schema: pa.Schema, rows: list[tuple[Any, ...]]) -> pa.Table:
    columns = list(zip(*rows, strict=True)) or [()] * len(schema)
    arrays = [pa.array(c, kind.type) for c, kind in zip(columns, schema, strict=True)]
    return pa.Table.from_arrays(arrays, schema=schema)
