"""A sandbox draws charts as a real server does."""

from __future__ import annotations

import math
from typing import Any

import pytest

from openpanel_source.sandbox.charts.numbers import plain
from tests.support.sandbox_world import ask_chart, chart, event, points, profile, world

pytestmark = pytest.mark.sampled(2)

DAYS = ("2026-11-09 00:00:00", "2026-11-10 00:00:00", "2026-11-11 00:00:00")


def series(answer: Any, *names: Any) -> Any:
    """The one series with these names."""
    return next(one for one in answer["series"] if one["names"] == list(names))


def counts(answer: Any) -> list[Any]:
    return [point["count"] for one in answer["series"] for point in one["data"]]


def by(*names: str) -> list[dict[str, str]]:
    return [{"name": name} for name in names]


def test_days_without_events_count_zero() -> None:
    with world(event(1), event(2)) as sandbox:
        (one,) = chart(sandbox)["series"]
    assert points(one) == dict(zip(DAYS, (0, 2, 0), strict=True))
    assert one["metrics"] == {"sum": 2, "average": 2, "min": 0, "max": 2, "count": 1}


def test_an_event_at_the_end_is_counted_in_a_bucket_of_its_own() -> None:
    with world(event(1, createdAt="2026-11-12T00:00:00.000Z")) as sandbox:
        (one,) = chart(sandbox)["series"]
    assert points(one) == {**dict.fromkeys(DAYS, 0), "2026-11-12 00:00:00": 1}


@pytest.mark.sampled(3)
@pytest.mark.parametrize(
    ("segment", "count"),
    [
        ("event", 3),
        ("user", 2),
        ("session", 3),
        ("group", 2),
        ("user_average", 1.5),
        ("one_event_per_user", 2),
        ("property_sum", 7.5),
        ("property_average", 3.75),
        ("property_max", 5.5),
        ("property_min", 2),
    ],
)
def test_a_segment_decides_what_is_counted(segment: str, count: float) -> None:
    events = [
        event(1, sessionId="1", groups=["a", "b"], properties={"total": "2"}),
        event(2, sessionId="2", groups=["a"], properties={"total": "5.5"}),
        event(3, sessionId="3", profileId="bert", properties={"total": ""}),
    ]
    asked = [{"name": "purchase", "segment": segment, "property": "properties.total"}]
    with world(*events) as sandbox:
        answer = chart(sandbox, series=asked, startDate="2026-11-10", endDate="2026-11-11")
    assert counts(answer) == [count]


def test_one_event_per_user_is_the_latest_and_has_no_count_of_users() -> None:
    asked = [{"name": "*", "segment": "one_event_per_user"}]
    with world(event(1, createdAt="2026-11-09T00:00:00.000Z"), event(2)) as sandbox:
        answer = chart(sandbox, series=asked, breakdowns=by("country"))
    assert points(series(answer, "*", "SE")) == dict(zip(DAYS, (0, 1, 0), strict=True))
    assert all("count" not in one["metrics"] for one in answer["series"])


@pytest.mark.parametrize(
    ("name", "total"),
    [
        ("revenue", 300),
        ("properties.total", 7),
        ("profile_id", 24),
        ("longitude", 36.1372),
    ],
)
def test_a_sum_is_of_a_column_or_a_property(name: str, total: float) -> None:
    rows = [
        event(1, revenue=100, profileId="12", properties={"total": "7"}),
        event(2, revenue=200, profileId="12", properties={"total": "no number"}),
    ]
    asked = [{"name": "*", "segment": "property_sum", "property": name}]
    with world(*rows) as sandbox:
        answer = chart(sandbox, series=asked)
    assert answer["metrics"]["sum"] == pytest.approx(total, abs=0.01)


@pytest.mark.parametrize("name", ["country", "has_profile", "properties.total"])
def test_a_sum_of_text_is_null(name: str) -> None:
    asked = [{"name": "*", "segment": "property_sum", "property": name}]
    with world(event(1, properties={"total": "much"})) as sandbox:
        answer = chart(sandbox, series=asked, startDate="2026-11-10", endDate="2026-11-11")
    assert counts(answer) == [None]
    assert answer["metrics"] == {"sum": 0, "average": 0, "min": 0, "max": 0}


def test_a_number_that_json_does_not_know_is_null() -> None:
    assert plain(math.inf) is None


@pytest.mark.parametrize(
    "name",
    [
        "total",
        "id",
        "created_at",
        "group.name",
        "properties.it's",
        "properties.items.*.price",
        "profile.properties.mrr",
        "profile.email",
    ],
)
def test_a_sum_of_what_is_no_number_or_text_fails(name: str) -> None:
    asked = [{"name": "*", "segment": "property_sum", "property": name}]
    with world(event(1)) as sandbox:
        assert ask_chart(sandbox, series=asked).status_code == 500


