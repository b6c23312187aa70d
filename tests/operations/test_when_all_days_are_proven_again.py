"""What ``status`` promises of proofs is kept: every day is proven again within so many nights."""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone

from hypothesis import given
from hypothesis import strategies as st

from openpanel_source.days.ledger import DayRecord, Reason
from openpanel_source.days.verdict import Verdict
from openpanel_source.operations.scrub.proofs import Kind, Proof
from openpanel_source.operations.scrub.queue import (
    PAGE,
    ProvenDay,
    nights_for,
    outlooks,
    requests_for,
    waiting_days,
)

NOW = datetime(2026, 11, 23, 12, tzinfo=timezone.utc)
LOST = 100
"""Rows of a page that the next part lists again, at most: those of one instant are not parted."""


def record(number: int, rows: int, read_at: datetime, verdict: Verdict) -> DayRecord:
    return DayRecord(
        project_id="web",
        query_fingerprint="all",
        day=date(2026, 1, 1) + timedelta(days=number),
        load_id="1",
        verdict=verdict,
        reason=Reason.NEW,
        total_count=rows,
        rows_received=rows,
        read_at=read_at,
    )


DAYS = st.lists(
    st.tuples(
        st.integers(1, 900) | st.integers(900, 1100) | st.integers(1, 12_000),
        st.integers(0, 24 * 100),
    ),
    min_size=1,
    max_size=25,
)


@given(days=DAYS, budget=st.integers(1, 12), hours=st.integers(24, 30))
def test_every_day_is_proven_again_within_the_nights_promised(
    days: list[tuple[int, int]], budget: int, hours: int
) -> None:
    records = [
        record(n, rows, NOW - timedelta(hours=age), Verdict.COMPLETE)
        for n, (rows, age) in enumerate(days)
    ]
    proven = [ProvenDay("web", one.day, one.rows_received, one.read_at) for one in records]
    promised = outlooks(proven, budget, NOW, has_parts=True)["web"]
    assert promised.oldest_proof == min(one.read_at for one in records)
    assert promised.nights is not None
    proofs: list[Proof] = []
    now = NOW
    for _ in range(promised.nights):
        proofs += night(records, proofs, budget, now)
        now += timedelta(hours=hours)
    wholes = {one.day for one in proofs if one.proof is Kind.LISTED}
    assert wholes == {one.day for one in records}


def night(records: list[DayRecord], before: list[Proof], budget: int, now: datetime) -> list[Proof]:
    """What a night proves where each page brings a day no further than is sure."""
    found = []
    for item in waiting_days(records, before, now):
        if not budget:
            break
        rows = item.record.rows_received
        done = (item.part.listed_rows or 0) if item.part else 0
        pages = min(budget, -(-(rows - done) // PAGE))
        budget -= pages
        reached = done + pages * PAGE
        kind = Kind.LISTED if reached >= rows else Kind.PART
        proof = Proof.of(item.record, now, kind, rows)
        found.append(
            proof if kind is Kind.LISTED else proof.down_to(now, reached - LOST, strangers=0)
        )
    return found


@given(rows=st.integers(1, 100_000))
def test_a_day_takes_a_request_for_each_page_at_least(rows: int) -> None:
    assert -(-rows // PAGE) <= requests_for(rows) <= rows // 900 + 1


def test_without_a_budget_nothing_is_promised() -> None:
    assert nights_for(10, 0) is None
    day = ProvenDay("web", date(2026, 1, 1), 5, NOW)
    assert outlooks([day], 0, NOW, has_parts=True)["web"].seen_by is None
    assert outlooks([], 10, NOW, has_parts=True) == {}


@given(days=DAYS, budget=st.integers(0, 12))
def test_of_servers_that_list_days_as_a_whole_nothing_is_promised(
    days: list[tuple[int, int]], budget: int
) -> None:
    proven = [
        ProvenDay("web", date(2026, 1, 1) + timedelta(days=n), rows, NOW - timedelta(hours=age))
        for n, (rows, age) in enumerate(days)
    ]
    promised = outlooks(proven, budget, NOW, has_parts=False)["web"]
    assert promised.oldest_proof == min(one.proven_at for one in proven)
    assert (promised.requests, promised.nights, promised.seen_by) == (None, None, None)


def test_days_wait_longest_first_and_not_before_a_day_has_passed() -> None:
    old, older, new = (timedelta(hours=hours) for hours in (24, 48, 22))
    records = [
        record(1, 5, NOW - old, Verdict.COMPLETE),
        record(2, 5, NOW - older, Verdict.COMPLETE),
        record(3, 5, NOW - new, Verdict.COMPLETE),
        record(4, 0, NOW - older, Verdict.COMPLETE),
        record(5, 5, NOW - older, Verdict.OPEN),
        record(6, 5, NOW - older, Verdict.COMPLETE),
        record(7, 5, NOW - old, Verdict.COMPLETE),
    ]
    proofs = [
        # Of a reading that was replaced since.
        Proof.of(records[0], NOW - older, Kind.PART, 5).down_to(NOW, 3, 0),
        Proof.of(records[5], NOW - new, Kind.VALUES, 5),
        Proof.of(records[6], NOW - new, Kind.PART, 5).down_to(NOW, 3, 0),
    ]
    found = waiting_days(records, proofs, NOW)
    assert [one.record.day.day for one in found] == [3, 2, 8]
    assert [one.part is not None for one in found] == [False, False, True]
