"""The generated demo data looks like a real project and is the same for the same arguments."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import datetime, timedelta, timezone
from functools import lru_cache
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from openpanel_source.sandbox.dataset import Dataset, Row, load_dataset
from openpanel_source.sandbox.demo.generate import DEMO_CLIENT_ID, DEMO_CLIENT_SECRET, generate

NOW = datetime(2026, 11, 23, 14, 47, 31, 250_000, tzinfo=timezone.utc)
EVENTS = 20_000
DAYS = 30
REAL = Path(__file__).parents[1] / "data" / "contract" / "dataset"


@lru_cache(maxsize=1)
def demo() -> Dataset:
    return generate(EVENTS, DAYS, seed=7, now=NOW)


def rows(dataset: Dataset | None = None) -> list[Row]:
    return [row for part in (dataset or demo()).events.values() for row in part]


def instant(text: str) -> datetime:
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=timezone.utc)


def sessions() -> list[list[Row]]:
    """Every session's rows, oldest first; what offline apps and servers sent has no session."""
    found: dict[str, list[Row]] = defaultdict(list)
    for row in rows():
        if row["sessionId"]:
            found[row["sessionId"]].append(row)
    return [sorted(session, key=lambda row: row["createdAt"]) for session in found.values()]


def happened(session: list[Row]) -> list[Row]:
    """What the site sent, without the start and the end that the server adds."""
    return [row for row in session if row["name"] not in ("session_start", "session_end")]


def ended() -> list[list[Row]]:
    return [session for session in sessions() if session[-1]["name"] == "session_end"]


def closed_by_the_next() -> list[tuple[list[Row], list[Row]]]:
    """Sessions whose end copies the first event of the visitor's next session, and that one."""
    by_device = defaultdict(list)
    for session in sessions():
        by_device[session[0]["deviceId"]].append(session)
    found = []
    for session in ended():
        *_, last, end = session
        copied = {key: value for key, value in end["properties"].items() if key != "__bounce"}
        if copied:
            (following,) = (
                other
                for other in by_device[end["deviceId"]]
                if timedelta(minutes=30) < between(last, other[1]) < timedelta(hours=1)
                and other[1]["properties"] == copied
                and all(other[1][field] == end[field] for field in ("referrer", "revenue"))
            )
            found.append((session, following))
    return found


def between(first: Row, second: Row) -> timedelta:
    return instant(second["createdAt"]) - instant(first["createdAt"])


def shapes(part: list[Row]) -> dict[str, set[type]]:
    types: dict[str, set[type]] = defaultdict(set)
    for row in part:
        for key, value in row.items():
            types[key].add(type(value))
    return dict(types)


def test_the_same_arguments_give_the_same_dataset() -> None:
    assert generate(3_000, 20, seed=3, now=NOW) == generate(3_000, 20, seed=3, now=NOW)


def test_another_seed_gives_another_dataset() -> None:
    ids = [{row["id"] for row in rows(generate(500, 5, seed=seed, now=NOW))} for seed in (1, 2)]
    assert not ids[0] & ids[1]


def test_the_zone_in_which_now_is_given_changes_nothing() -> None:
    elsewhere = NOW.astimezone(timezone(timedelta(hours=9)))
    assert generate(500, 5, now=elsewhere) == generate(500, 5, now=NOW)


@pytest.mark.parametrize("days", [1, 2, 60, 3650])
@pytest.mark.parametrize("events", [0, 1, 2, 3, 5, 17, 101, 1_000])
def test_the_number_of_events_is_exact_whatever_the_size(events: int, days: int) -> None:
    dataset = generate(events, days, seed=events, now=NOW)
    assert len(rows(dataset)) == events
    assert all(NOW.date() - instant(r["createdAt"]).date() < timedelta(days) for r in rows(dataset))
    assert all(instant(row["createdAt"]) <= NOW for row in rows(dataset))


