"""What a plan is of: the days that may be read, and each day to read with the reason."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from openpanel_source.days.ledger import DayRecord, Reason
from openpanel_source.model.clock import Clock


@dataclass(frozen=True)
class Window:
    """The days that may be read, and what of them was asked for.

    Attributes:
        start: First UTC day; None for the first day that holds an event.
        end: Last UTC day; None for all there is.
        lookback_days: Settled days, the newest, that are counted one by one on each sync.
        reload: Read days again that the ledger holds as complete.
        now: The clock.
    """

    start: date | None
    end: date | None
    lookback_days: int
    reload: bool
    now: Clock


@dataclass(frozen=True)
class PlannedDay:
    """A day to read, and why."""

    project_id: str
    day: date
    reason: Reason
    tail_of: DayRecord | None = None
    """What was read of the day before, if only newer rows may have to be read."""
    counted: int | None = None
    """Rows that the server counted on the day when it was planned, if it was counted."""
