"""The windows in which a server counts, as far as they follow from one's own requests; pure.

The server's window opens with the first request after the one before (openpanel-3.md, section 5).
Where nobody else asks, that request is one's own, and so it is known of each window between which
two instants it opened. What was counted in those that are over is left aside.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf

WINDOW_SECONDS = 10.0
MARGIN_SECONDS = 0.02


@dataclass(eq=False)
class Entry:
    """A request that was made.

    Attributes:
        sent: When; the server counts it later.
        counted_by: When the server had counted it at the latest.
        is_lost: Whether it failed without an answer: then it may not have been counted at all.
    """

    sent: float
    counted_by: float = inf
    is_lost: bool = False


class OwnWindows:
    """The windows that one's own requests open, one after the other."""

    def __init__(self) -> None:
        self._entries: list[Entry] = []
        self._counted_from = -inf
        """What was counted before that was counted in windows that are over."""
        self._sent_from = -inf
        """What was sent from then on is not counted in the last window that is over."""

    def begin(self, now: float) -> None:
        """Take it for known that what is sent from now on is counted in a window of its own."""
        self._counted_from = self._sent_from = now

    def add(self, entry: Entry) -> None:
        """Take in a request, the last one made."""
        self._entries.append(entry)

    def remove(self, entry: Entry) -> None:
        """Take in that a request was refused, and so is not counted."""
        if entry in self._entries:
            self._entries.remove(entry)

    def present(self, now: float) -> tuple[int, float]:
        """How many requests may be counted together with one that is made now, and until when.

        Args:
            now: On the clock of the entries.

        Returns:
            Their number, and when the window that counts them is over; infinity if that is known
            only after a further answer.
        """
        while True:
            counted = [one for one in self._entries if one.counted_by >= self._counted_from]
            self._entries = counted
            if not counted:
                return 0, now
            answered = (one for one in counted if one.sent >= self._sent_from and not one.is_lost)
            over_at = min((one.counted_by for one in answered), default=inf)
            over_at += WINDOW_SECONDS + MARGIN_SECONDS
            if now < over_at:
                return len(counted), over_at
            opened_from = max(self._counted_from, counted[0].sent)
            self._counted_from = opened_from + WINDOW_SECONDS
            self._sent_from = over_at
