"""Settings of privacy hold for profiles, too, and who is erased is no longer among them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from openpanel_source import erase
from openpanel_source.errors import InvalidSettingError
from tests.support.profiles import COLUMNS, profiles, rows_of
from tests.support.sandbox_world import event, profile, world
from tests.support.warehouse import Warehouse

pytestmark = pytest.mark.sampled(14)

KEY = "a-key-of-thirty-two-characters!!"
PRIVATE = profile(
    email="anna@example.org",
    firstName="Anna",
    lastName="Svensson",
    avatar="https://x/anna.png",
    properties={"plan": "pro", "card": {"number": "4711"}, "token": "secret"},
    groups=["acme"],
)


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"exclude_columns": ["profile_id"]}, "needs the ids of profiles"),
        ({"exclude_columns": ["profiles.id"]}, "holds 'profiles.id'; what profiles have"),
        ({"exclude_columns": ["profiles.nonsense"]}, "profiles.email"),
        ({"hash_columns": ["profiles.is_external"], "hash_key": KEY}, "is no text"),
        ({"include_event_meta": "yes"}, "include_event_meta must be true or false"),
    ],
)
def test_settings_that_cannot_be_are_refused(
    warehouse: Warehouse, setting: dict[str, Any], message: str
) -> None:
    with world() as sandbox, pytest.raises(InvalidSettingError, match=message):
        warehouse.sync(sandbox, **({"include_profiles": True} | setting))


@pytest.mark.sampled(6)
@pytest.mark.parametrize("is_hashed", [False, True])
def test_erasing_takes_the_profile_out(warehouse: Warehouse, is_hashed: bool) -> None:
    hashing = {"hash_columns": ["profile_id"], "hash_key": KEY} if is_hashed else {}
    rows = [event(1), event(2, profileId="bob", deviceId="other")]
    with world(*rows, profiles=[PRIVATE, profile("bob")]) as sandbox:
        warehouse.sync(sandbox, include_profiles=True, **hashing)
        assert len(profiles(warehouse)) == 2
        settings = warehouse.settings(
            sandbox, include_profiles=True, erased_profiles=["anna"], **hashing
        )
        report = erase(warehouse.pipeline(), ["anna"], **settings)
        assert (report.exit_code, report.profiles, len(report.days)) == (0, 1, 1)
        assert len(profiles(warehouse)) == 1
        warehouse.sync(
            sandbox, include_profiles=True, erased_profiles=["anna"], reload=True, **hashing
        )
    assert len(profiles(warehouse)) == 1
    assert warehouse.numbers() == [2]


def test_privacy_settings_hold_for_profiles(warehouse: Warehouse) -> None:
    hiding: dict[str, Any] = {
        "exclude_columns": ["profiles.email", "profiles.avatar"],
        "hash_columns": ["profile_id", "groups", "profiles.first_name", "profile.lastName"],
        "drop_properties": ["card.*", "token"],
        "hash_key": KEY,
    }
    bad = event(2, _raw=json.dumps({**event(2, longitude="x"), "profile": PRIVATE}))
    with world(event(1, groups=["acme"]), bad, profiles=[PRIVATE]) as sandbox:
        warehouse.sync(sandbox, include_profiles=True, **hiding)
    [row] = rows_of(warehouse, "profiles", COLUMNS)
    assert (row["email"], row["avatar"]) == (None, None)
    assert row["properties"] == {"plan": "pro", "card": {}}
    assert {len(row[name]) for name in ("id", "first_name", "last_name")} == {64}
    joined = "SELECT count(*) FROM events JOIN profiles ON profile_id = profiles.id"
    assert warehouse.query(joined) == [(1,)]
    assert warehouse.query("SELECT group_id FROM event_groups") == [(row["groups"][0],)]
    [(raw,)] = warehouse.query("SELECT raw FROM rejected_events")
    for text in ("anna", "Anna", "Svensson", "4711", "secret", "acme"):
        assert text not in raw + str(row)
