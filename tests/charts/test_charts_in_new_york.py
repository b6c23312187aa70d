"""Buckets of an organisation in New York: whole ones only, right when clocks change."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openpanel_source import Chart
from openpanel_source.charts.buckets import Buckets
from openpanel_source.charts.time_zones import fitting_zones
from tests.support.sandbox_world import event, world
from tests.support.warehouse import Warehouse

NY = ZoneInfo("America/New_York")
ZONES = ("America/New_York", "Europe/Stockholm", "Asia/Kolkata", "Australia/Lord_Howe", "UTC")
SINCE = datetime(2020, 1, 1, tzinfo=timezone.utc)
CHANGES = {
    "spring": (
        "2026-03-06",
        "2026-03-10",
        datetime(2026, 3, 6, 5, tzinfo=timezone.utc),
        5 * 24 - 1,
    ),
    "autumn": (
        "2026-10-30",
        "2026-11-03",
        datetime(2026, 10, 30, 4, tzinfo=timezone.utc),
        5 * 24 + 1,
    ),
}


@pytest.mark.long
@pytest.mark.parametrize("change", CHANGES)
def test_both_changes_of_a_year_come_out_right_by_day_and_by_hour(
    warehouse: Warehouse, change: str
) -> None:
    start, end, first, hours = CHANGES[change]
    # An event in each hour of five local days, and one on either side.
    rows = [
        event(n, createdAt=f"{first + timedelta(hours=n - 1, minutes=5):%Y-%m-%dT%H:%M:%S.000Z}")
        for n in range(hours + 2)
    ]
    charts = [
        Chart("days", ["*"], start=start, end=end),
        Chart("hours", ["*"], interval="hour", start=start, end=end),
    ]
    with world(*rows, timezone="America/New_York") as sandbox:
        summary = warehouse.sync(sandbox, charts=charts, timezone="America/New_York")
    assert summary.exit_code == 0
    days = warehouse.query(_VALUES.format("days"))
    assert [value for _, value, _ in days] == [24, 24, {"spring": 23, "autumn": 25}[change], 24, 24]
    assert not any(repeated for _, _, repeated in days)
    found = warehouse.query(_VALUES.format("hours"))
    # The instant of each bucket is the one at which it began: one an hour, without a gap but that
    # of the second of the two hours that have one name.
    begun = [first + timedelta(hours=n) for n in range(hours)]
    repeated = [moment for moment, _, again in found if again]
    if change == "autumn":
        begun.remove(datetime(2026, 11, 1, 6, tzinfo=timezone.utc))
        assert repeated == [datetime(2026, 11, 1, 5, tzinfo=timezone.utc)]
    else:
        assert repeated == []
    assert [(moment, value) for moment, value, _ in found] == [(moment, 1) for moment in begun]


_VALUES = (
    "SELECT bucket_start, value, is_repeated_hour FROM chart_points JOIN charts USING (chart_id)"
    " WHERE name = '{}' ORDER BY 1"
)


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize(
    ("month", "is_full"),
    # An event at the very end of a range over a change of clocks looks like another zone.
    [(1, False), (3, False), (7, False), (11, False), (1, True), (7, True)],
)
def test_the_zones_that_fit_what_the_server_shows_are_few_and_the_right_one_is_among_them(
    zone: str, month: int, is_full: bool
) -> None:
    end = datetime(2026, month, 23, 2, tzinfo=timezone.utc)
    start = end - timedelta(days=30)
    shown = Buckets("hour", ZoneInfo(zone))
    last = shown.of(end if is_full else end - timedelta(seconds=1))
    first = shown.of(start)
    found = fitting_zones("hour", start, end, first.local.isoformat(), last.local.isoformat())
    clocks = [Buckets("hour", ZoneInfo(name)).of(end).local for name in found]
    assert shown.of(end).local in clocks
    assert len(found) <= 9


def test_too_many_zones_to_help_are_not_named() -> None:
    start = datetime(2026, 11, 2, tzinfo=timezone.utc)
    found = fitting_zones(
        "month", start, start + timedelta(days=7), "2026-11-01T00:00:00", "2026-11-01T00:00:00"
    )
    assert found == ()


@pytest.mark.long
def test_a_time_zone_that_is_not_the_organisations_is_refused(warehouse: Warehouse) -> None:
    chart = Chart("days", ["*"], range="7d")
    with world(event(1), timezone="America/New_York") as sandbox:
        for wrong in ("UTC", "Europe/Stockholm", "America/Los_Angeles"):
            summary = warehouse.sync(sandbox, charts=[chart], timezone=wrong)
            assert f"timezone {wrong!r} is not the one" in summary.failed_charts["days"]
            assert "(America/Havana or America/New_York would fit" in summary.failed_charts["days"]
        summary = warehouse.sync(sandbox, charts=[chart], timezone={"web": "America/New_York"})
    assert summary.failed_charts == {}


@given(
    st.integers(1_577_836_800, 1_893_456_000).map(
        lambda s: datetime.fromtimestamp(s, timezone.utc)
    ),
    st.sampled_from(ZONES),
    st.sampled_from(["minute", "hour", "day", "week", "month"]),
)
def test_an_instant_lies_in_its_bucket_and_buckets_follow_each_other(
    instant: datetime, zone: str, interval: str
) -> None:
    buckets = Buckets(interval, ZoneInfo(zone))
    bucket = buckets.of(instant)
    after = buckets.after(bucket)
    assert bucket.start <= instant
    assert instant < after.start or bucket.repeated
    assert bucket.start < after.start
    assert buckets.before(after) == bucket
    assert buckets.of(bucket.start) == bucket
    assert list(buckets.between(bucket, after)) == [bucket]
