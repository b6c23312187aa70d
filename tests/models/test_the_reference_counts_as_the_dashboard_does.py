"""The numbers that models are compared with are those of the definitions, and of a real server."""

from __future__ import annotations

import gzip
import json
from datetime import date, datetime
from functools import lru_cache
from typing import Any

import pytest

from tests.support.dashboard_numbers import (
    Cohort,
    Day,
    Event,
    Page,
    days,
    funnel,
    pages,
    retention,
    sessions,
)
from tests.support.sandbox_recordings import CONTRACT, DATASET

NEW_YORK = "America/New_York"
DAY = date(2026, 11, 10)


def event(number: int, name: str = "screen_view", at: str = "12:00:00", **values: Any) -> Event:
    """An event of an anonymous visitor in the session ``s``; ``at`` may have a date before it."""
    when = at if "T" in at else f"{DAY}T{at}"
    return {
        "project_id": "web",
        "id": f"{number:04}",
        "name": name,
        "created_at": datetime.fromisoformat(f"{when}+00:00"),
        "session_id": "s",
        "device_id": "device",
        "profile_id": "device",
        "path": "/",
        "revenue": 0,
    } | values


def day(*events: Event, zone: str = "UTC", on: date = DAY) -> Day:
    return days(events, zone).get(("web", on), Day())


def at_step(name: str) -> Any:
    return lambda row: row["name"] == name


def test_the_day_of_a_session_is_the_one_it_began_on_and_all_its_views_count_there() -> None:
    night = [event(1, at="23:59:58"), event(2, at="2026-11-11T00:00:05")]
    assert day(*night) == Day(1, 1, 2, 7.0, 0.0, 0)
    assert day(*night, on=date(2026, 11, 11)) == Day()
    early = event(1, at="04:59:59")
    assert day(early, zone=NEW_YORK, on=date(2026, 11, 9)).sessions == 1
    assert day(event(1, at="05:00:00"), zone=NEW_YORK).sessions == 1


def test_what_the_server_adds_to_a_session_neither_lengthens_it_nor_counts() -> None:
    first = event(2, "revenue", at="00:00:00.050", revenue=700)
    copies = [
        event(1, "session_start", at="2026-11-09T23:59:59.950", revenue=700),
        event(3, "session_end", at="00:00:01.050", revenue=700),
    ]
    assert day(first, *copies) == Day(1, 1, 0, None, 1.0, 700)
    (session,) = sessions([first, *copies]).values()
    assert session.events == (first,)


def test_a_session_of_which_nothing_else_is_left_is_one_all_the_same() -> None:
    assert day(event(1, "session_start", path=""), event(2, "session_end")).sessions == 1


def test_sessions_without_length_are_left_out_of_the_mean_length() -> None:
    two = [event(number, session_id="b", at=f"12:00:0{number}") for number in (1, 5)]
    assert day(event(9), *two) == Day(2, 1, 3, 4.0, 0.5, 0)


@pytest.mark.parametrize(("views", "bounced"), [(0, True), (1, True), (2, False)])
def test_a_session_of_less_than_two_views_bounced(views: int, bounced: bool) -> None:
    seen = [event(number) for number in range(views)]
    assert day(event(8, "signup"), event(9, "signup"), *seen).bounce_rate == bounced


def test_the_visitor_of_a_session_is_whom_it_was_identified_as_last() -> None:
    known = [event(2, at="12:01:00", profile_id="anna"), event(3, at="12:02:00", profile_id="bert")]
    logged_out = event(4, at="12:03:00")
    (session,) = sessions([event(1), *known, logged_out]).values()
    assert session.visitor == "bert"
    other = event(5, session_id="b", profile_id="bert")
    assert day(event(1), *known, logged_out, other).visitors == 1
    assert day(event(1), event(6, session_id="c", device_id="d", profile_id="d")).visitors == 2


def test_revenue_is_that_of_events_of_the_name_with_a_session_or_without() -> None:
    without = {"session_id": "", "device_id": "", "profile_id": "anna"}
    assert day(
        event(1, "revenue", revenue=5),
        event(2, "purchase", revenue=100),
        event(3, "revenue", revenue=7, **without),
        event(4, **without),
    ) == Day(1, 1, 0, None, 1.0, 12)


def test_cohorts_begin_on_sunday_and_count_who_was_seen_in_a_week_or_later() -> None:
    def seen(who: str, *on: str) -> list[Event]:
        return [
            event(number, at=f"{one}T03:00:00", profile_id=who) for number, one in enumerate(on)
        ]

    events = [
        # A Saturday and the Sunday after it; in New York that is a Saturday still.
        *seen("anna", "2026-11-07", "2026-11-29"),
        *seen("bert", "2026-11-08"),
        *seen("device", "2026-11-08"),
        *seen("", "2026-11-08"),
        *seen("carl", "2026-11-08", "2026-11-15"),
    ]
    assert retention(events, "UTC") == {
        ("web", date(2026, 11, 1)): Cohort(1, (1, 1, 1, 1, 1)),
        ("web", date(2026, 11, 8)): Cohort(2, (2, 1)),
    }
    assert retention(events, NEW_YORK) == {
        ("web", date(2026, 11, 1)): Cohort(3, (3, 2, 1, 1)),
    }


