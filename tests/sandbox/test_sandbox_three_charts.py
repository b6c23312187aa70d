"""OpenPanel 3 decodes what a chart is asked for twice, and draws it as older servers do."""

from __future__ import annotations

from typing import Any

import pytest

from openpanel_source.sandbox import Sandbox
from tests.support.sandbox_three import PROFILES, one, rows
from tests.support.sandbox_world import ask_chart, chart, event, points, world


@pytest.fixture(scope="module")
def three() -> Any:
    with world(*rows(), server_date="3") as sandbox:
        yield sandbox


@pytest.mark.parametrize(
    ("params", "told"),
    [
        ({"series": [{"name": "404"}]}, "series.0.name Invalid input: expected string, received"),
        ({"series": [{"name": '["x"]'}]}, "series.0.name Invalid input: expected string, received"),
        (
            {"series": [{"name": 404}]},
            "series.0.name Invalid input: expected string, received null",
        ),
        ({"series": {"name": "a"}}, "series Invalid input: expected array, received object"),
        ({"series": '"x"'}, "series Invalid input: expected array, received string"),
        ({"breakdowns": [{"name": "1"}]}, "breakdowns.0.name Invalid input: expected string"),
        ({"previous": '"true"'}, "previous Invalid input: expected boolean, received string"),
        ({"previous": "1"}, "previous Invalid input: expected boolean, received number"),
        ({"startDate": "1", "endDate": "2"}, "startDate Invalid input: expected string, received"),
        ({"projectId": "we,b"}, "projectId Invalid input: expected string, received array"),
    ],
)
def test_charts_say_the_first_problem(three: Sandbox, params: Any, told: str) -> None:
    response = ask_chart(three, **params)
    assert response.status_code == 400
    assert response.json()["message"].startswith(f"querystring/{told}")


@pytest.mark.parametrize(
    ("series", "count"),
    [
        ([{"name": "purchase"}], 1),
        ([{"name": '"404"'}], 1),
        (' [{"name":"404"}]', 1),
        ([{"name": "*", "filters": one("name", "is", 404)}], 1),
        ([{"name": "view", "filters": one("properties.price", "gt", "9", type="number")}], 7),
        ([{"name": "view", "filters": one("properties.it's", "is", "anna")}], 1),
        ([{"name": "view", "segment": "property_sum", "property": "properties.price"}], 70),
    ],
)
def test_charts_decode_their_series_twice(three: Sandbox, series: Any, count: int) -> None:
    (found,) = chart(three, series=series)["series"]
    assert sum(points(found).values()) == count


def test_a_chart_filtered_by_a_number_is_empty(three: Sandbox) -> None:
    series = [{"name": "view", "filters": one("properties.price", "gt", 9, type="number")}]
    assert chart(three, series=series)["series"] == []


def test_one_event_per_user_can_be_broken_down_by_a_property(three: Sandbox) -> None:
    series = [{"name": "view", "segment": "one_event_per_user"}]
    found = chart(three, series=series, breakdowns=[{"name": "properties.it's"}])["series"]
    assert {one["names"][-1] for one in found if "view" in one["names"]} == set(PROFILES)
    with world(event(1)) as older:
        asked = {"series": series, "breakdowns": [{"name": "properties.plan"}]}
        assert ask_chart(older, **asked).status_code == 500


def test_a_chart_is_compared_with_the_period_before_when_that_is_asked_for() -> None:
    before = event(2, createdAt="2026-11-07T12:00:00.000Z")
    with world(event(1), before, server_date="3") as sandbox:
        (compared,) = chart(sandbox, previous="true")["series"]
        (alone,) = chart(sandbox)["series"]
    assert compared["metrics"]["previous"]["sum"] == {"diff": None, "state": "neutral", "value": 1}
    assert compared["data"][1]["previous"] == {"diff": None, "state": "neutral", "value": 1}
    assert "previous" not in alone["metrics"]
    assert all("previous" not in point for point in alone["data"])


@pytest.mark.parametrize("text", ["2026-11-08 00:00:00", "garbage"])
def test_a_date_that_charts_cannot_read_fails(three: Sandbox, text: str) -> None:
    assert ask_chart(three, startDate=text, endDate="2026-11-12").status_code == 500
