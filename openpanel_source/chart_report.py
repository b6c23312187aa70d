"""What became of the charts of a run."""

from __future__ import annotations

from dataclasses import dataclass, field

from openpanel_source.errors import OpenPanelError


@dataclass
class ChartsReport:
    """What a run did with charts, and what whoever started it has to say.

    Attributes:
        skip: Leave charts out of this run, because the sync has read them.
        read: Names of charts that were read, for all projects.
        failures: Errors of charts that could not be read, by name; with several projects, the
            project stands behind it. What was read before is kept.
        points: Rows written to ``chart_points``.
    """

    skip: bool = False
    read: list[str] = field(default_factory=list)
    failures: dict[str, OpenPanelError] = field(default_factory=dict)
    points: int = 0
