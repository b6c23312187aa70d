"""Measure what the server means by a day, by questions whose right answer is known.

A server that takes ``start`` and ``end`` for something else than this package does answers with
status 200 and with counts that agree (openpanel-api.md, section 10). So before anything is read, a
row that the server listed is asked for again: it must be in exactly the parts of its day that it
belongs to.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, time, timedelta, timezone
from typing import Any, NamedTuple

import msgspec

from openpanel_source.api.client import Client
from openpanel_source.api.generation import UNKNOWN, Bounds, Generation, mark_of, measured
from openpanel_source.api.page import split_page
from openpanel_source.api.query import EVENTS_PATH, EventQuery, Params, unique_name
from openpanel_source.errors import DaysMisunderstoodError, UnsupportedServerError
from openpanel_source.model.clock import DAY, EARLIEST, LATEST, midnight
from openpanel_source.model.instants import instant_text, parse_instant
from openpanel_source.model.json_text import UNREADABLE

SHOWN_ROWS = 50
"""Rows that are looked at, to have some that differ, and some that are as they should be."""
_PART_ROWS = 100
_MOST_TRIED = 3
"""So many of the best rows are tried, and of the newest: one may say anything of its time."""
_FEW_OUTSIDE = 2
_FEW_OUTSIDE_SHARE = 0.1
_MILLISECOND = timedelta(milliseconds=1)
_SECOND = timedelta(seconds=1)


class Seen(NamedTuple):
    """A row that the server listed."""

    id: str
    at: datetime


class Part(NamedTuple):
    """What was asked for, from one instant to before another, and the answer."""

    start: datetime
    end: datetime
    total: int
    rows: tuple[Seen, ...]


class Listed(NamedTuple):
    """An answer: the server's count, and the rows whose time can be read."""

    total: int
    rows: tuple[Seen, ...]


class _Head(msgspec.Struct, rename="camel"):
    id: Any = None
    created_at: Any = None


def listed(body: bytes, request: str) -> Listed:
    """The count of an answer of ``/export/events``, and its rows.

    Raises:
        UnexpectedAnswerError: The body is no page.
    """
    page = split_page(body, request)
    rows = []
    for raw in page.data:
        try:
            head = msgspec.json.decode(raw, type=_Head)
        except UNREADABLE:
            continue
        at = parse_instant(head.created_at) if isinstance(head.created_at, str) else None
        if at is not None and isinstance(head.id, str):
            rows.append(Seen(head.id, at))
    return Listed(page.meta.total_count, tuple(rows))


def chosen(rows: Iterable[Seen]) -> list[tuple[Seen, bool]]:
    """The rows that tell most about bounds, and whether another of their day has another time.

    Args:
        rows: The newest rows of a project.

    Returns:
        Some rows of different times, the best first; none if none can be asked for.
    """
    usable = [row for row in rows if EARLIEST <= row.at.date() <= LATEST]
    times = {(row.at.date(), row.at) for row in usable}

    def has_other(row: Seen) -> bool:
        return any(day == row.at.date() and at != row.at for day, at in times)

    def worth(row: Seen) -> tuple[bool, ...]:
        return has_other(row), row.at.microsecond > 0, row.at.time() != time()

    newest = list({row.at: row for row in reversed(usable)}.values())[::-1]
    best = sorted(newest, key=worth, reverse=True)[:_MOST_TRIED]
    tried = dict.fromkeys([*best, *newest[:_MOST_TRIED]])
    return [(row, has_other(row)) for row in tried]


def classified(row: Seen, asked_alone: Listed, *, has_other: bool) -> Bounds | None:
    """What bounds mean, told by the answer to ``start`` and ``end`` both at the time of a row.

    Args:
        row: The row.
        asked_alone: The answer.
        has_other: Whether its day holds rows of other times, among its newest.

    Returns:
        None if the answer fits no meaning that is known.
    """
    times = {seen.at for seen in asked_alone.rows}
    if _pushes_out(row, asked_alone.rows, SHOWN_ROWS):
        return Bounds.DAYS if all(at.date() == row.at.date() for at in times) else None
    if row.at in times:
        if times == {row.at}:
            exact = Bounds.MILLISECONDS if row.at.microsecond else Bounds.INSTANTS
            return exact if has_other else Bounds.UNTOLD
        is_day = all(at.date() == row.at.date() for at in times)
        return Bounds.DAYS if is_day else None
    is_cut = row.at.microsecond and times <= {row.at.replace(microsecond=0)}
    return Bounds.SECONDS if is_cut else None


def _pushes_out(row: Seen, listed_rows: Sequence[Seen], most: int) -> bool:
    """Whether so many newer rows are listed that a row that belongs among them is not."""
    return len(listed_rows) >= most and all(seen.at > row.at for seen in listed_rows)


def misplaced(row: Seen, parts: Iterable[Part]) -> str | None:
    """What is wrong with the answers to a day and to parts of it.

    Args:
        row: A row of the day, among its newest.
        parts: What was asked for.

    Returns:
        A clause, or None if each part holds what belongs to it, as far as rows and counts show.
    """
    for part in parts:
        name = f"{instant_text(part.start)} to {instant_text(part.end)}"
        outside = [seen for seen in part.rows if not part.start <= seen.at < part.end]
        if len(outside) > max(_FEW_OUTSIDE, _FEW_OUTSIDE_SHARE * len(part.rows)):
            return f"asked for {name} it lists an event of {instant_text(outside[0].at)}"
        belongs = part.start <= row.at < part.end
        is_listed = row in part.rows
        if belongs != is_listed and not (belongs and _pushes_out(row, part.rows, _PART_ROWS)):
            does = "does not list" if belongs else "lists"
            return f"asked for {name} it {does} an event of {instant_text(row.at)}"
        if part.total < len(part.rows):
            return f"asked for {name} it lists more events than it counts"
    return None


