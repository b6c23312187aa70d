"""What the counts of a reading prove; pure, and the heart of the promise.

Days that are counted and not read get theirs in ``day_records.py``, rests of days in ``tail.py``;
and nothing is committed before ``cross_check.py`` agrees.
"""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple


class Verdict(str, Enum):
    """What a reading proved; documented in docs/completeness.md."""

    COMPLETE = "complete"
    """Every row the server counted was received, and the count did not move meanwhile."""
    OPEN = "open"
    """The day was not over; what it held when read was received, and it will be read again."""
    MOVING = "moving"
    """The count changed during each reading."""
    SHORT = "short"
    """The count stood still and rows were missing, or there were too many, at each reading."""

    SHRUNK = "shrunk"
    """The server counts so many rows fewer than are held that they are kept, for the time being."""

    @property
    def is_proof(self) -> bool:
        """Whether every row that the server counted is known to have come."""
        return self in (Verdict.COMPLETE, Verdict.OPEN)


class Counts(NamedTuple):
    """What one reading of a day, from its first page to its last, said and brought.

    Attributes:
        first_total: The server's count with the first page.
        lowest_total: The lowest of its counts, over all pages.
        highest_total: The highest of them.
        rows: Rows received.
        repeats: Rows among them, rejected ones included, that an earlier page had brought already.
            One page is one look at the data, so a repeat within it is a second delivery; a repeat
            across pages may also be a row that slid from one to the next, and then another may
            have slid past.
        went_in_circles: Whether some page came twice: then it is not known where a list ends that
            holds more than is counted.
    """

    first_total: int
    lowest_total: int
    highest_total: int
    rows: int
    repeats: int = 0
    went_in_circles: bool = False

    @property
    def moved(self) -> bool:
        """Whether the server's count changed while the day was read."""
        return self.lowest_total != self.highest_total


def judge(counts: Counts, *, is_open: bool, is_counted: bool) -> Verdict:
    """What a reading of one day proves.

    Args:
        counts: What the reading said and brought; ``repeats`` is 0 where two readings in a row,
            by pages that end elsewhere, brought the same rows, which shows that nothing slid.
        is_open: Whether the day is not over (UTC).
        is_counted: Whether the count covers all rows that are listed; with a profile id the list
            holds more (openpanel-api.md, section 3), and its end is an empty page.

    Returns:
        The verdict.
    """
    if counts.went_in_circles and not is_counted:
        return Verdict.SHORT
    passed = counts.rows - counts.repeats
    if is_open and passed >= counts.first_total:
        # Rows that arrive on top push others down, onto pages still to come: none is lost.
        return Verdict.OPEN
    if counts.moved or (counts.repeats and counts.rows == counts.first_total):
        return Verdict.MOVING
    if passed == counts.first_total or (passed > counts.first_total and not is_counted):
        return Verdict.COMPLETE
    return Verdict.SHORT
