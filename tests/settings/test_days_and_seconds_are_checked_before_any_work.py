"""Days, times and seconds are checked at once; a time means its UTC day, whatever zone it is in."""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone
from functools import partial
from typing import Any

import dlt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from openpanel_source.destinations.explain import destination_errors
from openpanel_source.errors import InvalidSettingError
from openpanel_source.model.clock import parse_clock, parse_day, utc_now
from openpanel_source.models.make import refresh_models
from openpanel_source.operations.audit import audit
from openpanel_source.operations.erase import erase
from openpanel_source.operations.sync import sync
from openpanel_source.source.settings.checked import parse_settings
from openpanel_source.source.settings.declared import Arguments
from openpanel_source.source.source import configured
from tests.support.refused import refused
from tests.support.sandbox_world import CLIENT


@pytest.mark.parametrize("name", ["start_date", "end_date"])
@pytest.mark.parametrize(
    "value",
    [
        "2026-02-30",
        "2026-13-01",
        "20260101",
        "2026-W01-1",
        "01.02.2026",
        "yesterday",
        "1767225600",
        "2026-01-01T00:00:00Z",
        " 2026-01-01",
        "0000-01-01",
        "99999-01-01",
        20260101,
        True,
        ["a"],
    ],
)
def test_what_is_no_date_is_refused(name: str, value: Any) -> None:
    refused(f"{name} .* is not a date; write it as YYYY-MM-DD", **{name: value})


def test_a_time_without_a_zone_is_refused() -> None:
    refused("has no time zone", start_date=datetime(2026, 1, 1))  # noqa: DTZ001


def test_reversed_days_are_refused() -> None:
    refused("lies after end_date", start_date="2026-01-02", end_date="2026-01-01")


def test_a_time_means_its_utc_day() -> None:
    new_york = timezone(timedelta(hours=-5))
    assert parse_day("end_date", datetime(2026, 1, 1, 20, tzinfo=new_york)) == date(2026, 1, 2)


@pytest.mark.parametrize("nothing", [None, ""])
def test_a_date_may_be_left_out(nothing: str | None) -> None:
    settings = parse_settings(Arguments("web", start_date=nothing, end_date=nothing))
    assert (settings.start, settings.end) == (None, None)


@given(st.dates(date(1000, 1, 1)))
def test_every_day_may_be_given_as_text_or_date(day: date) -> None:
    assert parse_day("start_date", day.isoformat()) == parse_day("start_date", day) == day


@pytest.mark.parametrize(
    "now",
    ["yesterday", "2026-01-31", "2026-01-31T12:00:00", datetime(2026, 1, 1), 5, "12:00"],  # noqa: DTZ001
)
def test_a_clock_needs_a_time_with_a_zone(now: Any) -> None:
    with pytest.raises(InvalidSettingError, match=r"now .* is not a time; write it as"):
        parse_clock(now)


def test_a_clock_shows_the_time_given_in_utc() -> None:
    assert parse_clock("2026-01-31T01:00:00+02:00")().isoformat() == "2026-01-30T23:00:00+00:00"
    assert parse_clock(None) is utc_now
    assert utc_now().tzinfo is timezone.utc


@pytest.mark.parametrize("value", [0, -1, 86_401, float("nan"), float("inf"), True, "x", [1]])
@pytest.mark.parametrize("name", ["connect_timeout", "read_timeout", "request_timeout"])
def test_a_timeout_is_above_zero_and_not_longer_than_a_day(name: str, value: Any) -> None:
    seconds_refused(name, value, f"{name} must be above 0 and at most 86,400 seconds, not ")


@pytest.mark.parametrize("value", [-0.1, 31, float("nan"), float("inf"), False, "x"])
def test_a_first_wait_is_not_longer_than_the_longest(value: Any) -> None:
    expected = "backoff_seconds must be 0 or more and at most 30 seconds, not "
    seconds_refused("backoff_seconds", value, expected)


def seconds_refused(name: str, value: Any, expected: str) -> None:
    settings = {"project_id": "web", "client_id": CLIENT, "client_secret": "x"}
    with pytest.raises(InvalidSettingError, match=expected), destination_errors():
        configured(**settings, **{name: value})


@pytest.mark.parametrize("value", [-1, float("nan"), float("inf"), float("-inf"), "x", True])
@pytest.mark.parametrize("name", ["busy_timeout", "max_runtime"])
def test_seconds_that_a_sync_waits_or_runs_are_a_number_that_ends(name: str, value: Any) -> None:
    pipeline = dlt.pipeline("openpanel", destination="duckdb")
    with pytest.raises(InvalidSettingError, match=f"{name} must be 0 or more seconds, not "):
        sync(pipeline, **{name: value})
    for waits in (refresh_models, audit, partial(erase, profiles=["anna"])):
        if name == "busy_timeout":
            with pytest.raises(InvalidSettingError, match=f"{name} must be 0 or more seconds"):
                waits(pipeline, busy_timeout=value)
