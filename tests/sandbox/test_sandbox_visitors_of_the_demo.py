"""Visitors of the demo come, sign up, buy and return as those of a real shop."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import Any

from openpanel_source.sandbox.demo.generate import generate
from tests.support.demo_rows import DAYS, EVENTS, NOW, demo, instant, rows, sessions


def test_a_device_and_its_place_never_change() -> None:
    known: dict[str, tuple[Any, ...]] = {}
    for row in rows():
        fields = tuple(row[k] for k in ("os", "osVersion", "browser", "device", "brand", "city"))
        assert known.setdefault(row["deviceId"], fields) == fields


def test_an_unknown_place_is_two_nul_characters_without_coordinates() -> None:
    for row in rows():
        nowhere = row["country"] == "\0\0"
        assert (row["longitude"] is None) == (row["latitude"] is None) == nowhere
        assert (row["city"] == "") == nowhere


def test_revenue_is_on_events_of_that_name_alone_and_equals_the_total_of_an_order() -> None:
    totals = {}
    for row in rows():
        if row["name"] == "purchase":
            properties = row["properties"]
            assert properties.keys() >= {"currency", "items.0.sku", "items.0.qty"}
            totals[properties["order_id"]] = round(float(properties["total"]) * 100)
        if row["name"] not in ("session_start", "session_end"):
            assert (row["revenue"] > 0) == (row["name"] == "revenue")
    paid = {
        row["properties"]["order_id"]: row["revenue"]
        for row in rows()
        if row["name"] == "revenue" and row["sessionId"]
    }
    assert len(paid) > 20
    assert paid.items() <= totals.items()


def test_a_purchase_mostly_follows_what_it_buys_and_sometimes_comes_first() -> None:
    ways: Counter[bool] = Counter()
    for session in sessions():
        seen = [row["path"] if row["name"] == "screen_view" else row["name"] for row in session]
        if "purchase" in seen:
            place = seen.index("purchase")
            assert seen.index("/cart") < seen.index("/checkout") < place
            looked = [number for number, what in enumerate(seen) if what.startswith("/product/")]
            ways[min(looked, default=place + 1) < place] += 1
    assert ways[True] > 3 * ways[False] > 0


def test_imports_are_marked_and_were_imported_after_they_happened() -> None:
    imports = [row for row in rows() if "importedAt" in row]
    assert 0 < len(imports) < EVENTS / 10
    assert len({row["importedAt"] for row in imports}) == 1
    assert all(row["createdAt"] < row["importedAt"] for row in imports)
    assert all(instant(row["importedAt"]) <= NOW for row in imports)


def test_a_profile_is_anonymous_until_the_visitor_signed_up() -> None:
    profiles = {row["id"]: row for part in demo().profiles.values() for row in part}
    for row in rows():
        if row["profileId"] == row["deviceId"]:
            assert row["groups"] == []
        else:
            profile = profiles[row["profileId"]]
            assert profile["createdAt"] <= row["createdAt"] <= profile["lastSeenAt"]
            assert row["groups"] == profile["groups"]
    signups = [row for row in rows() if row["name"] == "signup"]
    assert signups
    assert all(row["profileId"] != row["deviceId"] for row in signups)
    assert max(Counter(row["profileId"] for row in signups).values()) == 1


def test_profiles_are_those_that_events_name() -> None:
    for project, part in demo().profiles.items():
        named = {r["profileId"] for r in demo().events[project] if r["profileId"] != r["deviceId"]}
        assert {row["id"] for row in part} == named
        assert [row["id"] for row in part] == sorted(named)
        assert any("@" in row["id"] for row in part)
        assert all(row["properties"]["plan"] in ("free", "plus", "business") for row in part)


def test_visitors_return() -> None:
    visits = Counter(session[0]["deviceId"] for session in sessions())
    assert sum(count > 1 for count in visits.values()) > len(visits) / 5


def test_campaigns_are_named_on_arrival_and_convert_differently() -> None:
    visits: Counter[str] = Counter()
    bought: Counter[str] = Counter()
    for session in sessions():
        campaigns = [row["properties"].get("__query.utm_campaign") for row in session]
        assert not any(campaigns[2:])
        visits[campaigns[0] or ""] += 1
        bought[campaigns[0] or ""] += any(row["name"] == "purchase" for row in session)
    rate = {name: bought[name] / visits[name] for name in visits}
    assert rate["brand"] > 2 * rate["creator-collab"]
    assert rate["retargeting"] > rate["trail-shoes"]


def test_nights_are_quiet_and_weekends_differ() -> None:
    hours = Counter(row["createdAt"][11:13] for row in rows())
    assert hours["20"] > 4 * hours["03"]
    ratio = {}
    for project, part in demo().events.items():
        days = Counter(instant(row["createdAt"]).weekday() for row in part)
        dates = Counter((NOW - timedelta(age)).weekday() for age in range(DAYS))
        ratio[project] = (days[6] / dates[6]) / (days[2] / dates[2])
    assert ratio["acme-shop"] > 1.1
    assert ratio["acme-blog"] < 0.9


def test_traffic_grows_a_little() -> None:
    days = Counter(row["createdAt"][:10] for row in rows(generate(20_000, 57, now=NOW)))
    full = [days[day] for day in sorted(days)][:56]
    assert 1.05 < sum(full[28:]) / sum(full[:28]) < 1.6


def test_conversions_are_defined_for_purchases_and_signups() -> None:
    meta = {row["name"]: row["conversion"] for row in demo().event_meta["acme-shop"]}
    assert (meta["purchase"], meta["signup"], meta["screen_view"]) == (True, True, False)
