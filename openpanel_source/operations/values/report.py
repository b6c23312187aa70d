"""What a comparison of values found."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from openpanel_source.destinations.warehouse import ProjectDay
from openpanel_source.model.plain import plain


@dataclass(frozen=True)
class ValueDifference:
    """A value, or a row, that is not what the server says.

    Attributes:
        project_id: The project.
        day: The UTC day.
        kind: What is wrong, in words.
        column: Of ``events``; ``rejected`` of rows that are no events.
        id: Of the event, if it has one.
        server: The server's value as text; ``(hidden)`` where privacy settings apply.
        held: The one that the destination holds.
    """

    project_id: str
    day: date
    kind: str
    column: str
    id: str
    server: str | None
    held: str | None


@dataclass
class ValueReport:
    """What a comparison of values found.

    Attributes:
        days: Days compared.
        rows: Rows of the server that were compared.
        fields: Values of them.
        skipped: Days that were chosen and are not settled, or were not compared in full, with why.
        kinds: Differences counted by kind and column.
        differences: The first of each kind and column of a day, fifty at most.
        differing: Days with differences.
        not_asked: Settled days that were not chosen.
        seed: Of the choice, if it was made at random.
        left: What the differing days held after they were read again, if they were.
    """

    days: int = 0
    rows: int = 0
    fields: int = 0
    skipped: list[tuple[str, date, str]] = field(default_factory=list)
    kinds: Counter[str] = field(default_factory=Counter)
    differences: list[ValueDifference] = field(default_factory=list)
    differing: list[ProjectDay] = field(default_factory=list)
    not_asked: int = 0
    seed: int | None = None
    left: ValueReport | None = None

    @property
    def is_equal(self) -> bool:
        """Whether all that was compared is what the server says, after a repair if there was."""
        return self.left.is_equal if self.left is not None else not self.differing

    def as_dict(self) -> dict[str, Any]:
        """The report as JSON values."""
        return {**plain(vars(self)), "is_equal": self.is_equal}
