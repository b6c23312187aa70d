"""Compare a day: each row of the server with the one that is held, column by column."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from openpanel_source.errors import AnswerTooLargeError
from openpanel_source.verify.answers import Row, text_of
from openpanel_source.verify.event import event_of
from openpanel_source.verify.held import Found, HeldDay
from openpanel_source.verify.listing import Listing
from openpanel_source.verify.rejected import rejected_key
from openpanel_source.verify.rules import FILL, OTHER, Rules
from openpanel_source.verify.typed import instant

_QUIET = 2
"""Walks that have to show nothing new before what was not shown counts as not there."""
_HIDDEN = "(hidden)"


@dataclass
class ComparedDay:
    """What a comparison of a UTC day found.

    Attributes:
        project_id: The project.
        day: The day.
        rows: Rows of the server that were compared.
        fields: Values of them that were.
        kinds: Differences by kind and column.
        note: Why the day was not compared in full; empty if it was.
    """

    project_id: str
    day: date
    rows: int = 0
    fields: int = 0
    kinds: list[tuple[str, str, int]] = field(default_factory=list)
    note: str = ""

    @property
    def differences(self) -> int:
        """How many values, or whole rows, differ."""
        return sum(count for _, _, count in self.kinds)


@dataclass(frozen=True)
class Comparison:
    """Compares days of one server with what a destination holds of them.

    Args:
        listing: What the server lists.
        rules: What is loaded how.
    """

    listing: Listing
    rules: Rules

    def compare(self, held: HeldDay) -> ComparedDay:
        """Compare a day; what differs is found in ``held`` afterwards.

        Raises:
            OpenPanelError: The server cannot be asked.
        """
        day = _Day(held, self.rules)
        try:
            self._walk(day)
        except AnswerTooLargeError:
            day.result.note = "an event is larger than max_page_bytes"
        day.end()
        return day.result

    def _walk(self, day: _Day) -> None:
        quiet = 0
        for number, pages in enumerate(self.listing.passes(day.held.project, day.held.day)):
            new, rows, total = 0, 0, 0
            for counted, page in pages:
                total, rows = max(total, counted), rows + len(page)
                new += sum(map(day.take, page))
            if number == 0:
                # Nothing is shown twice, nor counted and not shown.
                day.is_whole = new == rows == total
                if day.is_whole:
                    return
                continue
            day.is_shifting = day.is_shifting or new > 0
            quiet = 0 if new else quiet + 1
            if quiet == _QUIET:
                break
        day.is_whole = not day.is_shifting
        if day.is_shifting and day.held.unseen():
            day.result.note = "the server shows its rows in a changing order, and not all of them"


class _Day:
    """A comparison under way."""

    def __init__(self, held: HeldDay, rules: Rules) -> None:
        self.held = held
        self.result = ComparedDay(held.project, held.day)
        self.is_whole = self.is_shifting = False
        self._rules = rules
        self._next = held.day + timedelta(days=1)
        checks = rules.checks
        self._checks = [(place, name, checks[name]) for place, name in enumerate(held.columns)]

    def take(self, row: Row) -> bool:
        """Compare a row that the server listed; whether it is listed for the first time."""
        if not self.held.note_listed(row.raw):
            return False
        event = event_of(row, self._rules.dimensions)
        if event is None:
            self._take_rejected(row)
            return True
        at = instant(event["createdAt"])
        if at is None or at.date() != self.held.day:
            if at is not None and at.date() != self._next and at.date() != self.held.day:
                self._take_rejected(row)
            else:
                # It may have been listed, and rejected, as one of this day.
                self.held.see_rejected(rejected_key(row.raw, self._rules))
            return True
        self._take_event(text_of(event["id"]), event)
        return True

    def _take_event(self, event_id: str, event: dict[str, Any]) -> None:
        known = self.held.values(event_id)
        if self._rules.hidden.erases(event):
            if known is not None:
                self.held.settle(event_id, [("not erased", "id", event_id, None, None)])
            return
        self.result.rows += 1
        if known is None:
            self.held.note([("missing here", "id", event_id, event_id, None)])
            return
        state, values = known
        if state == 1:
            return
        self.result.fields += len(values)
        found = [
            self._difference(event_id, problem, name, event, values[place])
            for place, name, check in self._checks
            if (problem := check(event, values[place]))
        ]
        self.held.settle(event_id, found)

    def _take_rejected(self, row: Row) -> None:
        if row.value is not None and self._rules.hidden.erases(row.value):
            return
        if not self.held.see_rejected(rejected_key(row.raw, self._rules)):
            self.held.note([("missing here", "rejected", "", None, None)])

    def _difference(
        self, event_id: str, kind: str, column: str, event: dict[str, Any], held: Any
    ) -> Found:
        if self._rules.is_private(column):
            return kind, column, event_id, _HIDDEN, _HIDDEN
        theirs = self._rules.told_of(column, event)
        return kind, column, event_id, theirs, None if held is None else str(held)

    def end(self) -> None:
        held = self.held
        held.end(is_listed_in_full=self.is_whole and not self.result.note)
        later = self._rules.later.intersection(held.columns)
        held.weigh(later, FILL, OTHER)
        self.result.kinds = held.kinds()
