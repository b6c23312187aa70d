"""Servers of 2.x and OpenPanel 3, which decodes lists twice, read the same chart: the one meant."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from typing import Any
from urllib.parse import parse_qsl, urlsplit
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openpanel_source import Chart, Filter, Series
from openpanel_source.api.filters import parse_filter
from openpanel_source.api.generation import APRIL_2026, CURRENT, THREE, Generation
from openpanel_source.api.query import encode_json, query_string
from openpanel_source.charts.query import chart_params
from tests.support.decoders import RefusedError, as_json, read_by_2, read_by_3
from tests.support.sandbox_world import event, world
from tests.support.warehouse import Warehouse

pytestmark = pytest.mark.sampled(5)

START = datetime(2026, 11, 8, tzinfo=timezone.utc)
READERS: list[tuple[Callable[[str], dict[str, Any]], Generation]] = [
    (read_by_2, CURRENT),
    (read_by_2, APRIL_2026),
    (read_by_3, THREE),
]
texts = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)
json_like = (
    st.recursive(
        st.none() | st.booleans() | st.integers() | texts,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=2),
        max_leaves=4,
    )
    .map(json.dumps)
    .filter(bool)
)
names = texts | json_like | st.text('a,07.-"\\[]{}:', min_size=1, max_size=8)
scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(10**20), 10**20)
    | st.floats(allow_nan=False, allow_infinity=False)
    | names
)
keys = st.text("aä0.,[] ", min_size=1, max_size=6).map("properties.{}".format)


def read(chart: Chart, place: int) -> dict[str, Any]:
    """A chart's parameters, as one of the servers reads them."""
    reader, generation = READERS[place]
    params = chart_params(chart, "2024", START, START + timedelta(days=3), generation)
    return reader(query_string(params))


def is_same(one: Any, other: Any) -> bool:
    """Whether values are the same JSON; 1 and true are not."""
    return json.dumps(as_json(one)) == json.dumps(as_json(other))


@pytest.mark.parametrize("place", range(len(READERS)))
@given(
    events=st.lists(names, min_size=1, max_size=3),
    breakdowns=st.lists(keys, max_size=2, unique=True),
    values=st.lists(scalars, min_size=1, max_size=3),
)
def test_series_breakdowns_and_filters_are_read_as_meant(
    place: int, events: list[str], breakdowns: list[str], values: list[Any]
) -> None:
    filters = [Filter("properties.a", "is", values), Filter("name", "isNot", values[:1], "string")]
    chart = Chart("any", [Series(event, filters=filters) for event in events], breakdowns)
    found = read(chart, place)
    given_ = [item.to_api() for item in filters]
    expected = [{"name": event, "segment": "event", "filters": given_} for event in events]
    assert is_same(found["series"], expected)
    assert found.get("breakdowns", []) == [{"name": name} for name in breakdowns]
    assert found["projectId"] == "2024"


@pytest.mark.parametrize("place", range(len(READERS)))
@pytest.mark.parametrize(
    ("given_", "operator", "type_"),
    [
        (404, "is", None),
        (100, "gt", "number"),
        ("100", "gt", "number"),
        (True, "is", "boolean"),
        ("007", "isNot", None),
        ("10.00", "is", None),
        ("a,b", "is", None),
        ("^007$", "regex", None),
        ('["x"]', "is", None),
        ("null", "is", None),
        (None, "is", None),
    ],
)
def test_a_filter_of_a_series_is_read_as_meant(
    place: int, given_: Any, operator: str, type_: str | None
) -> None:
    asked = Filter("properties.total", operator, [given_], type_)
    (found,) = read(Chart("any", [Series("*", filters=[asked])]), place)["series"]
    assert is_same(found["filters"], [asked.to_api()])


@pytest.mark.parametrize("place", range(len(READERS)))
def test_cohorts_are_named_as_text(place: int) -> None:
    asked = Filter("properties.a", "inCohort", ["7"])
    chart = Chart("any", [Series("*", filters=[asked])])
    (found,) = read(chart, place)["series"]
    assert found["filters"][0]["cohortIds"] == ["7"]
    # What a chart is known by stays as it is given.
    assert parse_filter(chart.definition()["series"][0]["filters"][0]) == asked