@dataclass(frozen=True)
class BoundsProbe:
    """Asks a server about bounds.

    Args:
        client: Asks.
        project_id: A project that holds rows.
    """

    client: Client
    project_id: str
    _query: EventQuery = field(default_factory=EventQuery, init=False)

    def measure(
        self, generation: Generation, newest: Listed, known: str | None = None
    ) -> Generation:
        """The generation, with what its bounds mean.

        Args:
            generation: As recognised by other signs.
            newest: The newest rows of the project.
            known: The mark of the generation whose days were tried in parts the last time.

        Raises:
            DaysMisunderstoodError: The server means something by a day that is not known.
            UnsupportedServerError: It cannot be read without loss.
            OpenPanelError: The server cannot be asked.
        """
        failure: DaysMisunderstoodError | None = None
        for row, has_other in chosen(newest.rows):
            try:
                return self._measure(generation, row, known, has_other=has_other)
            except DaysMisunderstoodError as error:
                failure = failure or error
        if failure is not None:
            raise failure
        return generation

    def _measure(
        self, generation: Generation, row: Seen, known: str | None, *, has_other: bool
    ) -> Generation:
        alone = self._bare(generation, instant_text(row.at), instant_text(row.at))
        bounds = classified(row, alone, has_other=has_other)
        if bounds is None:
            raise _misunderstood(
                f"asked for the instant {instant_text(row.at)} alone it lists"
                f" {len(alone.rows)} events that do not fit"
            )
        if not generation.has_filters:
            bounds = self._without_filters(generation, row, bounds)
        found = measured(generation, bounds)
        if found.has_edges:
            found = _unknown(generation, bounds)
        if mark_of(found) == known or (bounds is Bounds.DAYS and not found.has_filters):
            return found
        problem = self._problem(found, row)
        if problem and found.has_filters and bounds.are_instants:
            # It takes filters and does not apply them.
            found = _unknown(generation, bounds)
            problem = self._problem(found, row)
        if problem:
            raise _misunderstood(problem)
        return found

    def _without_filters(self, generation: Generation, row: Seen, bounds: Bounds) -> Bounds:
        """Such servers have whole days, as far as they are known."""
        day = row.at.date().isoformat()
        is_listed = row.at in {seen.at for seen in self._bare(generation, day, day).rows}
        if is_listed and bounds in (Bounds.DAYS, Bounds.UNTOLD):
            return Bounds.DAYS
        return Bounds.INSTANTS if bounds is Bounds.UNTOLD else bounds

    def _bare(self, generation: Generation, start: str, end: str) -> Listed:
        """What bounds alone select."""
        encoded = self._query.params(self.project_id, EARLIEST, EARLIEST, generation=generation)
        params: Params = [
            next(pair for pair in encoded if pair[0] == "projectId"),
            ("start", start),
            ("end", end),
            ("limit", str(SHOWN_ROWS)),
        ]
        if not generation.has_true_counts:
            params.append(("includes", unique_name()))
        return self.client.read(EVENTS_PATH, params, listed)

    def _problem(self, generation: Generation, row: Seen) -> str | None:
        day = row.at.date()
        noon = datetime.combine(day, time(12), timezone.utc)
        start, end = midnight(day), midnight(day + DAY)

        def part(first: datetime, after: datetime) -> Part:
            return self._part(generation, first, after)

        whole, instant = part(start, end), part(row.at, row.at + _MILLISECOND)
        halves = part(start, noon), part(noon, end)
        # Bounds are wider than this part: it does not list the row only if filters are applied.
        before = part(start, row.at)
        found = misplaced(row, (whole, *halves, instant, before))
        if found:
            return found
        again = part(start, end).total
        counted = sum(half.total for half in halves)
        if not min(whole.total, again) <= counted <= max(whole.total, again):
            return f"it counts {whole.total} events on {day}, and {counted} in the day's two halves"
        return None

    def _part(self, generation: Generation, start: datetime, end: datetime) -> Part:
        params = self._query.between(
            self.project_id, start, end, limit=_PART_ROWS, generation=generation
        )
        total, rows = self.client.read(EVENTS_PATH, params, listed)
        if generation.has_edges:
            # The bounds were widened to whole seconds, and hold their last instant.
            ceiling = end if not end.microsecond else end.replace(microsecond=0) + _SECOND
            edge = self._bare(generation, instant_text(ceiling), instant_text(ceiling))
            total -= edge.total
            rows = tuple(row for row in rows if start <= row.at < end)
        return Part(start, end, total, rows)


def _unknown(generation: Generation, bounds: Bounds) -> Generation:
    if not generation.has_stable_pages:
        raise UnsupportedServerError(
            f"this server ({generation.dates}) takes start and end as instants, which no known"
            " server of its age does, and its days cannot be read without loss; upgrade it."
        )
    return replace(generation, dates=UNKNOWN.dates, has_filters=False, bounds=bounds)


def _misunderstood(problem: str) -> DaysMisunderstoodError:
    return DaysMisunderstoodError(
        f"the server means something else by a day than its API says: {problem}. Nothing was read"
        " or changed; report it to who runs the server, and to this package if it is a new version."
    )
