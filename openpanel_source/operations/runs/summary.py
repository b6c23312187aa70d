"""What a sync did."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Any

from openpanel_source.days.ledger import DayRecord
from openpanel_source.lists.verdict import ListResult, ListVerdict
from openpanel_source.model.plain import AsDict, plain
from openpanel_source.models.make import ModelsSummary

_SHOWN_OF_DAYS = ("project_id", "day", "verdict", "total_count", "rows_received")


@dataclass
class ScrubSummary(AsDict):
    """What a sync found by listing old days again.

    Attributes:
        days: Days whose ids were listed to the end and are those held.
        parts: Days of which some rows were listed, for the next sync to go on.
        differing: Days of which the ids listed are not those held; they are read again.
        unread: Those of them that could not be, before the sync ended: the next lists them again.
        requests: Requests sent to list days.
        failure: What went wrong at listing, reading or writing down, and why; empty if nothing did.
    """

    days: int = 0
    parts: int = 0
    differing: list[tuple[str, date]] = field(default_factory=list)
    unread: list[tuple[str, date]] = field(default_factory=list)
    requests: int = 0
    failure: str = ""


@dataclass
class SyncSummary:
    """What a sync did.

    Attributes:
        events_loaded: Rows written to ``events``, each id of a day once.
        days_read: Days read, days counted and found empty included.
        days_unchanged: Open days that were counted and not read, as nothing had come.
        days_adopted: Days that other pipelines had loaded, taken over without reading.
        days_left: Days for a later sync, if this one ended early.
        stopped: Whether it was asked to stop.
        stuck: Whether it ended with days left that none of its runs could read, though it had
            neither to stop nor to end in time.
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
        scrub: What listing old days again found; None if none were to be listed.
        models: What has become of the models; None if they were left alone.
        start_date: First UTC day that it was to read, if it had one; then a sync without reads the
            days before as well.
        end_date: Last UTC day that it was to read, if it had one.
        unfilled_properties: Keys that had no column before, and lack their values on days loaded
            before; docs/properties.md says how to fill them.
        unfilled_days: How many such days there are.
    """

    events_loaded: int = 0
    days_read: int = 0
    days_unchanged: int = 0
    days_adopted: int = 0
    days_left: int = 0
    stopped: bool = False
    stuck: bool = False
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
    scrub: ScrubSummary | None = None
    models: ModelsSummary | None = None
    start_date: date | None = None
    end_date: date | None = None
    unfilled_properties: list[str] = field(default_factory=list)
    unfilled_days: int = 0

    @property
    def is_verified(self) -> bool:
        """Whether every day read is proven to be complete, as far as it was over."""
        return not self.unproven

    @property
    def exit_code(self) -> int:
        """0 when verified, 1 when a project, chart or list failed or it is stuck, 3 if unproven."""
        failed_lists = any(one.verdict is ListVerdict.FAILED for one in self.lists)
        if self.failed_charts or self.failed_projects or failed_lists or self.stuck:
            return 1
        return 0 if self.is_verified else 3

    def as_dict(self) -> dict[str, Any]:
        """The summary as JSON values; days as ``YYYY-MM-DD``."""
        unproven = [
            {name: getattr(record, name) for name in _SHOWN_OF_DAYS} for record in self.unproven
        ]
        said = {"seconds": round(self.seconds, 3), "verified": self.is_verified}
        return dict(plain({**vars(self), **said, "unproven": unproven}))
