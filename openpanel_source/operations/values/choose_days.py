"""Which days to compare value by value."""

from __future__ import annotations

import random
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from heapq import nlargest

from openpanel_source.days.ledger import DayRecord
from openpanel_source.destinations.warehouse import ProjectDay
from openpanel_source.errors import InvalidSettingError
from openpanel_source.model.clock import parse_day

_NEVER_COMPARED = 4
"""So many times as likely as others are days whose values were never compared."""


@dataclass(frozen=True)
class ValueAudit:
    """Which days to compare value by value.

    Args:
        sample: So many, chosen at random among those with rows; days that were never compared are
            more likely.
        first: Instead, all days from this one on.
        last: Up to this one, inclusive.
        seed: Makes the choice of the sample one that can be made again.

    Raises:
        InvalidSettingError: They choose nothing.
    """

    sample: int | None = 5
    first: date | None = None
    last: date | None = None
    seed: int | None = None

    def __post_init__(self) -> None:
        if self.sample is not None and self.sample < 1:
            raise InvalidSettingError(f"sample is {self.sample}; compare one day at least.")
        if self.first and self.last and self.first > self.last:
            raise InvalidSettingError(
                f"the days {self.first}..{self.last} end before they begin; swap them."
            )

    @property
    def is_random(self) -> bool:
        """Whether chance chooses."""
        return self.sample is not None and not (self.first or self.last)

    def chosen(
        self, records: list[DayRecord], compared: Collection[ProjectDay] = ()
    ) -> list[DayRecord]:
        """The days to compare, newest first.

        Args:
            records: Of the ledger.
            compared: Days that were compared before.
        """
        first, last = self.first or date.min, self.last or date.max
        settled = [one for one in records if one.is_settled and first <= one.day <= last]
        settled.sort(key=lambda one: (one.day, one.project_id), reverse=True)
        if not self.is_random:
            return settled
        filled = [one for one in settled if one.rows_received]
        size = min(self.sample or 0, len(filled))
        chance = random.Random(self.seed)  # noqa: S311 - no secret
        # The largest of such numbers are a weighted sample without replacement.
        draws = [
            chance.random() ** (1 if (one.project_id, one.day) in compared else 1 / _NEVER_COMPARED)
            for one in filled
        ]
        picked = nlargest(size, range(len(filled)), key=draws.__getitem__)
        return [filled[place] for place in sorted(picked)]


ALL = ValueAudit(sample=None)
"""Every day."""


def choice_of(sample: int | None, days: str | None, seed: int | None, *, every: bool) -> ValueAudit:
    """The choice that options of the command make.

    Args:
        sample: Days to choose; as many as by default if None.
        days: ``FROM..TO`` instead, both inclusive; or one day.
        seed: Of the choice.
        every: All days instead.

    Raises:
        InvalidSettingError: They are no days, or contradict each other.
    """
    if every and days:
        raise InvalidSettingError("--days and --all choose different days; leave one of them out.")
    if (every or days) and (sample is not None or seed is not None):
        raise InvalidSettingError(
            "--sample and --seed choose days at random, --days and --all which; leave one out."
        )
    if every:
        return ALL
    if days is None:
        return ValueAudit(seed=seed) if sample is None else ValueAudit(sample=sample, seed=seed)
    first, _, last = days.partition("..")
    begin, end = parse_day("--days", first or None), parse_day("--days", last or first or None)
    if begin is None or end is None:
        raise InvalidSettingError(f"--days is {days!r}; write 2026-11-01..2026-11-30, or one day.")
    return ValueAudit(first=begin, last=end)
