"""All profiles of a project, a hundred at a time, though the server has no pages.

They are listed by the second in which they were first stored: the next answer begins with the last
second of the one before, so that none is lost where many share it. A second of a hundred or more is
divided by how ids begin.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple

from openpanel_source.lists.answers import ListedProfile
from openpanel_source.lists.conditions import (
    PAGE,
    Condition,
    at,
    id_goes_on_otherwise,
    id_is,
    id_starts_with,
)
from openpanel_source.lists.verdict import Evidence
from openpanel_source.model.clock import EARLIEST, LATEST
from openpanel_source.model.instants import parse_instant

_SECOND = timedelta(seconds=1)
_LONGEST_PREFIX = 200
UNFILTERED = "the server ignores conditions on profiles, as those before 2026-05 do"
UNSORTED = "the server does not list profiles in the order in which they were made"


class ProfilesAnswer(NamedTuple):
    """An answer.

    Attributes:
        rows: Those that can be read, in order.
        size: How many came.
    """

    rows: Sequence[ListedProfile]
    size: int


Ask = Callable[[Sequence[Condition]], ProfilesAnswer]


class _Doubt(Exception):  # noqa: N818 - it says something about the answers, and ends the walk
    """The answers cannot be gone by any further."""


@dataclass
class ProfileWalk:
    """Lists all profiles, or those that were seen since an instant.

    Args:
        ask: Sends one request for profiles that meet all of some conditions.
        since: Leave out what was last seen before, to the second.

    Attributes:
        evidence: What was met so far.
        newest: When the profile that was seen last was seen, UTC.
    """

    ask: Ask
    since: datetime | None = None
    evidence: Evidence = field(default_factory=Evidence)
    newest: datetime | None = None

    def parts(self) -> Iterator[list[ListedProfile]]:
        """Ask until the end, or until the answers contradict what was asked.

        Yields:
            Profiles that have not come before.
        """
        try:
            yield from self._from_the_first()
            self.evidence.reached_end = True
        except _Doubt as doubt:
            self.evidence.doubts.append(str(doubt))

    def _from_the_first(self) -> Iterator[list[ListedProfile]]:
        position: datetime | None = None
        known: set[str] = set()
        while True:
            bound = () if position is None else (at("created_at", "gte", position),)
            answer = self._asked(bound, position)
            yield self._fresh(answer, known)
            if answer.size < PAGE:
                return
            last = _second(answer.rows[-1])
            if last == position:
                yield from self._divided(last, "", known)
                position, known = last + _SECOND, set()
            else:
                position = last
                known = {row.id for row in answer.rows if _second(row) == last}

    def _divided(
        self, second: datetime, prefix: str, known: set[str]
    ) -> Iterator[list[ListedProfile]]:
        """All profiles of a second whose ids begin with a prefix."""
        within = (at("created_at", "gte", second), at("created_at", "lt", second + _SECOND))
        if len(prefix) > _LONGEST_PREFIX:
            raise _Doubt("too many profiles of one second have ids that begin alike")
        done: set[str] = set()
        more: set[str] = set()
        if prefix:
            answer = self._asked((*within, id_starts_with(prefix)), second, prefix)
            yield self._fresh(answer, known)
            if answer.size < PAGE:
                return
            yield self._fresh(self._asked((*within, id_is(prefix)), second, prefix), known)
            more = _next_characters(answer, prefix)
        else:
            more = {one[:1] for one in known if one}
        while True:
            for character in sorted(more - done):
                done.add(character)
                yield from self._divided(second, prefix + character, known)
            rest = self._asked((*within, id_goes_on_otherwise(prefix, done)), second, prefix)
            yield self._fresh(rest, known)
            if rest.size < PAGE:
                return
            more = _next_characters(rest, prefix)
            if not more - done:
                raise _Doubt(UNFILTERED)

    def _asked(
        self,
        conditions: Sequence[Condition],
        position: datetime | None,
        prefix: str | None = None,
    ) -> ProfilesAnswer:
        """An answer about what was asked: from a second on, or of it alone under a prefix."""
        seen = () if self.since is None else (at("last_seen_at", "gte", self.since),)
        answer = self.ask((*conditions, *seen))
        self.evidence.unreadable += answer.size - len(answer.rows)
        seconds = [_second(row) for row in answer.rows]
        if seconds != sorted(seconds):
            raise _Doubt(UNSORTED)
        if not answer.rows and answer.size >= PAGE:
            raise _Doubt(f"{answer.size} profiles in a row cannot be read")
        for row, second in zip(answer.rows, seconds, strict=True):
            is_other = position is not None and second < position
            if prefix is not None:
                is_other = second != position or not row.id.startswith(prefix)
            if is_other or self._is_unasked(row):
                raise _Doubt(UNFILTERED)
        return answer

    def _is_unasked(self, row: ListedProfile) -> bool:
        seen = _placed(row.last_seen_at or "")
        return self.since is not None and seen is not None and seen + _SECOND <= self.since

    def _fresh(self, answer: ProfilesAnswer, known: set[str]) -> list[ListedProfile]:
        rows = list({row.id: row for row in answer.rows if row.id not in known}.values())
        known.update(row.id for row in rows)
        self.evidence.received += len(rows)
        for row in rows:
            seen = _placed(row.last_seen_at or "")
            if seen is not None and (self.newest is None or seen > self.newest):
                self.newest = seen
        return rows


def is_placed(row: ListedProfile) -> bool:
    """Whether it can be told when a profile was made."""
    return _placed(row.created_at) is not None


def _placed(text: str) -> datetime | None:
    """An instant that a time before and after it can be asked for; None of any other text."""
    instant = parse_instant(text)
    return instant if instant is not None and EARLIEST < instant.date() < LATEST else None


def _second(row: ListedProfile) -> datetime:
    made = _placed(row.created_at)
    if made is None:
        raise ValueError("a row without its time is no row of a page")
    return made.replace(microsecond=0)


def _next_characters(answer: ProfilesAnswer, prefix: str) -> set[str]:
    place = len(prefix)
    return {row.id[place] for row in answer.rows if len(row.id) > place}
