"""A verdict never says more than the counts prove, and the ledger keeps it across runs."""

from __future__ import annotations

import json
from datetime import date, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openpanel_source.days.ledger import DayRecord, Ledger, Reason, ledger_table
from openpanel_source.days.verdict import Counts, Verdict, judge
from openpanel_source.model.schema import SYNC_DAYS

SINCE = date(2000, 1, 1)
small = st.integers(0, 5)
COMPLETE, OPEN, MOVING, SHORT = Verdict.COMPLETE, Verdict.OPEN, Verdict.MOVING, Verdict.SHORT


def count(first: int, last: int, rows: int, repeats: int = 0) -> Counts:
    return Counts(first, min(first, last), max(first, last), rows, repeats)


@pytest.mark.parametrize(
    ("counts", "is_open", "is_counted", "verdict"),
    [
        (count(5, 5, 5), False, True, COMPLETE),
        (count(0, 0, 0), False, True, COMPLETE),
        (count(5, 5, 4), False, True, SHORT),
        (count(5, 5, 6), False, True, SHORT),
        (count(5, 5, 5, repeats=1), False, True, MOVING),
        (count(5, 5, 6, repeats=1), False, True, COMPLETE),
        (count(5, 6, 6), False, True, MOVING),
        (count(5, 6, 5), False, True, MOVING),
        (count(6, 5, 5), False, True, MOVING),
        (Counts(5, 4, 5, 5), False, True, MOVING),
        (count(5, 5, 5), True, True, OPEN),
        (count(5, 6, 6), True, True, OPEN),
        (count(5, 6, 6, repeats=1), True, True, OPEN),
        (count(5, 6, 5, repeats=1), True, True, MOVING),
        (count(5, 5, 4), True, True, SHORT),
        (count(5, 6, 4), True, True, MOVING),
        (count(5, 5, 6), False, False, COMPLETE),
        (count(5, 5, 4), False, False, SHORT),
        (count(5, 6, 9), False, False, MOVING),
        (count(0, 0, 3), False, False, COMPLETE),
        (count(5, 5, 6), True, False, OPEN),
    ],
)
def test_a_reading_is_judged(
    counts: Counts, is_open: bool, is_counted: bool, verdict: Verdict
) -> None:
    assert judge(counts, is_open=is_open, is_counted=is_counted) is verdict


readings = st.builds(
    lambda totals, rows, repeats, went_in_circles: Counts(
        totals[0], min(totals), max(totals), rows, min(repeats, rows), went_in_circles
    ),
    st.lists(small, min_size=1, max_size=3),
    small,
    small,
    st.booleans(),
)


@given(readings, st.booleans(), st.booleans())
def test_a_verdict_proves_what_it_says(counts: Counts, is_open: bool, is_counted: bool) -> None:
    verdict = judge(counts, is_open=is_open, is_counted=is_counted)
    if counts.rows - counts.repeats < counts.first_total:
        assert verdict in (MOVING, SHORT)
    if counts.went_in_circles and not is_counted:
        # The end of such a list is only known from an empty page.
        assert not verdict.is_proof
    if verdict is COMPLETE:
        assert not is_open
        assert counts.lowest_total == counts.highest_total <= counts.rows - counts.repeats
    if verdict is OPEN:
        assert is_open
    if verdict is MOVING:
        assert counts.moved or counts.repeats


class Server:
    """A day whose rows come and go between the pages of a reading, newest first."""

    def __init__(self, rows: list[int]) -> None:
        self.rows = rows

    def page(self, number: int, size: int) -> tuple[int, list[int]]:
        newest_first = sorted(self.rows, reverse=True)
        return len(newest_first), newest_first[(number - 1) * size : number * size]


@given(
    st.integers(0, 12),
    st.lists(st.tuples(st.booleans(), st.integers(0, 30)), max_size=3),
    st.lists(st.integers(0, 3), min_size=3, max_size=3),
    st.booleans(),
)
def test_no_row_is_missing_from_a_day_that_is_called_proven(
    size: int, changes: list[tuple[bool, int]], moments: list[int], is_open: bool
) -> None:
    """Rows arrive on top and vanish anywhere, each change between some two pages."""
    server = Server(list(range(size)))
    stayed = set(range(size))
    totals: list[int] = []
    seen: set[int] = set()
    rows = repeats = 0
    for number in range(1, 8):
        for (arrives, place), moment in zip(changes, moments, strict=False):
            if moment != number - 2:
                continue
            if arrives:
                server.rows.append(max([*server.rows, 100]) + 1)
            elif server.rows:
                gone = server.rows.pop(place % len(server.rows))
                stayed.discard(gone)
        total, page = server.page(number, 3)
        totals.append(total)
        rows += len(page)
        repeats += len(seen & set(page))
        seen |= set(page)
        if not page:
            break
    counts = Counts(totals[0], min(totals), max(totals), rows, repeats)
    if judge(counts, is_open=is_open, is_counted=True).is_proof:
        assert stayed <= seen