@pytest.mark.parametrize("name", ["404", "true", '["x"]'])
def test_no_form_of_a_name_that_looks_like_json_suits_both(name: str) -> None:
    once = query_string([("series", encode_json([{"name": name}]))])
    twice = query_string([("series", encode_json([{"name": encode_json(name)}]))])
    assert read_by_2(once)["series"] == [{"name": name}]
    with pytest.raises(RefusedError):
        read_by_3(once)
    assert read_by_3(twice)["series"] == [{"name": name}]
    assert read_by_2(twice)["series"] != [{"name": name}]


@pytest.mark.parametrize("generation", [CURRENT, THREE])
@pytest.mark.parametrize("interval", ["minute", "hour", "day", "week", "month"])
def test_both_ends_of_a_chart_are_instants(interval: str, generation: Generation) -> None:
    # A day without a time is its midnight in UTC, whatever the organisation's zone, and as an end
    # it leaves its own day out.
    chart = Chart("any", ["*"], interval=interval)
    found = dict(chart_params(chart, "web", START, START + timedelta(days=7), generation))
    assert found["startDate"] == "2026-11-08T00:00:00Z"
    assert found["endDate"] == "2026-11-15T00:00:00Z"


@pytest.mark.parametrize(
    ("server_date", "zone"),
    [
        ("2025-03", "UTC"),
        ("2025-11", "America/New_York"),
        ("2026-04", "UTC"),
        ("2026-08", "America/New_York"),
        ("2026-09", "UTC"),
        ("3", "UTC"),
        ("3", "America/New_York"),
    ],
)
def test_the_last_millisecond_of_a_day_is_counted_on_it_and_midnight_on_the_next(
    warehouse: Warehouse, server_date: str, zone: str
) -> None:
    midnight = datetime(2026, 11, 11, tzinfo=ZoneInfo(zone)).astimezone(timezone.utc)
    moments = [midnight - timedelta(milliseconds=n) for n in (999, 1)] + [midnight]
    rows = [
        event(n, createdAt=f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z")
        for n, moment in enumerate(moments)
    ]
    days = Chart("days", ["*"], start="2026-11-10", end="2026-11-10")
    hours = Chart("hours", ["*"], interval="hour", start="2026-11-10", end="2026-11-11")
    with world(*rows, server_date=server_date, timezone=zone) as sandbox:
        source = warehouse.source(sandbox, charts=[days, hours], timezone=zone)
        warehouse.pipeline().run(source.with_resources("chart_days", "chart_hours"))
        asked = [served for served in sandbox.requests if "/export/charts" in served.url]
    query = "SELECT bucket_date, value FROM chart_points JOIN charts USING (chart_id)"
    found = warehouse.query(f"{query} WHERE value > 0 ORDER BY name, bucket_date")
    assert found == [
        ("2026-11-10 00:00:00", 2),
        ("2026-11-10 23:00:00", 2),
        ("2026-11-11 00:00:00", 1),
    ]
    bounds = [
        value
        for served in asked
        for name, value in parse_qsl(urlsplit(served.url).query)
        if name in ("startDate", "endDate")
    ]
    assert bounds
    assert all(datetime.fromisoformat(value.replace("Z", "+00:00")).tzinfo for value in bounds)
    assert all("T" in value for value in bounds)


@pytest.mark.parametrize("server_date", ["2026-08", "2026-09", "2026-09s", "3"])
def test_a_sync_draws_what_looks_like_json(warehouse: Warehouse, server_date: str) -> None:
    names = ["404", "true", '["x"]', "a,b", "007"]
    rows = [event(n, name=name, properties={"total": "10.00"}) for n, name in enumerate(names)]
    rows.append(event(9, name="7", properties={"total": "10"}))
    exact = Series("*", filters=[Filter("properties.total", "isNot", "10.00")])
    above = Series("*", filters=[Filter("properties.total", "gt", 9, "number")])
    charts = [
        Chart("named", names, start="2026-11-10", end="2026-11-10"),
        Chart("filtered", [exact, above], start="2026-11-10", end="2026-11-10"),
    ]
    with world(*rows, server_date=server_date, rate_limit="default") as sandbox:
        summary = warehouse.sync(sandbox, charts=charts)
    assert summary.failed_charts == {}
    found = warehouse.query(
        "SELECT charts.name, event, value FROM chart_points JOIN chart_series"
        " USING (chart_id, series_key) JOIN charts USING (chart_id) ORDER BY 1 DESC, position"
    )
    assert found == [
        *(("named", name, 1) for name in names),
        ("filtered", "*", 1),
        ("filtered", "*", 6),
    ]
