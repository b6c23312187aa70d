"""Which time a sandbox's charts are about, and in which buckets."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta, timezone
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from openpanel_source.sandbox.charts.range import iso_instant
from tests.support.sandbox_world import NOW, ask_chart, chart, event, points, world

NEW_YORK = "America/New_York"


def at(*instants: str) -> list[dict[str, Any]]:
    return [event(number, createdAt=instant) for number, instant in enumerate(instants, 1)]


def dates(answer: Any) -> list[str]:
    return list(points(answer["series"][0]))


@pytest.mark.parametrize(
    ("interval", "start", "end", "expected"),
    [
        ("minute", "2026-11-10T12:00:30Z", "2026-11-10T12:02:30Z", ["12:00:00", "12:01:00"]),
        ("hour", "2026-11-10T11:30:00Z", "2026-11-10T13:30:00Z", ["11:00:00", "12:00:00"]),
    ],
)
def test_buckets_of_a_day_are_written_with_their_time(
    interval: str, start: str, end: str, expected: list[str]
) -> None:
    with world(*at("2026-11-10T12:00:59.999Z")) as sandbox:
        answer = chart(sandbox, interval=interval, startDate=start, endDate=end)
    assert dates(answer) == [f"2026-11-10 {time}" for time in expected]


@pytest.mark.parametrize(
    ("interval", "expected"),
    [
        ("week", ["2026-10-26", "2026-11-02", "2026-11-09"]),
        ("month", ["2026-10-01", "2026-11-01"]),
    ],
)
def test_weeks_and_months_are_written_as_their_first_day(
    interval: str, expected: list[str]
) -> None:
    with world(*at("2026-11-10T12:00:00.000Z")) as sandbox:
        answer = chart(sandbox, interval=interval, startDate="2026-10-31", endDate="2026-11-11")
    assert dates(answer) == expected


@pytest.mark.long
@given(
    zone=st.sampled_from([NEW_YORK, "Europe/Stockholm", "Asia/Kolkata", "Asia/Tokyo", "UTC"]),
    minutes=st.lists(st.integers(0, 20 * 24 * 60), min_size=1, max_size=12),
)
@settings(max_examples=25)
def test_each_event_is_counted_on_its_local_day(zone: str, minutes: list[int]) -> None:
    first = datetime(2026, 10, 20, tzinfo=timezone.utc)
    instants = [first + timedelta(minutes=minute) for minute in minutes]
    expected = Counter(f"{one.astimezone(ZoneInfo(zone)):%Y-%m-%d} 00:00:00" for one in instants)
    rows = at(*(one.strftime("%Y-%m-%dT%H:%M:%S.000Z") for one in instants))
    with world(*rows, timezone=zone) as sandbox:
        (one,) = chart(sandbox, startDate="2026-10-19", endDate="2026-11-12")["series"]
    counted = points(one)
    assert {date: count for date, count in counted.items() if count} == expected
    assert list(counted) == sorted(counted)


def test_a_day_of_another_time_zone_starts_at_its_own_midnight() -> None:
    rows = at("2026-11-10T04:59:59.000Z", "2026-11-10T05:00:00.000Z")
    with world(*rows, timezone=NEW_YORK) as sandbox:
        (one,) = chart(sandbox, startDate="2026-11-09", endDate="2026-11-12")["series"]
    assert points(one) == {
        "2026-11-08 00:00:00": 0,
        "2026-11-09 00:00:00": 1,
        "2026-11-10 00:00:00": 1,
    }


def test_of_the_hour_that_comes_twice_only_the_first_is_counted() -> None:
    rows = at("2026-11-01T05:30:00.000Z", "2026-11-01T06:30:00.000Z", "2026-11-01T06:31:00.000Z")
    hours = {"startDate": "2026-11-01T04:00:00Z", "endDate": "2026-11-01T08:00:00Z"}
    with world(*rows, timezone=NEW_YORK) as sandbox:
        (one,) = chart(sandbox, interval="hour", **hours)["series"]
    expected = {"00": 0, "01": 1, "02": 0}
    assert points(one) == {f"2026-11-01 {h}:00:00": count for h, count in expected.items()}
    assert one["metrics"]["count"] == 1


def test_the_hour_that_is_left_out_in_spring_has_no_bucket() -> None:
    hours = {"startDate": "2026-03-08T06:00:00Z", "endDate": "2026-03-08T09:00:00Z"}
    with world(*at("2026-03-08T07:30:00.000Z"), timezone=NEW_YORK) as sandbox:
        (one,) = chart(sandbox, interval="hour", **hours)["series"]
    assert points(one) == {
        "2026-03-08 01:00:00": 0,
        "2026-03-08 03:00:00": 1,
        "2026-03-08 04:00:00": 0,
    }


RANGES = {
    "30min": ("2026-11-23", "2026-11-23"),
    "lastHour": ("2026-11-23", "2026-11-23"),
    "last24h": ("2026-11-22", "2026-11-23"),
    "today": ("2026-11-23", "2026-11-23"),
    "yesterday": ("2026-11-22", "2026-11-22"),
    "7d": ("2026-11-16", "2026-11-23"),
    "30d": ("2026-10-24", "2026-11-23"),
    "3m": ("2026-08-23", "2026-11-23"),
    "6m": ("2026-05-23", "2026-11-23"),
    "12m": ("2025-11-01", "2026-11-30"),
    "monthToDate": ("2026-11-01", "2026-11-23"),
    "lastMonth": ("2026-10-01", "2026-10-31"),
    "yearToDate": ("2026-01-01", "2026-11-23"),
    "lastYear": ("2025-01-01", "2025-12-31"),
    "custom": ("2026-10-24", "2026-11-23"),
}


@pytest.mark.sampled(2)
@pytest.mark.parametrize("zone", ["UTC", NEW_YORK])
@pytest.mark.parametrize("name", RANGES)
def test_a_range_reaches_from_its_first_to_its_last_day(name: str, zone: str) -> None:
    # Twice an hour on the days at both ends of all ranges, and past the last.
    days = {day for ends in RANGES.values() for day in ends} | {"2026-11-21", "2026-11-24"}
    instants = [f"{day}T{h:02}:{m:02}:00.000Z" for day in days for h in range(24) for m in (10, 40)]
    with world(*at(*instants), timezone=zone) as sandbox:
        (one,) = chart(sandbox, range=name)["series"]
    counted = [date for date, count in points(one).items() if count]
    assert (counted[0][:10], counted[-1][:10]) == RANGES[name]


@pytest.mark.parametrize(
    ("dates", "first", "last"),
    [
        ({"startDate": "2026-11-09"}, "2026-10-24", "2026-11-23"),
        ({"endDate": "2026-11-12"}, "2026-10-24", "2026-11-11"),
        ({"startDate": "", "endDate": "2026-11-12T10:00:00+02:00"}, "2026-10-24", "2026-11-11"),
    ],
)
def test_a_start_alone_is_ignored_and_an_end_alone_is_not(
    dates: dict[str, str], first: str, last: str
) -> None:
    with world(*at("2026-11-10T12:00:00.000Z")) as sandbox:
        (one,) = ask_chart(sandbox, **dates).json()["series"]
    assert (min(points(one))[:10], max(points(one))[:10]) == (first, last)


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-08 00:00:00",
        "garbage",
        "2026-02-30",
        "2026-11-08T25:00:00",
        "08.11.2026",
        "2026W54",
    ],
)
def test_a_date_that_is_not_iso_fails(text: str) -> None:
    with world() as sandbox:
        response = ask_chart(sandbox, startDate=text, endDate="2026-11-12")
    assert (response.status_code, response.text) == (500, "Internal server error")


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2026-11-08", "2026-11-08T00:00:00"),
        ("2026-11", "2026-11-01T00:00:00"),
        ("20261108T101112", "2026-11-08T10:11:12"),
        ("2026-11-08T10", "2026-11-08T10:00:00"),
        ("2026-11-08T10:11:12.999Z", "2026-11-08T10:11:12"),
        ("2026-11-08t10:11-05", "2026-11-08T15:11:00"),
        ("2026-11-08T10:11+0530", "2026-11-08T04:41:00"),
        ("2026-11-08T24:00", "2026-11-09T00:00:00"),
        ("2026-W45-7", "2026-11-08T00:00:00"),
        ("2026-W45", "2026-11-02T00:00:00"),
        ("2026-312", "2026-11-08T00:00:00"),
        ("2026-000", None),
        ("2026-366", None),
        ("2026-13-01", None),
        ("2026-11-08T24:01", None),
    ],
)
def test_iso_dates_are_read_in_all_their_forms(text: str, instant: str | None) -> None:
    expected = datetime.fromisoformat(instant).replace(tzinfo=timezone.utc) if instant else None
    assert iso_instant(text) == expected


@pytest.mark.parametrize("end", ["2026-11-09", "2026-11-08", "2026-11-09T00:00:00Z"])
def test_a_range_without_length_is_empty(end: str) -> None:
    with world(event(1)) as sandbox:
        answer = chart(sandbox, endDate=end, breakdowns=[{"name": "country"}])
    assert answer["series"] == []


def test_the_period_before_one_that_ends_before_midnight_is_the_day_before() -> None:
    rows = at("2026-11-09T00:00:00.000Z", "2026-11-10T12:00:00.000Z")
    with world(*rows) as sandbox:
        (one,) = chart(
            sandbox, previous=True, startDate="2026-11-10", endDate="2026-11-10T23:59:59Z"
        )["series"]
    assert [point["previous"]["value"] for point in one["data"]] == [1]


def test_relative_ranges_go_by_the_clock_of_the_server() -> None:
    with world(event(1), now=lambda: NOW + timedelta(days=365)) as sandbox:
        assert chart(sandbox, range="30d")["series"] == []