days = st.dates(date(2020, 1, 1), date(2030, 1, 1))
records = st.builds(
    DayRecord,
    project_id=st.sampled_from(["web", "2024"]),
    query_fingerprint=st.just("all"),
    day=days,
    load_id=st.text("0123456789.", max_size=10),
    verdict=st.sampled_from(Verdict),
    reason=st.sampled_from(Reason),
    total_count=small,
    rows_received=small,
    distinct_ids=small,
    rejected_rows=small,
    pages=small,
    requests=small,
    rereads=small,
    read_at=st.datetimes(
        datetime(2020, 1, 1),  # noqa: DTZ001
        datetime(2030, 1, 1),  # noqa: DTZ001
        timezones=st.just(timezone.utc),
    ),
    newest_id=st.none() | st.text("abc-", max_size=5),
)


def stored(state: dict[str, Any]) -> dict[str, Any]:
    """The state as it comes back from a destination."""
    again: dict[str, Any] = json.loads(json.dumps(state))
    return again


@given(st.lists(records, max_size=8))
def test_the_ledger_remembers_the_last_reading_of_each_day(made: list[DayRecord]) -> None:
    state: dict[str, Any] = {}
    ledger = Ledger(state, "all")
    for record in made:
        ledger.record(record)
    again = Ledger(stored(state), "all")
    expected = {(record.project_id, record.day): record for record in made}
    for project in ("web", "2024", "unknown"):
        own = {day: record for (owner, day), record in expected.items() if owner == project}
        assert again.days(project) == own
        for day, record in own.items():
            assert again.get(project, day) == record
    assert again.get("web", date(1999, 1, 1)) is None


@given(records)
def test_a_record_is_proven_only_if_all_that_was_counted_came(record: DayRecord) -> None:
    judged_well = record.verdict in (COMPLETE, OPEN)
    assert record.is_proven == (judged_well and record.rows_received >= record.total_count)


@given(records)
def test_another_query_knows_nothing_of_what_this_one_read(record: DayRecord) -> None:
    state: dict[str, Any] = {}
    Ledger(state, "all").record(record)
    Ledger(state, "all").remember_first_day(record.project_id, SINCE, record.day)
    changed = Ledger(stored(state), "0123456789abcdef")
    assert changed.days(record.project_id) == {}
    assert changed.get(record.project_id, record.day) is None
    assert changed.first_day(record.project_id, SINCE) is None


def test_a_query_that_came_back_has_to_read_again() -> None:
    state: dict[str, Any] = {}
    day = date(2026, 11, 10)
    Ledger(state, "all").remember_first_day("web", SINCE, day)
    Ledger(state, "other").remember_first_day("web", SINCE, day + timedelta(days=1))
    assert Ledger(stored(state), "all").first_day("web", SINCE) is None


def test_the_first_day_is_kept_for_each_project() -> None:
    state: dict[str, Any] = {}
    Ledger(state, "all").remember_first_day("web", SINCE, date(2024, 2, 29))
    again = Ledger(stored(state), "all")
    assert again.first_day("web", SINCE) == date(2024, 2, 29)
    assert again.first_day("app", SINCE) is None


def test_the_first_day_of_a_range_tells_that_of_its_end() -> None:
    ledger = Ledger({}, "all")
    ledger.remember_first_day("web", SINCE, date(2024, 2, 29))
    assert ledger.first_day("web", date(2024, 2, 1)) == date(2024, 2, 29)
    assert ledger.first_day("web", date(2024, 3, 1)) == date(2024, 3, 1)
    assert ledger.first_day("web", SINCE - timedelta(days=1)) is None


@given(st.lists(records, max_size=4))
def test_records_become_rows_of_sync_days(made: list[DayRecord]) -> None:
    table = ledger_table(made)
    assert table.schema == SYNC_DAYS.arrow_schema
    rows = table.to_pylist()
    assert [row["verdict"] for row in rows] == [record.verdict.value for record in made]
    assert [row["reason"] for row in rows] == [record.reason.value for record in made]
    assert [(row["day"], row["read_at"]) for row in rows] == [
        (record.day, record.read_at) for record in made
    ]