@pytest.mark.parametrize("microseconds", [0, 1, 999, 1_000, 5_000_000])
def test_a_first_day_that_has_hardly_begun_still_holds_every_event(microseconds: int) -> None:
    midnight = datetime(2026, 11, 23, tzinfo=timezone.utc)
    now = midnight + timedelta(microseconds=microseconds)
    dataset = generate(300, 1, now=now)
    assert len(rows(dataset)) == 300
    assert all(midnight <= instant(row["createdAt"]) <= now for row in rows(dataset))


def test_no_events_means_no_rows_but_projects_that_exist() -> None:
    dataset = generate(0, now=NOW)
    assert rows(dataset) == []
    assert not any(dataset.profiles.values())
    assert {project.id for project in dataset.accounts.projects} == set(dataset.events)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"events": -1}, "events must be 0 or more, not -1."),
        ({"days": 0}, "days must be between 1 and 3650, not 0."),
        ({"days": 3651}, "days must be between 1 and 3650, not 3651."),
        ({"now": NOW.replace(tzinfo=None)}, "now must carry a time zone"),
    ],
)
def test_an_argument_out_of_range_is_refused_in_one_sentence(
    arguments: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message.replace(".", r"\.")):
        generate(**arguments)


def test_every_day_has_events_and_the_last_one_ends_before_now() -> None:
    for part in demo().events.values():
        days = {row["createdAt"][:10] for row in part}
        assert days == {(NOW.date() - timedelta(age)).isoformat() for age in range(DAYS)}
        assert all(instant(row["createdAt"]) <= NOW for row in part)


def test_rows_are_in_the_order_of_the_server() -> None:
    crowded = generate(2_000, 1, now=datetime(2026, 11, 23, tzinfo=timezone.utc))
    for dataset in (demo(), crowded):
        for part in dataset.events.values():
            halves = {row["id"]: UUID(row["id"]).bytes for row in part}
            expected = sorted(part, key=lambda row: halves[row["id"]][8:] + halves[row["id"]][:8])
            expected.sort(key=lambda row: row["createdAt"], reverse=True)
            assert part == expected


def test_ids_are_unique_and_version_4() -> None:
    ids = [row["id"] for row in rows()]
    assert len(set(ids)) == EVENTS
    assert all(str(UUID(text)) == text and UUID(text).version == 4 for text in ids)


def test_rows_have_the_fields_and_types_of_a_real_server() -> None:
    real = load_dataset(REAL)
    # Only servers older than the recorded one tell the duration.
    assert all("duration" in row for row in rows() if row["name"] == "session_end")
    for name in ("events", "profiles", "event_meta"):
        ours = [
            {key: value for key, value in row.items() if key != "duration"}
            for part in getattr(demo(), name).values()
            for row in part
        ]
        theirs = getattr(real, name)["acme-web"]
        assert shapes(ours) == shapes(theirs), name
        assert {tuple(row) for row in ours} <= {tuple(row) for row in theirs}, name


def test_properties_are_flat_and_hold_only_text() -> None:
    values = [value for row in rows() for value in row["properties"].values()]
    assert {type(value) for value in values} == {str}


def test_projects_and_clients_fit_together() -> None:
    accounts = demo().accounts
    assert [organization.timezone for organization in accounts.organizations] == ["UTC"]
    projects = {project.id for project in accounts.projects}
    assert projects == set(demo().events) == set(demo().profiles) == set(demo().event_meta)
    by_type = defaultdict(list)
    for client in accounts.clients:
        assert str(UUID(client.id)) == client.id
        assert UUID(client.id).version == 4
        by_type[client.type].append(client)
    root = by_type["root"][0]
    assert (root.id, root.secret, root.project) == (DEMO_CLIENT_ID, DEMO_CLIENT_SECRET, None)
    assert {client.project for client in by_type["read"]} == projects
    assert len(by_type["write"]) == 1
    assert len({client.id for client in accounts.clients}) == len(accounts.clients)


