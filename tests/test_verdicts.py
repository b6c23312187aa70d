"""A verdict never says more than the counts prove, and the ledger keeps it across runs."""

from __future__ import annotations

import json
from datetime import date, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openpanel_source.ledger import DayRecord, Ledger, Reason, Verdict, judge, ledger_table
from openpanel_source.schema import SYNC_DAYS

counts = st.integers(0, 5)
COMPLETE, OPEN, MOVING, SHORT = Verdict.COMPLETE, Verdict.OPEN, Verdict.MOVING, Verdict.SHORT


@pytest.mark.parametrize(
    ("first", "last", "rows", "is_open", "is_counted", "verdict"),
    [
        (5, 5, 5, False, True, COMPLETE),
        (0, 0, 0, False, True, COMPLETE),
        (5, 5, 4, False, True, SHORT),
        (5, 5, 6, False, True, SHORT),
        (5, 6, 6, False, True, MOVING),
        (5, 6, 5, False, True, MOVING),
        (6, 5, 5, False, True, MOVING),
        (5, 5, 5, True, True, OPEN),
        (5, 6, 6, True, True, OPEN),
        (5, 5, 4, True, True, SHORT),
        (5, 6, 4, True, True, MOVING),
        (5, 5, 6, False, False, COMPLETE),
        (5, 5, 4, False, False, SHORT),
        (5, 6, 9, False, False, MOVING),
        (0, 0, 3, False, False, COMPLETE),
        (5, 5, 6, True, False, OPEN),
    ],
)
def test_a_reading_is_judged(
    first: int, last: int, rows: int, is_open: bool, is_counted: bool, verdict: Verdict
) -> None:
    judged = judge(
        first_total=first, last_total=last, rows=rows, is_open=is_open, is_counted=is_counted
    )
    assert judged is verdict


@given(counts, counts, counts, st.booleans(), st.booleans())
def test_a_verdict_proves_what_it_says(
    first: int, last: int, rows: int, is_open: bool, is_counted: bool
) -> None:
    verdict = judge(
        first_total=first, last_total=last, rows=rows, is_open=is_open, is_counted=is_counted
    )
    if rows < first:
        assert verdict in (MOVING, SHORT)
    if verdict is COMPLETE:
        assert not is_open
        assert first == last <= rows
        assert rows == first or not is_counted
    if verdict is OPEN:
        assert is_open
        assert rows >= first
    if verdict is MOVING:
        assert first != last


days = st.dates(date(2020, 1, 1), date(2030, 1, 1))
records = st.builds(
    DayRecord,
    project_id=st.sampled_from(["web", "2024"]),
    query_fingerprint=st.just("all"),
    day=days,
    load_id=st.text("0123456789.", max_size=10),
    verdict=st.sampled_from(Verdict),
    reason=st.sampled_from(Reason),
    total_count=counts,
    rows_received=counts,
    distinct_ids=counts,
    rejected_rows=counts,
    pages=counts,
    requests=counts,
    rereads=counts,
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
    assert record.is_proven == (judged_well and record.rows_received == record.total_count)


@given(records)
def test_another_query_knows_nothing_of_what_this_one_read(record: DayRecord) -> None:
    state: dict[str, Any] = {}
    Ledger(state, "all").record(record)
    Ledger(state, "all").remember_first_day(record.project_id, record.day)
    changed = Ledger(stored(state), "0123456789abcdef")
    assert changed.days(record.project_id) == {}
    assert changed.get(record.project_id, record.day) is None
    assert changed.first_day(record.project_id) is None


def test_a_query_that_came_back_has_to_read_again() -> None:
    state: dict[str, Any] = {}
    day = date(2026, 11, 10)
    Ledger(state, "all").remember_first_day("web", day)
    Ledger(state, "other").remember_first_day("web", day + timedelta(days=1))
    assert Ledger(stored(state), "all").first_day("web") is None


def test_the_first_day_is_kept_for_each_project() -> None:
    state: dict[str, Any] = {}
    Ledger(state, "all").remember_first_day("web", date(2024, 2, 29))
    again = Ledger(stored(state), "all")
    assert again.first_day("web") == date(2024, 2, 29)
    assert again.first_day("app") is None


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