def test_a_profiles_property_is_summed_where_profiles_are_read_anyway() -> None:
    asked = [{"name": "*", "segment": "property_sum", "property": "profile.properties.mrr"}]
    with world(event(1), event(2), profiles=[profile(properties={"mrr": "21"})]) as sandbox:
        answer = chart(sandbox, series=asked, breakdowns=by("profile.email"))
    assert answer["metrics"]["sum"] == 42


def test_filters_apply_to_their_series() -> None:
    swedish = [{"name": "country", "operator": "is", "value": ["SE"]}]
    asked = [{"name": "purchase"}, {"name": "purchase", "filters": swedish}]
    with world(event(1), event(2, country="DE")) as sandbox:
        answer = chart(sandbox, series=asked)
    assert [one["metrics"]["sum"] for one in answer["series"]] == [2, 1]


def test_series_come_by_their_sum_and_say_which_they_are() -> None:
    with world(event(1), event(2, name="signup"), event(3, name="signup")) as sandbox:
        answer = chart(sandbox, series=[{"name": "purchase"}, {"name": "signup"}])
    assert [one["event"]["id"] for one in answer["series"]] == ["B", "A"]
    assert [one["names"] for one in answer["series"]] == [["(B) signup"], ["(A) purchase"]]
    assert [one["id"] for one in answer["series"]] == ["signup-b-signup", "purchase-a-purchase"]


def test_beyond_26_series_there_are_no_letters() -> None:
    with world(event(1)) as sandbox:
        answer = chart(sandbox, series=[{"name": "purchase"}] * 27)
    last = series(answer, "purchase")
    assert (last["id"], last["event"]["id"]) == ("purchase-series-26-purchase", "series-26")


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("Purchase!", "purchase-a-purchase"),
        ("a.b", "ab-a-ab"),
        ("購入", "a"),
        ("Ünï – Łódź & Søn", "uni-lodz-and-son-a-uni-lodz-and-son"),
        ("Заказ", "zakaz-a-zakaz"),
        ("Ψυχή", "psyxh-a-psyxh"),
    ],
)
def test_an_id_is_what_is_left_of_the_names(name: str, slug: str) -> None:
    with world(event(1, name=name)) as sandbox:
        assert chart(sandbox, series=[{"name": name}])["series"][0]["id"] == slug


def test_an_unknown_event_has_no_series() -> None:
    with world(event(1)) as sandbox:
        answer = chart(sandbox, series=[{"name": "nope"}], breakdowns=by("os"))
    assert answer == {"series": [], "metrics": {"sum": 0, "average": 0, "min": 0, "max": 0}}


@pytest.mark.sampled(2)
@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("country", "SE"),
        ("osVersion", "18.1"),
        ("utm_source", "news"),
        ("properties.color", "red"),
        ("properties.items.*.sku", ["1", "2"]),
        ("has_profile", "true"),
        ("longitude", 18.0686),
        ("revenue", 12),
        ("created_at", "2026-11-10 12:00:01.000"),
        ("importedAt", "2026-11-11 00:00:00"),
        ("id", "00000000-0000-4000-8000-000000000001"),
        ("profile.email", "anna@example.org"),
        ("profile.id", "anna"),
        ("profile.created_at", "2026-10-01 00:00:00.000"),
        ("profile.properties.plan", "pro"),
        ("group.id", "acme"),
        ("cohort:vip", "Not In Cohort"),
    ],
)
def test_a_breakdown_splits_by_columns_properties_and_profiles(name: str, label: Any) -> None:
    properties = {"color": "red", "__query.utm_source": "news", "items.0.sku": "1"}
    row = event(
        1,
        revenue=12,
        importedAt="2026-11-11T00:00:00.000Z",
        groups=["acme"],
        properties=properties | {"items.1.sku": " 2 "},
    )
    anna = profile(email="anna@example.org", properties={"plan": "pro"})
    with world(row, profiles=[anna]) as sandbox:
        answer = chart(sandbox, breakdowns=by(name), startDate="2026-11-10", endDate="2026-11-11")
    (one,) = answer["series"]
    assert one["names"] == ["purchase", label]
    assert one["event"]["breakdowns"] == {name: label}
    assert one["metrics"]["count"] == 1


@pytest.mark.parametrize("name", ["unknown", "total", "cohort", "Country"])
def test_an_unknown_breakdown_is_ignored(name: str) -> None:
    with world(event(1)) as sandbox:
        (one,) = chart(sandbox, breakdowns=by(name))["series"]
    assert one["names"] == ["purchase"]
    assert "breakdowns" not in one["event"]


@pytest.mark.parametrize("name", ["properties.it's", "profile.unknown", "profile.properties.it's"])
def test_a_breakdown_that_breaks_the_query_fails(name: str) -> None:
    with world(event(1)) as sandbox:
        assert ask_chart(sandbox, breakdowns=by(name)).status_code == 500


