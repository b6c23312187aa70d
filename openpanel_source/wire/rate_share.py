"""How much of a rate limit's window is left to this process by the others that use it; pure.

Workers on one client id know of each other only by what the server has counted. Each takes that
part of what is left that it had of what was used: together they use all of it, and none has to be
told how many they are.
"""

from __future__ import annotations

from math import inf

_RESERVE = 2.0
"""What is known to be left is kept for so many times the requests under way: others have some
under way as well."""
_PACED = 0.85
"""Until so much of a window is over, one's part is used evenly: who bursts shuts out whoever sees
the window open a moment later. The rest is for what nobody took."""
_WEIGHT = 0.25
"""How much of a window's limit the part in the window before counts for in the next one."""


class Share:
    """Follows the requests of a window, one's own and all that the server counts.

    Attributes:
        part: What this process had of the requests in the window before; 1 if it was alone.
    """

    def __init__(self) -> None:
        self.part = 1.0
        self._limit = 0.0
        self._is_first = True
        self._begin(0)

    def _begin(self, under_way: int) -> None:
        self._earlier = under_way
        self._issued = 0
        self._counted = 0
        self._used = 0.0
        self._before: float | None = None
        self._remaining = inf

    def open(self, under_way: int) -> None:
        """Begin a window.

        Args:
            under_way: Requests of the window before that are not answered, and may be counted.
        """
        if self._used:
            self.part = self._estimate()
            self._is_first = False
        self._begin(under_way)

    def issue(self) -> int:
        """Count a request that is made; returns its number in the window."""
        self._issued += 1
        return self._issued

    def learn(self, number: int, under_way: int, limit: float, remaining: float) -> None:
        """Take in what an answer says.

        Args:
            number: The request's number.
            under_way: Requests of this process that are not answered.
            limit: Requests that the server allows in a window.
            remaining: What is left of them.
        """
        # Requests arrive about in the order in which they were made.
        self._counted = max(self._counted, number, self._issued - under_way)
        self._limit = limit
        # Routes have limits of their own, which the same requests are counted against.
        self._used = max(self._used, limit - remaining)
        self._remaining = limit - self._used
        if self._before is None:
            self._before = max(self._used - self._own(), 0.0)

    def refuse(self, under_way: int, limit: float) -> None:
        """Take in that a request was refused: the others have used the window up."""
        self._issued -= 1
        self._counted = min(self._counted, self._issued)
        self.learn(0, under_way, limit, 0)

    def permits(self, under_way: int, elapsed: float) -> bool:
        """Whether one more request leaves to the others what is theirs.

        Args:
            under_way: Requests of this process that are not answered.
            elapsed: How much of the window is over, from 0 to 1.
        """
        is_unknown = self._remaining == inf
        part = self.part if is_unknown else self._estimate()
        if part >= 1 or (is_unknown and not under_way):
            # Alone; or somebody has to ask how things stand.
            return True
        if elapsed < _PACED and self._issued >= part * self._limit * elapsed / _PACED + 1:
            return False
        left = part * min(self._remaining, self._limit)
        return left >= (_RESERVE * (under_way + 1) if under_way else 1)

    def _own(self) -> int:
        return self._counted + self._earlier

    def _estimate(self) -> float:
        own, used = self._own(), max(self._used, 1.0)
        if self._is_first:
            # What others used before this process began says nothing about the time since.
            return min((own + 1.0) / (max(used - (self._before or 0.0), own) + 1.0), 1.0)
        weight = _WEIGHT * self._limit
        return min((own + weight * self.part) / (max(used, own) + weight), 1.0)
