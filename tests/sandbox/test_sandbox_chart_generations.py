"""Charts of older servers."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from tests.support.sandbox_world import ask_chart, event, points, profile, world

pytestmark = pytest.mark.sampled(2)

BETWEEN = ("2025-11", "2026-02", "2026-03", "2026-04")
DAYS = {"startDate": "2026-11-09", "endDate": "2026-11-11"}
PURCHASE = {"events": [{"name": "purchase"}]}


def by(*names: str) -> list[dict[str, str]]:
    return [{"name": name} for name in names]


def answer(*events: Any, server_date: str = "2025-03", **params: Any) -> Any:
    with world(*events, server_date=server_date) as sandbox:
        response = ask_chart(sandbox, **(DAYS | PURCHASE | params))
    assert response.status_code == 200, response.text
    return response.json()


def status(*events: Any, server_date: str = "2025-03", **params: Any) -> int:
    with world(*events, server_date=server_date) as sandbox:
        return ask_chart(sandbox, **(DAYS | PURCHASE | params)).status_code


@pytest.mark.sampled(2)
@pytest.mark.parametrize("server_date", BETWEEN)
@pytest.mark.parametrize("name", ["unknown", "utm_source", "osVersion", "cohort"])
def test_an_unknown_breakdown_or_filter_fails(name: str, server_date: str) -> None:
    filters = [{"name": name, "operator": "is", "value": ["x"]}]
    asked = [{"name": "purchase", "filters": filters}]
    assert status(event(1), server_date=server_date, breakdowns=by(name)) == 500
    assert status(event(1), server_date=server_date, series=asked) == 500


@pytest.mark.parametrize("server_date", BETWEEN)
def test_a_range_that_ends_before_it_starts_fails(server_date: str) -> None:
    assert status(server_date=server_date, endDate="2026-11-08") == 500


@pytest.mark.parametrize(
    ("server_date", "groups"), [("2025-11", 500), ("2026-02", 500), ("2026-03", 200)]
)
def test_groups_came_in_march_2026(server_date: str, groups: int) -> None:
    filters = [{"name": "group.id", "operator": "is", "value": ["a"]}]
    asked = [{"name": "purchase", "filters": filters}]
    row = event(1, groups=["a"])
    assert status(row, server_date=server_date, breakdowns=by("group.id")) == groups
    assert status(row, server_date=server_date, series=asked) == groups


@pytest.mark.parametrize(("server_date", "count"), [("2026-02", 2), ("2026-03", 1)])
def test_the_count_was_about_all_breakdowns_until_march_2026(server_date: str, count: int) -> None:
    rows = [event(1), event(2, profileId="bert", os="Linux")]
    found = answer(*rows, server_date=server_date, breakdowns=by("os"))["series"]
    assert [one["metrics"]["count"] for one in found] == [count, count]


def test_a_series_without_users_has_no_count_of_all_users_either() -> None:
    found = answer(event(1), server_date="2026-02", breakdowns=by("country"))["series"]
    assert [one["metrics"].get("count") for one in found] == [1, None]


@pytest.mark.parametrize(("server_date", "nothing"), [("2026-03", None), ("2026-04", 0)])
def test_the_extremes_of_nothing_were_null(server_date: str, nothing: int | None) -> None:
    metrics = answer(server_date=server_date)["metrics"]
    assert metrics == {"sum": 0, "average": 0, "min": nothing, "max": nothing}


@pytest.mark.parametrize("server_date", ["2026-03", "2026-04"])
@pytest.mark.parametrize(("name", "expected"), [("purchase", 500), ("*", 200)])
def test_one_event_per_user_was_broken_for_named_events(
    name: str, expected: int, server_date: str
) -> None:
    asked = [{"name": name, "segment": "one_event_per_user"}]
    assert status(event(1), server_date=server_date, series=asked) == expected


def test_early_sums_failed_on_text_and_on_columns_of_numbers() -> None:
    def summed(name: str) -> int:
        asked = [{"name": "purchase", "segment": "property_sum", "property": name}]
        row = event(1, properties={"total": "1.5", "color": "red"})
        return status(row, server_date="2025-11", series=asked)

    names = ("properties.total", "properties.color", "revenue")
    assert [summed(name) for name in names] == [200, 500, 500]


def test_the_early_server_counts_the_whole_last_day() -> None:
    rows = [event(1), event(2, createdAt="2026-11-11T23:59:59.999Z")]
    (one,) = answer(*rows)["series"]
    assert points(one) == {
        "2026-11-09T00:00:00": 0,
        "2026-11-10T00:00:00": 1,
        "2026-11-11T00:00:00": 1,
    }


@pytest.mark.parametrize(
    ("start", "zone", "first"),
    [
        ("2026-11-10T11:00:00Z", "Z", "2026-11-10T11:00:00"),
        ("2026-11-10T06:00:00-05:00", "-05:00", "2026-11-10T11:00:00"),
    ],
)
def test_the_early_server_writes_hours_with_the_zone_of_the_start(
    start: str, zone: str, first: str
) -> None:
    hours = {"startDate": start, "endDate": "2026-11-10T13:00:00Z"}
    (one,) = answer(event(1), interval="hour", **hours)["series"]
    assert next(iter(points(one))) == first + zone
    assert len(one["data"]) == 3


def test_the_early_server_names_a_series_by_its_breakdowns() -> None:
    rows = [event(1, os=""), event(2, os="", brand=""), event(3, os="x", brand="")]
    found = answer(*rows, breakdowns=by("os", "brand"))["series"]
    assert {tuple(one["names"]) for one in found} == {
        ("(not set)", "Apple"),
        ("(not set)",),
        ("x",),
    }
    assert {one["id"] for one in found} == {"not-set-apple", "not-set", "x"}


def test_the_early_server_knows_ids_and_display_names() -> None:
    asked = [{"id": "A", "name": "purchase", "displayName": "Sales"}]
    (one,) = answer(event(1), events=asked)["series"]
    assert (one["id"], one["names"]) == ("sales-A", ["Sales"])
    assert one["event"] == {"id": "A", "name": "Sales"}


def test_the_early_server_gives_letters_to_series_of_one_event() -> None:
    asked = [{"id": "A", "name": "purchase"}, {"id": "B", "name": "purchase", "segment": "user"}]
    found = answer(event(1), event(2), events=asked)["series"]
    assert [one["names"] for one in found] == [["(A) purchase"], ["(B) purchase"]]


def test_the_early_server_compares_the_extremes_with_the_sum() -> None:
    before = [event(n, createdAt="2026-11-08T12:00:00.000Z") for n in (2, 3)]
    found = answer(event(1), *before, previous=True)
    previous = found["series"][0]["metrics"]["previous"]
    assert previous["max"] == {"diff": 100, "state": "negative", "value": 2}
    assert previous["min"] == {"diff": None, "state": "positive", "value": 0}
    assert found["metrics"]["previous"]["sum"]["value"] == 2


def test_the_early_server_compares_with_nothing_where_nothing_was() -> None:
    found = answer(event(1), event(2, name="other"), previous=True, breakdowns=by("os"))
    assert found["series"][0]["metrics"]["previous"] == {}
    assert found["metrics"]["previous"]["sum"] == {"diff": None, "state": "positive", "value": 0}


@pytest.mark.parametrize(
    ("name", "first", "last"),
    [
        ("30min", "2026-11-23", "2026-11-23"),
        ("lastHour", "2026-11-23", "2026-11-23"),
        ("today", "2026-11-22", "2026-11-23"),
        ("7d", "2026-11-16", "2026-11-23"),
        ("30d", "2026-10-24", "2026-11-23"),
        ("monthToDate", "2026-11-01", "2026-11-23"),
        ("lastMonth", "2026-10-01", "2026-10-31"),
        ("yearToDate", "2026-01-01", "2026-11-23"),
        ("lastYear", "2025-01-01", "2025-12-31"),
    ],
)
def test_an_early_range_reaches_from_its_first_to_its_last_day(
    name: str, first: str, last: str
) -> None:
    days = ("2025-06-01", "2026-10-15", "2026-11-23")
    rows = [event(n, createdAt=f"{day}T10:00:00.000Z") for n, day in enumerate(days)]
    (one,) = answer(*rows, range=name, startDate="", endDate="")["series"]
    dates = list(points(one))
    assert (dates[0], dates[-1]) == (f"{first}T00:00:00", f"{last}T00:00:00")


def test_an_early_chart_ends_tomorrow_at_the_latest() -> None:
    (one,) = answer(event(1), endDate="2026-12-24")["series"]
    assert list(points(one))[-1] == "2026-11-24T00:00:00"


def test_an_early_end_alone_ends_the_range() -> None:
    (one,) = answer(event(1), startDate="")["series"]
    assert next(iter(points(one))) == "2026-10-24T00:00:00"
    assert list(points(one))[-1] == "2026-11-11T00:00:00"


@pytest.mark.parametrize(
    "params",
    [
        {"startDate": "garbage"},
        {"breakdowns": by("unknown")},
        {"breakdowns": by("revenue")},
        {"breakdowns": by("profile.email")},
        {"events": [{"name": "purchase", "filters": [{"name": "profile.email"}]}]},
        {"projectId": "nowhere"},
    ],
)
def test_an_early_chart_that_the_server_cannot_draw_fails(params: dict[str, Any]) -> None:
    for one in params.get("events", []):
        one["filters"] = [{"name": "profile.email", "operator": "is", "value": ["x"]}]
    assert status(event(1), **params) == 500


def test_an_early_server_draws_any_project() -> None:
    assert answer(projectId="empty")["series"] == []


def test_an_early_server_dies_of_weeks() -> None:
    with world(event(1), server_date="2025-03") as sandbox:
        with pytest.raises(requests.ConnectionError):
            ask_chart(sandbox, **DAYS, **PURCHASE, interval="week")
        assert [served.status for served in sandbox.requests] == [0]
        assert ask_chart(sandbox, **DAYS, **PURCHASE).status_code == 200


def test_profiles_can_be_broken_down_by_since_spring_2025() -> None:
    with world(event(1), profiles=[profile(email="a@b.c")], server_date="2025-11") as sandbox:
        response = ask_chart(sandbox, **DAYS, breakdowns=by("profile.email"))
    assert response.json()["series"][0]["names"] == ["purchase", "a@b.c"]
