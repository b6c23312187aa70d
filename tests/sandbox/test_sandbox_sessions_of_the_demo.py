"""Sessions of the demo begin, end and follow each other as a real server has them."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import timedelta

from openpanel_source.sandbox.dataset import Row
from tests.support.demo_rows import (
    EVENTS,
    NOW,
    between,
    demo,
    ended,
    happened,
    instant,
    rows,
    sessions,
)


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
