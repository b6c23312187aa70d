"""Which days to list next, and when all will have been proven again; pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple

from openpanel_source.days.ledger import DayRecord
from openpanel_source.destinations.warehouse import ProjectDay
from openpanel_source.model.clock import ALMOST_A_DAY, DAY
from openpanel_source.operations.scrub.proofs import Kind, Proof, newest

PAGE = 1000
"""Rows that a request lists at most."""
SURE = 900
"""Rows of a day that each request is counted on to list, if there are so many: it may be fewer than
a page, as rows of one instant are listed together."""


class Waiting(NamedTuple):
    """A day to be proven again.

    Attributes:
        record: What was read of it.
        proven_at: When it was last proven as a whole, UTC.
        part: What was listed of it since, if its listing has begun.
    """

    record: DayRecord
    proven_at: datetime
    part: Proof | None


def waiting_days(
    records: Iterable[DayRecord], proofs: Iterable[Proof], now: datetime
) -> list[Waiting]:
    """The settled days with rows that were not proven for a day, those proven longest ago first.

    Days without rows are left out: what is added to them shows in counts, as nothing can be taken
    from them at the same time.

    Args:
        records: Of the ledger.
        proofs: Since, the oldest first.
        now: The time, UTC.
    """
    proofs = list(proofs)
    wholes, last = proven_as_a_whole(proofs), newest(proofs)
    found = []
    for record in records:
        key = record.project_id, record.day
        if not (record.is_settled and record.rows_received):
            continue
        proven_at = max(record.read_at, wholes.get(key, record.read_at))
        part = last.get(key)
        is_going_on = part is not None and part.proof is Kind.PART and part.proven_at > proven_at
        found.append(Waiting(record, proven_at, part if is_going_on else None))
    due = [one for one in found if now - one.proven_at >= ALMOST_A_DAY]
    return sorted(due, key=lambda one: (one.proven_at, one.record.project_id, one.record.day))


def proven_as_a_whole(proofs: Iterable[Proof]) -> dict[ProjectDay, datetime]:
    """When days were last proven, those left out of which only parts were.

    Args:
        proofs: The oldest first.
    """
    wholes = (one for one in proofs if one.proof is not Kind.PART)
    return {(one.project_id, one.day): one.proven_at for one in wholes}


def requests_for(rows: int) -> int:
    """Requests that surely list a day, in however many parts."""
    return 1 if rows <= PAGE else -(-rows // SURE)


@dataclass(frozen=True)
class ProvenDay:
    """A settled day with rows, and when it was last proven, UTC."""

    project_id: str
    day: date
    rows: int
    proven_at: datetime


@dataclass(frozen=True)
class Outlook:
    """How old proofs of a project's days are, and when all will be newer than now.

    Attributes:
        days: Settled days with rows.
        oldest_proof: When the day that was proven longest ago was, UTC.
        oldest_day: That UTC day.
        requests: What listing all days of all projects takes, at most; None if that is not known,
            as the server lists days as a whole, in as many requests as it takes.
        nights: Syncs, a day apart, within which all of those are proven again; None if none are
            listed, or that is not known.
        seen_by: The UTC day by which that is so, with a sync each night; None likewise.
    """

    days: int
    oldest_proof: datetime
    oldest_day: date
    requests: int | None
    nights: int | None
    seen_by: date | None


def outlooks(
    days: Collection[ProvenDay], budget: int, now: datetime, *, has_parts: bool
) -> dict[str, Outlook]:
    """When all days will have been proven again, by project.

    Args:
        days: Of all projects, which share the budget.
        budget: Requests a sync.
        now: The time, UTC.
        has_parts: Whether the server lists days in parts.
    """
    requests = sum(requests_for(one.rows) for one in days) if has_parts else None
    nights = None if requests is None else nights_for(requests, budget)
    seen_by = (
        None if nights is None else now.date() + min(nights, (date.max - now.date()).days) * DAY
    )
    found = {}
    for project in {one.project_id for one in days}:
        own = [one for one in days if one.project_id == project]
        oldest = min(own, key=lambda one: (one.proven_at, one.day))
        found[project] = Outlook(len(own), oldest.proven_at, oldest.day, requests, nights, seen_by)
    return found


def nights_for(requests: int, budget: int) -> int | None:
    """Syncs, a day apart, that so many requests take; None if none may be sent.

    Days that were proven less than a day before the first wait for the second.
    """
    return -(-requests // budget) + 1 if budget else None
