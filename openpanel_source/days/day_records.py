"""Records of days that were not read as such: counted, held back, or left as they were."""

from __future__ import annotations

from datetime import date, datetime
from typing import NamedTuple

import msgspec

from openpanel_source.days.ledger import DayRecord, Reason
from openpanel_source.days.planned_days import PlannedDay
from openpanel_source.days.verdict import Verdict


class Stamp(NamedTuple):
    """What the records of a run have in common.

    Attributes:
        query_fingerprint: Of what is asked for.
        load_id: Of the package.
        read_at: Now, UTC.
    """

    query_fingerprint: str
    load_id: str
    read_at: datetime


def without_events(item: PlannedDay, today: date, stamp: Stamp) -> DayRecord:
    """The record of a day that was counted and holds nothing."""
    return DayRecord(
        project_id=item.project_id,
        query_fingerprint=stamp.query_fingerprint,
        day=item.day,
        load_id=stamp.load_id,
        verdict=Verdict.OPEN if item.day >= today else Verdict.COMPLETE,
        reason=item.reason,
        total_count=0,
        read_at=stamp.read_at,
    )


def still_complete(record: DayRecord, reason: Reason, requests: int, stamp: Stamp) -> DayRecord:
    """The record of a day that is over and complete, and was not read again."""
    return msgspec.structs.replace(
        record,
        verdict=Verdict.COMPLETE,
        reason=reason,
        load_id=stamp.load_id,
        requests=requests,
        rereads=0,
        read_at=stamp.read_at,
    )


def shrunk(before: DayRecord, counted: int, reason: Reason, stamp: Stamp) -> DayRecord:
    """The record of a day that would lose too many rows, and keeps them."""
    is_same = before.shrunk_to == counted
    return msgspec.structs.replace(
        before,
        query_fingerprint=stamp.query_fingerprint,
        verdict=Verdict.SHRUNK,
        reason=reason,
        load_id=stamp.load_id,
        rereads=0,
        read_at=stamp.read_at,
        shrunk_to=counted,
        shrunk_since=before.shrunk_since if is_same else stamp.read_at,
    )


def with_rows_of(before: DayRecord, record: DayRecord) -> DayRecord:
    """The record of a reading whose rows are not loaded: the destination keeps those of before."""
    return msgspec.structs.replace(
        record,
        distinct_ids=before.distinct_ids,
        rejected_rows=before.rejected_rows,
        erased_rows=before.erased_rows,
        group_rows=before.group_rows,
    )