def test_steps_of_a_funnel_come_in_order_within_a_session_and_a_day() -> None:
    steps = [at_step("screen_view"), at_step("purchase")]

    def came(*events: Event) -> tuple[int, ...]:
        return funnel(events, steps).get("web", ())

    view, purchase = event(1), event(2, "purchase", at="12:00:01")
    assert came(view, purchase) == came(purchase, view) == (1, 1)
    assert came(event(1, at="12:00:02"), purchase) == (1, 0)
    assert came(purchase) == ()
    assert came(view, event(2, "purchase", session_id="t", at="12:00:01")) == (1, 0)
    assert came(view, event(2, "purchase", at="2026-11-11T12:00:01")) == (1, 0)
    # At the same instant there is no order.
    assert came(view, event(2, "purchase")) == (1, 0)
    assert came(view, purchase, event(3, at="12:00:01")) == (1, 0)


def test_events_without_a_session_are_one_session_of_a_funnel() -> None:
    without = [
        event(number, name, at=f"12:00:0{number}", session_id=nothing, device_id=str(number))
        for number, (name, nothing) in enumerate([("a", ""), ("b", None), ("a", ""), ("b", "")])
    ]
    assert funnel(without, [at_step("a"), at_step("b")]) == {"web": (1, 1)}


def test_a_session_enters_and_leaves_where_its_first_and_last_event_was() -> None:
    assert pages(
        [
            event(0, "session_start", at="11:59:59.900", path="/other"),
            event(1, "signup", path=""),
            event(2, at="12:00:01", path="/a"),
            event(3, at="12:00:02", path="/b"),
            event(4, at="12:00:03", path="/a"),
            event(5, "purchase", at="12:00:04", path="/c"),
            event(6, "session_end", at="12:00:05", path="/other"),
            event(7, session_id="", path="/a"),
        ]
    ) == {
        ("web", "/a"): Page(views=3, sessions=1, entries=1, exits=0),
        ("web", "/b"): Page(views=1, sessions=1),
        ("web", "/c"): Page(exits=1),
    }


@lru_cache(maxsize=1)
def recorded_events() -> list[Event]:
    """The rows of the recorded server, with those that it held twice, as its dashboard counts."""
    with gzip.open(DATASET / "acme-web.events.jsonl.gz") as lines:
        return [
            {
                "project_id": row["projectId"],
                "id": row["id"],
                "name": row["name"],
                "created_at": datetime.fromisoformat(row["createdAt"].replace("Z", "+00:00")),
                "session_id": row["sessionId"],
                "device_id": row["deviceId"],
                "profile_id": row["profileId"],
                "path": row["path"],
                "revenue": row["revenue"],
                "origin": row["origin"],
            }
            for row in map(json.loads, lines)
        ]


def recorded_between(first: date, last: date) -> list[Event]:
    return [row for row in recorded_events() if first <= row["created_at"].date() <= last]


def recording(name: str) -> Any:
    stored = json.loads((CONTRACT / "more" / f"insights_{name}.json").read_text())
    return stored["response"]["body"]


@pytest.mark.parametrize("name", ["overview", "overview_range", "metrics", "metrics_default_7d"])
def test_the_numbers_of_a_day_are_those_that_a_real_dashboard_showed(name: str) -> None:
    found = days(recorded_events(), "UTC")
    for shown in filter(lambda one: isinstance(one, dict), recording(name)["series"]):
        ours = found.get(("acme-web", date.fromisoformat(shown["date"][:10])), Day())
        assert (ours.sessions, ours.visitors) == (shown["total_sessions"], shown["unique_visitors"])
        assert (ours.views, ours.revenue) == (shown["total_screen_views"], shown["total_revenue"])
        assert round(100 * (ours.bounce_rate or 0), 2) == shown["bounce_rate"]


def test_pages_are_seen_as_often_as_a_real_dashboard_showed() -> None:
    events = recorded_between(date(2026, 11, 8), date(2026, 11, 10))
    for shown in recording("pages"):
        there = pages(row for row in events if row["origin"] == shown["origin"])
        ours = there["acme-web", shown["path"]]
        assert (ours.views, ours.sessions) == (shown["pageviews"], shown["sessions"])


def test_a_funnel_lets_through_whom_a_real_dashboard_let_through() -> None:
    events = recorded_between(date(2026, 11, 8), date(2026, 11, 9))
    shown = recording("funnel")["steps"]
    steps = [at_step(step["eventName"]) for step in shown]
    assert funnel(events, steps) == {"acme-web": tuple(step["users"] for step in shown)}


def test_cohorts_are_those_that_a_real_dashboard_showed() -> None:
    found = retention(recorded_events(), "UTC")
    _average, *cohorts = recording("retention_cohort")
    assert len(cohorts) == len(found)
    for shown in cohorts:
        ours = found["acme-web", date.fromisoformat(shown["cohort_interval"])]
        # It ends at the weeks that it was asked for.
        asked = [value for value in shown["values"] if value]
        assert (ours.size, list(ours.active[: len(asked)])) == (shown["sum"], asked)
