"""Which charts the warehouse holds, and up to when, asked of the warehouse alone."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import dlt

from openpanel_source.api.query import encode_json
from openpanel_source.charts.definition import Chart
from openpanel_source.destinations.warehouse import has_table, instant_of, select
from openpanel_source.model.plain import AsDict
from openpanel_source.model.schema import CHARTS
from openpanel_source.operations.preamble import looking

_COLUMNS = "name, project_id, definition, covered_until, read_at, error"


@dataclass(frozen=True)
class LoadedChart(AsDict):
    """A chart of a project, as it was last read.

    Attributes:
        name: The chart's.
        project_id: The project.
        definition: What it was read with, as JSON values.
        until: Instant, UTC, up to which it is loaded; None of one that could not be read.
        read_at: When it was read, UTC.
        error: Why it could not be read further; None if it could.
    """

    name: str
    project_id: str
    definition: Any
    until: datetime | None
    read_at: datetime | None
    error: str | None

    def is_of(self, chart: Chart) -> bool:
        """Whether a chart is still defined as it was when this was read."""
        defined = json.loads(encode_json(chart.definition()))
        return self.name == chart.name and bool(self.definition == defined)


def loaded_charts(pipeline: dlt.Pipeline) -> list[LoadedChart]:
    """The charts that a pipeline's destination holds, but for definitions that were changed since.

    Args:
        pipeline: A pipeline with its destination.

    Returns:
        One entry a chart and project, by name and project.

    Raises:
        OpenPanelError: The destination cannot be asked, or nothing was loaded yet.
    """
    with looking(pipeline) as there:
        if not has_table(there, CHARTS.name):
            return []
        rows = list(select(there, CHARTS.name, _COLUMNS, "superseded_at IS NULL"))
    found = [_loaded(*row) for row in rows]
    return sorted(found, key=lambda one: (one.name, one.project_id))


def _loaded(
    name: str, project_id: str, definition: Any, until: Any, read_at: Any, error: str | None
) -> LoadedChart:
    read, covered = instant_of(read_at), instant_of(until)
    # The bucket that is not over is read, too, as far as it goes.
    reached = min(covered, read) if covered and read else None
    value = json.loads(definition) if isinstance(definition, str) else definition
    return LoadedChart(name, project_id, value, reached, read, error)