def test_empty_values_are_left_out_and_shift_the_others() -> None:
    with world(event(1, os="", device="server")) as sandbox:
        answer = chart(sandbox, breakdowns=by("country", "os", "device"))
    one = series(answer, "purchase", "SE", "server")
    assert one["event"]["breakdowns"] == {"country": "SE", "os": "server"}


def test_of_two_series_that_empty_values_make_one_the_first_counts() -> None:
    rows = [event(1, os="x", brand=""), event(2, os="", brand="x"), event(3, os="", brand="x")]
    with world(*rows) as sandbox:
        (one,) = chart(sandbox, breakdowns=by("os", "brand"))["series"]
    assert one["names"] == ["purchase", "x"]
    assert one["metrics"]["sum"] == 2


def test_an_empty_country_is_two_nuls_and_a_gap_makes_a_series_of_it() -> None:
    with world(event(1, country="")) as sandbox:
        answer = chart(sandbox, breakdowns=by("country"))
    assert series(answer, "purchase", "\0\0")["metrics"]["sum"] == 1
    phantom = series(answer, "\0\0")
    assert (phantom["id"], phantom["metrics"]["sum"]) == ("purchase-a", 0)
    assert "breakdowns" not in phantom["event"]


def test_in_the_phantom_series_a_number_that_is_missing_is_null() -> None:
    asked = [{"name": "*", "segment": "property_sum", "property": "properties.total"}]
    with world(event(1, properties={"total": "1"})) as sandbox:
        answer = chart(sandbox, series=asked, breakdowns=by("country"))
    assert list(points(series(answer, "\0\0")).values()) == [None, 0, None]


def test_the_count_is_of_the_users_of_the_series() -> None:
    rows = [event(1), event(2, profileId="bert"), event(3, profileId="bert", os="Linux")]
    with world(*rows) as sandbox:
        answer = chart(sandbox, breakdowns=by("os"))
    assert [one["metrics"]["count"] for one in answer["series"]] == [2, 1]


def test_events_are_counted_once_for_each_of_their_groups() -> None:
    with world(event(1, groups=["a", "b"]), event(2)) as sandbox:
        answer = chart(sandbox, breakdowns=by("group.name"))
        plans = chart(sandbox, breakdowns=by("group.properties.plan"))
    assert [one["names"] for one in answer["series"]] == [["purchase", "a"], ["purchase", "b"]]
    assert [one["names"] for one in plans["series"]] == [["purchase"]]


def test_a_breakdown_without_any_row_is_left_out() -> None:
    within_a_day = {"startDate": "2026-11-10", "endDate": "2026-11-10T23:00:00Z"}
    with world(event(1)) as sandbox:
        answer = chart(sandbox, breakdowns=by("group.id"), **within_a_day)
    assert [one["names"] for one in answer["series"]] == [["purchase"]]


@pytest.mark.parametrize("name", ["properties.color", "utm_source"])
def test_one_event_per_user_cannot_be_broken_down_by_properties(name: str) -> None:
    asked = [{"name": "purchase", "segment": "one_event_per_user"}]
    with world(event(1)) as sandbox:
        response = ask_chart(sandbox, series=asked, breakdowns=by(name))
    assert response.status_code == 500


def test_series_win_over_events() -> None:
    with world(event(1), event(2, name="signup")) as sandbox:
        answer = chart(sandbox, events=[{"name": "signup"}])
        nothing = chart(sandbox, events=[{"name": "signup"}], series=[])
    assert [one["names"] for one in answer["series"]] == [["purchase"]]
    assert nothing["series"] == []


def test_the_period_before_is_compared_point_by_point() -> None:
    rows = [
        event(1, createdAt="2026-11-06T00:00:00.000Z"),
        event(2, createdAt="2026-11-06T00:00:00.000Z"),
        event(3, createdAt="2026-11-09T01:00:00.000Z"),
        event(4, createdAt="2026-11-10T01:00:00.000Z"),
    ]
    with world(*rows) as sandbox:
        (one,) = chart(sandbox, previous=True)["series"]
    less = {"diff": 100, "state": "negative", "value": 2}
    more = {"diff": None, "state": "positive", "value": 0}
    same = {"diff": None, "state": "neutral", "value": 0}
    assert [point["previous"] for point in one["data"]] == [less, more, same]
    assert one["metrics"]["previous"] == {
        "sum": {"diff": None, "state": "neutral", "value": 2},
        "average": less,
        "min": same,
        "max": less,
        "count": {"diff": None, "state": "neutral", "value": 1},
    }


def test_without_a_series_before_nothing_is_compared() -> None:
    with world(event(1)) as sandbox:
        (one,) = chart(sandbox, previous=True)["series"]
    assert "previous" not in one["metrics"]
    assert all("previous" not in point for point in one["data"])


def test_a_client_reads_charts_of_its_own_project_only() -> None:
    with world(event(1)) as sandbox:
        assert ask_chart(sandbox, projectId="empty").status_code == 403
