"""Make a report of what a pipeline has loaded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

import dlt

from openpanel_source.errors import InvalidSettingError
from openpanel_source.model.clock import check_seconds, parse_clock
from openpanel_source.models.time_zone import configured_zone
from openpanel_source.report.document import document_of
from openpanel_source.report.markdown import markdown_of
from openpanel_source.report.output import check_output, write_report
from openpanel_source.report.page import page_of
from openpanel_source.report.period import check_period
from openpanel_source.report.warehouse import opened_to_report
from openpanel_source.source.settings.configuration import configured_value


@dataclass(frozen=True)
class Report:
    """A report.

    Attributes:
        path: Of its file, absolute; None if none was written.
        numbers: All that it says, as JSON values; docs/report.md describes them.
    """

    path: Path | None
    numbers: dict[str, Any]

    @property
    def markdown(self) -> str:
        """Its short version in Markdown."""
        return markdown_of(self.numbers)


def create_report(
    pipeline: dlt.Pipeline,
    output: str | Path | None = None,
    *,
    project_ids: str | Sequence[str] | None = None,
    days: int | None = None,
    start_date: str | date | None = None,
    end_date: str | date | None = None,
    compare: bool = True,
    timezone: str | None = None,
    force: bool = False,
    busy_timeout: float = 60.0,
    now: str | datetime | None = None,
) -> Report:
    """Make the report of docs/report.md: one HTML file that needs nothing.

    Days are those of the models, or else of the time zone that these would have.

    Args:
        pipeline: A pipeline whose destination is DuckDB, PostgreSQL or files; nothing of it is
            changed.
        output: The file to write; none when left out. One that is there is replaced only if it is
            a report.
        project_ids: A project's id, or a list of ids; all when left out.
        days: How many days it is about, 28 when left out; or name the first day.
        start_date: The first day.
        end_date: The last day, inclusive; the last one that was read when left out.
        compare: Whether to compare with as many days before.
        timezone: IANA name of the time zone of days, where there are no models; theirs when left
            out.
        force: Replace a file that is no report, too.
        busy_timeout: Seconds to wait for a DuckDB file that another process holds.
        now: Act as if this were the current time; the source's ``now`` when left out.

    Returns:
        Where it is, and what it says.

    Raises:
        InvalidSettingError: An argument is not allowed, names a project that is not there, or
            another time zone than the models'; or the file cannot be written.
        DestinationError: It is another destination, nothing was loaded yet, or it cannot be read.
        OpenPanelError: The destination failed.
    """
    check_seconds("busy_timeout", busy_timeout)
    path = None if output is None else check_output(output, force=force)
    given = check_period(days, start_date, end_date)
    configured_zone(timezone)
    clock = parse_clock(configured_value("now") if now is None else now)
    projects = [project_ids] if isinstance(project_ids, str) else list(project_ids or ())
    if not all(isinstance(name, str) and name for name in projects):
        raise InvalidSettingError("project_ids must be ids of projects, none of them empty.")
    with opened_to_report(pipeline, timezone, busy_timeout) as warehouse:
        numbers = document_of(
            warehouse,
            projects=projects,
            days=days,
            given=given,
            is_compared=compare,
            now=clock(),
        )
    if path is not None:
        write_report(path, page_of(numbers))
    return Report(path, numbers)
