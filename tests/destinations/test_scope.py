"""The condition for the destination holds for exactly the days it is made of."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta, timezone

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from openpanel_source.model.conditions import Replaced, days_condition, range_condition

FIRST = date(2024, 2, 20)
PROJECTS = ("acme-web", "acme.web", "2024", "a_b", "é~:", "ACME-WEB")
CALENDAR = [Replaced(project, FIRST + timedelta(days=n)) for project in PROJECTS for n in range(40)]

pairs = st.sets(st.sampled_from(CALENDAR), max_size=60)


@pytest.fixture(scope="module")
def table() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'Asia/Tokyo'")
    connection.execute(
        "CREATE TABLE events (project_id VARCHAR, event_date DATE, created_at TIMESTAMPTZ)"
    )
    for hour in (1, 12):
        rows = [
            (item.project_id, item.day, datetime.combine(item.day, time(hour), timezone.utc))
            for item in CALENDAR
        ]
        connection.executemany("INSERT INTO events VALUES (?, ?, ?)", rows)
    return connection


def selected(table: duckdb.DuckDBPyConnection, condition: str) -> set[Replaced]:
    query = f"SELECT DISTINCT project_id, event_date FROM events WHERE {condition}"
    return {Replaced(project, day) for project, day in table.execute(query).fetchall()}


@settings(max_examples=60)
@given(pairs)
def test_exactly_the_days_given_are_selected(
    table: duckdb.DuckDBPyConnection, days: set[Replaced]
) -> None:
    assert selected(table, days_condition(days)) == days


@settings(max_examples=60)
@given(pairs)
def test_it_survives_being_a_format_string(days: set[Replaced]) -> None:
    condition = days_condition(days)
    assert condition.format() == condition
    assert "%" not in condition


@given(pairs, st.randoms(use_true_random=False))
def test_it_depends_on_neither_order_nor_repetition(days: set[Replaced], random: object) -> None:
    listed = list(days) * 2
    random.shuffle(listed)  # type: ignore[attr-defined]
    assert days_condition(listed) == days_condition(days)


def test_no_days_select_nothing(table: duckdb.DuckDBPyConnection) -> None:
    assert days_condition([]) == "1 = 0"
    assert selected(table, days_condition([])) == set()


def test_days_in_a_row_are_one_range_across_months_and_leap_days() -> None:
    days = [Replaced("web", FIRST + timedelta(days=n)) for n in range(15)]
    assert days_condition(days) == (
        "(project_id = 'web' AND (event_date BETWEEN '2024-02-20' AND '2024-03-05'))"
    )


def test_each_hole_begins_a_new_range() -> None:
    days = [Replaced("web", date(2024, 1, day)) for day in (1, 2, 4, 9)]
    assert days_condition(days) == (
        "(project_id = 'web' AND (event_date BETWEEN '2024-01-01' AND '2024-01-02'"
        " OR event_date = '2024-01-04' OR event_date = '2024-01-09'))"
    )


def test_a_tail_selects_the_rows_after_an_instant(table: duckdb.DuckDBPyConnection) -> None:
    noon = datetime(2024, 2, 21, 12, tzinfo=timezone.utc)
    for after, rows in (
        (noon, 0),
        (noon - timedelta(milliseconds=1), 1),
        (noon - timedelta(hours=12), 2),
    ):
        condition = days_condition([Replaced("2024", date(2024, 2, 21), after)])
        query = f"SELECT count(*) FROM events WHERE {condition}"
        assert table.execute(query).fetchone() == (rows,)


def test_a_range_without_bounds_names_no_day_that_a_destination_may_not_hold() -> None:
    first, last = date(2026, 11, 1), date(2026, 11, 30)
    assert range_condition("day", date.min, date.max) == "1 = 1"
    assert range_condition("day", first, date.max) == "day >= '2026-11-01'"
    assert range_condition("day", date.min, last) == "day <= '2026-11-30'"
    assert range_condition("day", first, last) == "day >= '2026-11-01' AND day <= '2026-11-30'"
