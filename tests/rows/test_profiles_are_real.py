"""What servers make up of visitors that they do not know is told from profiles, and left out."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from openpanel_source.rows.dimensions import DimensionShaper, Profile
from openpanel_source.rows.event import event_with, with_dimensions
from tests.support.profiles import profiles
from tests.support.sandbox_world import NOW, event, profile, world
from tests.support.warehouse import Warehouse

pytestmark = pytest.mark.sampled(10)

MADE_UP: dict[str, Any] = {
    "id": "device",
    "email": "",
    "avatar": "",
    "firstName": "",
    "lastName": "",
    "createdAt": "2026-11-23T02:47:08.869Z",
    "lastSeenAt": "2026-11-23T02:47:08.869Z",
    "projectId": "acme-web",
    "isExternal": False,
    "properties": {},
    "groups": [],
}


def told(*sent: Any, project: str = "web", **settings: Any) -> list[dict[str, Any]]:
    """The rows of ``profiles`` that events with these profiles make."""
    raws = [one if isinstance(one, bytes) else json.dumps(one).encode() for one in sent]
    asked = event_with(with_dimensions(("profile",), ()))
    events = [
        asked(id=str(place), created_at="", profile=msgspec.Raw(raw))  # type: ignore[call-arg]
        for place, raw in enumerate(raws)
    ]
    shaper = DimensionShaper(("profile",), lambda: NOW, **settings)
    [(name, table)] = shaper.shape(events, project)
    assert name == "profiles"
    rows: list[dict[str, Any]] = table.to_pylist()
    return rows


@pytest.mark.parametrize(
    "change",
    [
        {},
        # The request was at another time: cached, or by another clock.
        {"createdAt": "2020-01-01T00:00:00.000Z", "lastSeenAt": "2020-01-01T00:00:00.000Z"},
        # The two are made one after the other.
        {"lastSeenAt": "2026-11-23T02:47:08.870Z"},
        # Servers before 2026-03 tell neither.
        {"lastSeenAt": None, "groups": None},
    ],
)
def test_what_the_server_makes_up_is_no_profile(change: dict[str, Any]) -> None:
    assert told(MADE_UP | change) == []


@pytest.mark.parametrize(
    "change",
    [
        {"isExternal": True},
        {"email": "a@b.c"},
        {"avatar": "https://x/y.png"},
        {"firstName": "Anna"},
        {"lastName": "Svensson"},
        {"properties": {"plan": "pro"}},
        {"groups": ["acme"]},
        {"lastSeenAt": "2026-11-23T02:48:08.869Z"},
    ],
)
def test_what_says_anything_is_a_profile(change: dict[str, Any]) -> None:
    [row] = told(MADE_UP | change)
    assert (row["id"], row["project_id"], row["read_at"]) == ("device", "web", NOW)


def test_a_profile_says_when_it_is_real() -> None:
    assert not Profile(id="a").is_real
    assert Profile(id="a", is_external=True).is_real


@pytest.mark.parametrize("server_date", [None, "3", "2026-02"])
def test_a_stored_profile_of_a_visitor_who_was_not_identified_is_loaded_and_a_made_up_one_is_not(
    warehouse: Warehouse, server_date: str | None
) -> None:
    stored = profile("stored", isExternal=False, properties={"plan": "trial"})
    ids = [("stored", "device"), ("device", "device"), ("never-stored", "device")]
    visits = [
        event(number, profileId=profile_id, deviceId=device_id)
        for number, (profile_id, device_id) in enumerate(ids)
    ]
    with world(*visits, profiles=[stored], server_date=server_date) as sandbox:
        assert warehouse.sync(sandbox, include_profiles=True).is_verified
    assert warehouse.query("SELECT id, is_external, properties ->> 'plan' FROM profiles") == [
        ("stored", False, "trial")
    ]


def test_a_profile_that_cannot_be_read_harms_neither_events_nor_others(
    warehouse: Warehouse, caplog: pytest.LogCaptureFixture
) -> None:
    hostile = [
        profile("a", firstName="a\0b", lastName="\0", properties={"k\0": ["x", {"y": 1}]}),
        b'{"id":"b","firstName":"half \\ud800","isExternal":true}',
        profile("no time", createdAt="yesterday"),
        profile("", email="no id"),
        profile("\0", email="an id of nothing"),
        profile("c", email=5),
        b'{"id":"d","isExternal":true,"properties":' + b"[" * 900 + b"]" * 900 + b"}",
        b'"text"',
        b"null",
        profile("e", new={"field": 1}),
    ]
    rows = {row["id"]: row for row in told(*hostile)}
    assert rows.keys() == {"a", "b", "e"}
    assert (rows["a"]["first_name"], rows["a"]["last_name"]) == ("a\ufffdb", None)
    assert json.loads(rows["a"]["properties"]) == {"k\ufffd": ["x", {"y": 1}]}
    assert rows["b"]["first_name"] == "half \ufffd"
    assert "left out" in caplog.text
    sent = [
        event(place, _raw=json.dumps({**event(place), "profile": one}))
        for place, one in enumerate([5, profile("a"), {"id": None}, [], profile("b\ud800")], 1)
    ]
    with world(*sent, event(9, _raw='{"id": 5}')) as sandbox:
        summary = warehouse.sync(sandbox, include_profiles=True)
    assert warehouse.numbers() == [1, 2, 3, 4, 5]
    assert summary.rejected_rows == 1
    assert profiles(warehouse).keys() == {"a", "b\ufffd"}
    assert warehouse.query("SELECT count(*) FROM events WHERE extras IS NOT NULL") == [(0,)]


@pytest.mark.parametrize("server_date", [None, "2026-02"])
def test_a_rejected_row_is_one_whatever_was_made_up_beside_it(
    warehouse: Warehouse, server_date: str | None
) -> None:
    raw = json.dumps({**event(1, longitude="x"), "profile": MADE_UP, "meta": {"name": "purchase"}})
    with world(event(1, _raw=raw), event(2), server_date=server_date) as sandbox:
        summary = warehouse.sync(sandbox, include_profiles=True, include_event_meta=True)
    assert summary.exit_code == 0
    [(held,)] = warehouse.query("SELECT raw FROM rejected_events")
    assert json.loads(held) == event(1, longitude="x")
