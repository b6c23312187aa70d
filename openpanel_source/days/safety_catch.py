"""The safety catch: much of what is held is never deleted on one answer; pure.

A server that answers wrongly, a client that may suddenly see less, a retention job gone wild: each
looks like rows that vanished upstream. Few of them make way; many are held back until somebody
consents, or until the server has said the same for a day, in two ways.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import NamedTuple

from openpanel_source.days.ledger import DayRecord, Known
from openpanel_source.days.verdict import Verdict
from openpanel_source.errors import InvalidSettingError
from openpanel_source.model.clock import ALMOST_A_DAY


@dataclass(frozen=True)
class DeletionLimits:
    """What a sync may take away of what a project's days hold.

    Args:
        allow_deletions: Whatever vanished upstream may vanish here.
        max_deleted_rows: More rows than these are held back, if they are more than the share, too.
        max_deleted_share: Of the project's rows, 0 to 1.
        max_emptied_days: So many days that lose all of their rows are held back, too.
    """

    allow_deletions: bool
    max_deleted_rows: int
    max_deleted_share: float
    max_emptied_days: int

    def __post_init__(self) -> None:
        share = self.max_deleted_share
        is_number = isinstance(share, (int, float)) and not isinstance(share, bool)
        if not is_number or not 0 <= share <= 1:
            raise InvalidSettingError(
                f"max_deleted_share must be a number from 0 to 1, not {share!r}."
            )


class Loss(NamedTuple):
    """A day that holds fewer rows upstream than it did."""

    held: int
    left: int

    @property
    def rows(self) -> int:
        """How many fewer."""
        return self.held - self.left


def is_much(losses: Iterable[Loss], held: int, limits: DeletionLimits) -> bool:
    """Whether losses together are more than may be deleted on one answer.

    Args:
        losses: Of days of one project.
        held: Rows of all days of the project, before.
        limits: What may be.
    """
    losses = list(losses)
    deleted = sum(loss.rows for loss in losses)
    emptied = sum(loss.left == 0 < loss.held for loss in losses)
    is_part = deleted > limits.max_deleted_rows and deleted > limits.max_deleted_share * held
    return is_part or emptied >= limits.max_emptied_days


@dataclass
class SafetyCatch:
    """Decides for the days of one project, in one sync, which may lose rows.

    Args:
        limits: What may be deleted.
        known: What the destination held of the project when the sync began, as the ledger says.
    """

    limits: DeletionLimits
    known: Known
    _accepted: dict[date, Loss] = field(default_factory=dict)
    _released: set[date] = field(default_factory=set)

    def held_back(self, counted: Mapping[date, int]) -> set[date]:
        """The days that may not be replaced, of those that are planned.

        Args:
            counted: Rows that the server counts, for each planned day that is known.
        """
        losses = {
            day: Loss(record.held, left)
            for day, left in counted.items()
            if (record := self.known.get(day)) and left < record.held
            if day not in self._released
        }
        accepted = self._accepted | losses
        if self.limits.allow_deletions or not is_much(accepted.values(), self._held, self.limits):
            self._accepted = accepted
            return set()
        return set(losses)

    def release(self, days: Iterable[date]) -> None:
        """Let days lose what they lose: it was seen long enough, and in two ways."""
        self._released.update(days)

    def permits(self, record: DayRecord) -> bool:
        """Whether a day that was read may replace what is held of it.

        It may if it lost nothing, or only what was let go when it was planned. If it lost more, all
        losses are weighed again; and a day that was held back before stays held back.

        Args:
            record: The reading; it may have lost more rows than were counted when it was planned.
        """
        before = self.known.get(record.day)
        if self.limits.allow_deletions or before is None:
            return True
        loss = Loss(before.held, record.total_count)
        # As many rows may come as are counted, of which fewer than before can be loaded.
        of_rows = Loss(before.loadable_rows, record.loadable_rows)
        if of_rows.rows > max(loss.rows, 0):
            loss = of_rows
        elif record.day in self._released:
            return True
        if loss.rows <= 0 or loss == self._accepted.get(record.day):
            return True
        if before.verdict is Verdict.SHRUNK:
            # Otherwise what is held back would be lost all the same, a little with each sync.
            return False
        accepted = self._accepted | {record.day: loss}
        if is_much(accepted.values(), self._held, self.limits):
            return False
        self._accepted = accepted
        return True

    @property
    def _held(self) -> int:
        return sum(record.held for record in self.known.values())


def is_ripe(record: DayRecord, counted: int, now: datetime) -> bool:
    """Whether a loss was held back and has been seen unchanged for a day."""
    return (
        record.verdict is Verdict.SHRUNK
        and record.shrunk_to == counted
        and record.shrunk_since is not None
        and now - record.shrunk_since >= ALMOST_A_DAY
    )