def test_a_session_starts_once_ends_once_and_stays_on_one_device() -> None:
    device = ("deviceId", "projectId", "os", "browser", "model", "country", "city")
    for session in sessions():
        names = [row["name"] for row in session]
        assert names[0] == "session_start"
        assert names.count("session_start") == 1
        assert "session_end" not in names[:-1]
        assert len({tuple(row[key] for key in device) for row in session}) == 1
        assert len({row["referrer"] for row in happened(session)}) == 1


def test_a_session_starts_with_a_copy_of_its_first_event() -> None:
    for start, first, *_ in sessions():
        assert between(start, first) == timedelta(milliseconds=100)
        own = {"id": "", "name": "", "createdAt": ""}
        assert start | own == first | own


def test_a_session_ends_a_second_after_its_last_event_with_its_page_and_its_visitor() -> None:
    for session in ended():
        *events, end = session
        first, last = events[1], events[-1]
        assert between(last, end) == timedelta(seconds=1)
        assert end["path"] == last["path"]
        assert end["duration"] == between(first, last) / timedelta(milliseconds=1)
        known = [row["profileId"] for row in events if row["profileId"] != row["deviceId"]]
        assert end["profileId"] == (known[-1] if known else end["deviceId"])


def test_some_sessions_are_ended_by_the_next_one_and_copy_its_first_event() -> None:
    assert len(closed_by_the_next()) > 5


def test_revenue_is_copied_when_a_session_begins_with_it() -> None:
    paid = [one for one in closed_by_the_next() if one[1][1]["name"] == "revenue"]
    assert paid
    for session, following in paid:
        start, revenue = following[:2]
        assert session[-1]["revenue"] == start["revenue"] == revenue["revenue"] > 0


def test_sessions_are_of_all_kinds() -> None:
    kinds: Counter[str] = Counter()
    for session in ended():
        events = happened(session)
        visitors = {row["profileId"] for row in events}
        kinds["of no length"] += session[-1]["duration"] == 0
        kinds["across midnight"] += events[0]["createdAt"][:10] != events[-1]["createdAt"][:10]
        kinds["identified on the way"] += len(visitors) > 1
        kinds["anonymous again at the end"] += (
            len(visitors) > 1 and events[-1]["profileId"] == events[-1]["deviceId"]
        )
        kinds["anonymous"] += visitors == {events[0]["deviceId"]}
        kinds["identified"] += events[0]["deviceId"] not in visitors
    assert len(kinds) == 6
    assert all(kinds.values()), kinds


def test_only_sessions_that_may_still_go_on_have_no_end() -> None:
    open_sessions = [s for s in sessions() if s[-1]["name"] != "session_end"]
    quiet = [NOW - instant(session[-1]["createdAt"]) for session in open_sessions]
    # One session a project may have been cut short to meet the number of events.
    assert sum(silence > timedelta(minutes=30) for silence in quiet) <= len(demo().events)
    assert open_sessions


def test_a_bounce_is_a_session_of_one_page() -> None:
    for session in ended():
        views = sum(row["name"] == "screen_view" for row in session)
        assert session[-1]["properties"]["__bounce"] == ("1" if views < 2 else "0")
    assert {session[-1]["properties"]["__bounce"] for session in ended()} == {"0", "1"}


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


def test_what_an_offline_app_or_a_server_sends_belongs_to_no_session() -> None:
    without = [row for row in rows() if not row["sessionId"]]
    late = [row for row in without if row["deviceId"]]
    assert 0 < len(late) < len(without) < EVENTS / 20
    assert {row["name"] for row in late} == {"wishlist_add"}
    by_server = [row for row in without if not row["deviceId"]]
    assert {row["name"] for row in by_server} == {"mail_sent", "revenue"}
    assert {row["device"] for row in by_server} == {"server"}
    # One or two a project make the number of events exact; nobody is known for them.
    assert sum(not row["profileId"] for row in by_server) <= 2 * len(demo().events)


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
