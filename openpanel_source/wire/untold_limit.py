"""A rate limit that the server does not tell: counted here, and learnt from refusals; pure.

OpenPanel 3, and proxies that remove headers, say nothing of limit, rest or time. The server counts
in a fixed window that opens with its first request (openpanel-3.md, section 5). Who is alone opens
each window, and so knows when it is over (``own_windows.py``). Others on the same client id show by
refusals. From then on nobody knows when a window opens: no more requests than it allows are made in
any time of that length, and they are spread evenly; they become fewer with each window that
overflows, and more again, slowly at first, with each that does not.
"""

from __future__ import annotations

from math import inf

from openpanel_source.wire.own_windows import (
    MARGIN_SECONDS,
    WINDOW_SECONDS,
    Entry,
    OwnWindows,
)

LIMIT = 100
"""Requests that a server allows in a window, unless it says otherwise."""
_FIRST_UNDER_WAY = 4
"""Requests under way until a window has passed: others may have used most of it before."""
_FEWER = 0.95
"""What a window that overflowed leaves of the requests of the next one."""
_LEAST = 10.0
"""Requests a window that are tried even if one had fewer, for want of demand."""
_MORE = 0.05
"""Requests more in the first window after one that did not overflow."""
_FASTER = 2.0
"""How many times as many more they become with each further one."""
_LOOK_SECONDS = 0.25
"""If a window lasts longer than was thought, one request asks after that time; it doubles."""


class Tally:
    """What this process asked for in the last window's length, and what it may ask for.

    Attributes:
        most: Requests in a window, as far as was learnt.
        is_refused: Whether the last news is that the window is used up.
    """

    def __init__(self) -> None:
        self.most = float(LIMIT)
        self.is_refused = False
        self._entries: list[Entry] = []
        self._begun = inf
        self._opened = inf
        """The present window opened by then."""
        self._asking: Entry | None = None
        """All wait for the answer of that one."""
        self._may_ask_at = -inf
        self._look = _LOOK_SECONDS
        self._sent = -inf
        self._refused_at = -inf
        self._is_shared = False
        self._turned = -inf
        """When the number of requests was last thought over."""
        self._step = _MORE
        self._own: OwnWindows | None = OwnWindows()
        """None where others may have opened the present window."""

    def wait(self, now: float, under_way: int) -> float:
        """Seconds until one more request may be made; infinity if an answer has to come first.

        Args:
            now: On a clock that never runs backwards.
            under_way: Requests of this process that are not answered.
        """
        if self._asking is not None:
            return inf
        if self.is_refused:
            return max(self._may_ask_at - now, 0.0)
        if now < self._begun + WINDOW_SECONDS and under_way >= _FIRST_UNDER_WAY:
            return inf
        self._grow(now)
        return max(self._free_at(now), self._paced_at()) - now

    def issue(self, now: float) -> Entry:
        """Count a request that is made now."""
        entry = Entry(now)
        if not (self._entries or self._is_shared):
            # Whoever was there before: no window is open in which this process has asked.
            self._own = OwnWindows()
        if self.is_refused or self._begun == inf:
            self._asking = entry
        self._entries.append(entry)
        if self._own is not None:
            self._own.add(entry)
        self._sent = now
        return entry

    def take(self, entry: Entry, counted_by: float) -> None:
        """Take in that a request was answered.

        Args:
            entry: The request.
            counted_by: When the first of its answer came.
        """
        is_news = entry is self._asking and self.is_refused
        self._close(entry, counted_by)
        self._begun = min(self._begun, counted_by)
        if is_news and self._own is not None:
            self._own.begin(entry.sent)
        if is_news or entry.sent >= self._opened + WINDOW_SECONDS:
            # It was counted in a window that is none of those known.
            self._opened = self._next_opened(counted_by)
            self.is_refused, self._look = False, _LOOK_SECONDS
        self._opened = min(self._opened, counted_by)

    def _next_opened(self, counted_by: float) -> float:
        """When the window opened of which a request is the first one known."""
        due = self._opened + WINDOW_SECONDS + WINDOW_SECONDS / LIMIT
        if self._is_shared and max(self._refused_at, counted_by - WINDOW_SECONDS) < due:
            # One of the others opened it, as soon as that could be.
            return min(due, counted_by)
        return counted_by

    def lose(self, entry: Entry, now: float) -> None:
        """Take in that a request failed without an answer; it may have been counted."""
        entry.is_lost = True
        self._close(entry, now)

    def _close(self, entry: Entry, now: float) -> None:
        entry.counted_by = now
        if entry is self._asking:
            self._asking = None

    def refuse(self, entry: Entry, now: float, seconds: float | None) -> None:
        """Take in that a request was refused.

        Args:
            entry: The request.
            now: When its answer came.
            seconds: What the answer asks to wait, if it does.
        """
        was_asking = entry is self._asking
        self._close(entry, now)
        self._entries.remove(entry)
        if self._own is not None:
            self._own.remove(entry)
        if not was_asking:
            if entry.sent <= self._refused_at:
                # It was under way when another was refused.
                return
            self._shrink(now)
        self._begun = min(self._begun, now)
        self.is_refused, self._refused_at = True, now
        self._may_ask_at = now + (self._patience(now) if seconds is None else seconds)

    def _patience(self, now: float) -> float:
        """Seconds until the window is over that is used up, as far as is known."""
        left = min(self._opened, now) + WINDOW_SECONDS + MARGIN_SECONDS - now
        if left > 0:
            return left
        look = self._look
        self._look = min(2 * look, WINDOW_SECONDS)
        return look

    def _free_at(self, now: float) -> float:
        """When there is surely room for one more: by one's own windows, or however they lie."""
        room_at = inf
        if self._own is not None and not self._is_shared:
            count, over_at = self._own.present(now)
            room_at = now if count < LIMIT else over_at
        length = WINDOW_SECONDS + MARGIN_SECONDS
        self._entries = [entry for entry in self._entries if entry.counted_by + length > now]
        excess = len(self._entries) - LIMIT
        if excess < 0:
            return now
        return min(sorted(one.counted_by for one in self._entries)[excess] + length, room_at)

    def _paced_at(self) -> float:
        """When the next request of those that are spread over a window is due."""
        return self._sent + WINDOW_SECONDS / self.most if self._is_shared else -inf

    def _shrink(self, now: float) -> None:
        # What others used before this process began says nothing about the time since.
        if now >= self._begun + WINDOW_SECONDS:
            had = max(float(len(self._entries)), _LEAST)
            self.most = max(min(self.most, had) * _FEWER, 1.0)
            self._own = None
        self._is_shared, self._step, self._turned = True, _MORE, now

    def _grow(self, now: float) -> None:
        while self._is_shared and now >= self._turned + WINDOW_SECONDS:
            self.most = min(self.most + self._step, float(LIMIT))
            self._step *= _FASTER
            self._turned += WINDOW_SECONDS
            self._is_shared = self.most < LIMIT
