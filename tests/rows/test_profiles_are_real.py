"""``profiles`` and ``event_meta``: what is told beside events, without what servers make up."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
import pytest
from click.testing import CliRunner

from openpanel_source import erase
from openpanel_source.cli.main import main
from openpanel_source.errors import InvalidSettingError
from openpanel_source.operations.sync import sync
from openpanel_source.rows.dimensions import DimensionShaper, Profile
from openpanel_source.rows.event import event_with, with_asked
from openpanel_source.rows.spill import SpilledTables
from openpanel_source.sandbox import Dataset, Sandbox, load_dataset
from openpanel_source.source.side_tables import newest_rows
from tests.promise.test_a_sync_holds_exactly_the_rows_of_the_server import DATASET, RECORDED_AT
from tests.support.postgres import PostgresWarehouse, postgres, postgres_url
from tests.support.sandbox_world import NOW, event, profile, world
from tests.support.warehouse import Warehouse

pytestmark = pytest.mark.sampled(14)

__all__ = ["postgres", "postgres_url"]

KEY = "a-key-of-thirty-two-characters!!"
TODAY = "2026-11-23T10:00:00.000Z"
COLUMNS = {
    "project_id": "projectId",
    "id": "id",
    "email": "email",
    "avatar": "avatar",
    "first_name": "firstName",
    "last_name": "lastName",
    "is_external": "isExternal",
    "properties": "properties",
    "groups": "groups",
    "created_at": "createdAt",
    "last_seen_at": "lastSeenAt",
}
META_COLUMNS = {
    "project_id": "projectId",
    "name": "name",
    "id": "id",
    "conversion": "conversion",
    "color": "color",
    "icon": "icon",
    "created_at": "createdAt",
    "updated_at": "updatedAt",
}


def instant(text: str) -> datetime:
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def expected(row: dict[str, Any], columns: dict[str, str]) -> dict[str, Any]:
    """A row of the dataset as a row of the warehouse, written down independently of the code."""
    wanted = {column: row[name] for column, name in columns.items()}
    times = [column for column in wanted if column.endswith("_at")]
    return wanted | {column: instant(wanted[column]) for column in times}


def rows_of(warehouse: Warehouse, table: str, columns: dict[str, str]) -> list[dict[str, Any]]:
    names = ", ".join(columns)
    found = [
        dict(zip(columns, values, strict=True))
        for values in warehouse.query(f"SELECT {names} FROM {table} ORDER BY ALL")
    ]
    for row in found:
        for name in ("properties", "groups"):
            if isinstance(row.get(name), str):
                row[name] = json.loads(row[name])
    return found


def profiles(warehouse: Warehouse) -> dict[str, dict[str, Any]]:
    found = rows_of(warehouse, "profiles", COLUMNS)
    assert len(found) == len({row["id"] for row in found})
    return {row["id"]: row for row in found}


@pytest.fixture(scope="module")
def dataset() -> Dataset:
    return load_dataset(DATASET)


@pytest.mark.long
@pytest.mark.parametrize(
    ("server_date", "projects"),
    [
        (None, ["acme-web", "2024", "acme-empty"]),
        ("2026-03", ["acme-app"]),
        ("2026-02", ["acme-app"]),
    ],
)
def test_both_tables_equal_what_the_dataset_says_of_its_events(
    warehouse: Warehouse, dataset: Dataset, server_date: str | None, projects: list[str]
) -> None:
    root = next(client for client in dataset.accounts.clients if client.id.startswith("1111"))
    settings: dict[str, Any] = {
        "project_id": projects,
        "client_id": root.id,
        "client_secret": root.secret,
        "now": RECORDED_AT,
    }
    with Sandbox(
        dataset, rate_limit=None, now=lambda: RECORDED_AT, server_date=server_date
    ) as sandbox:
        plain = warehouse.sync(sandbox, **settings)
        tables = {name for (name,) in warehouse.query("SHOW TABLES")}
        assert not tables & {"profiles", "event_meta"}
        told = warehouse.sync(
            sandbox, reload=True, include_profiles=True, include_event_meta=True, **settings
        )
    assert told.events_loaded == plain.events_loaded
    wanted = [
        expected(row, COLUMNS)
        for project in projects
        for row in dataset.profiles[project]
        if any(one["profileId"] == row["id"] != one["deviceId"] for one in dataset.events[project])
    ]
    if server_date == "2026-02":
        wanted = [row | {"last_seen_at": None, "groups": None} for row in wanted]
    wanted.sort(key=lambda row: (row["project_id"], row["id"]))
    assert rows_of(warehouse, "profiles", COLUMNS) == wanted
    assert len(wanted) == (67 if server_date else 107)
    meta = [
        expected(row, META_COLUMNS)
        for project in projects
        for row in dataset.event_meta[project]
        if any(one["name"] == row["name"] for one in dataset.events[project])
    ]
    meta.sort(key=lambda row: (row["project_id"], row["name"]))
    if meta:
        assert rows_of(warehouse, "event_meta", META_COLUMNS) == meta
    else:
        assert ("event_meta",) not in warehouse.query("SHOW TABLES")


def test_they_cost_no_request(warehouse: Warehouse, tmp_path: Path) -> None:
    rows = [event(number) for number in range(1, 8)]
    with world(*rows, profiles=[profile()]) as sandbox:
        plain = warehouse.sync(sandbox)
        other = Warehouse(tmp_path / "other")
        other.folder.mkdir()
        told = other.sync(sandbox, include_profiles=True, include_event_meta=True)
        assert told.requests == plain.requests
        # Turned on later, they come with the days that are read from then on.
        assert warehouse.sync(sandbox, include_profiles=True).events_loaded == 0


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
    asked = event_with(with_asked(("profile",), ()))
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


def test_a_profile_on_a_row_that_is_not_as_documented_comes_too(warehouse: Warehouse) -> None:
    odd = {**event(1), "path": ["a"], "new": 1, "profile": profile("a")}
    with world(event(1, _raw=json.dumps(odd))) as sandbox:
        warehouse.sync(sandbox, include_profiles=True)
    assert profiles(warehouse).keys() == {"a"}
    assert warehouse.query("SELECT path, CAST(new AS VARCHAR), extras FROM events") == [
        ('["a"]', "1", None)
    ]


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


def test_unasked_nothing_is_taken_for_a_profile(warehouse: Warehouse) -> None:
    row = {**event(1), "profile": {"id": "a"}}
    with world(event(1, _raw=json.dumps(row))) as sandbox:
        warehouse.sync(sandbox)
    [(extras,)] = warehouse.query("SELECT extras FROM events")
    assert json.loads(extras) == {"profile": {"id": "a"}}


def seen(day: int, **values: Any) -> dict[str, Any]:
    return profile(lastSeenAt=f"2026-11-{day:02d}T00:00:00.000Z", **values)


def test_the_newest_wins_within_a_run_and_against_what_is_held(warehouse: Warehouse) -> None:
    days = [event(1), event(2, createdAt="2026-11-12T10:00:00.000Z")]
    with world(*days, profiles=[seen(10, email="new@example.org")]) as sandbox:
        warehouse.sync(sandbox, include_profiles=True)
    # A worker that asked before, or another that got what the server keeps for five minutes.
    with world(*days, profiles=[seen(9, email="old@example.org")]) as sandbox:
        sync(
            warehouse.pipeline("late"),
            **warehouse.settings(sandbox, include_profiles=True, reload=True),
        )
        assert profiles(warehouse)["anna"]["email"] == "new@example.org"
    with world(*days, profiles=[seen(11, email="newer@example.org")]) as sandbox:
        warehouse.sync(sandbox, include_profiles=True, reload=True)
        assert profiles(warehouse)["anna"]["email"] == "newer@example.org"
    with world(*days, profiles=[seen(11, email="same@example.org")]) as sandbox:
        warehouse.sync(sandbox, include_profiles=True, reload=True)
        assert profiles(warehouse)["anna"]["email"] == "same@example.org"


def test_the_newest_wins_in_postgres_and_is_erased_there(postgres: PostgresWarehouse) -> None:
    def held() -> list[tuple[str, str]]:
        return postgres.query("SELECT id, email FROM profiles ORDER BY 1")

    rows = [event(1), event(2, profileId="bob", deviceId="other")]
    bob = profile("bob", email="bob@example.org")
    with world(*rows, profiles=[seen(10, email="new@example.org"), bob]) as sandbox:
        postgres.sync(sandbox, include_profiles=True)
    with world(*rows, profiles=[seen(9, email="old@example.org"), bob]) as sandbox:
        settings = postgres.settings(sandbox, include_profiles=True)
        sync(postgres.pipeline("late"), **settings, reload=True)
        assert held() == [("anna", "new@example.org"), ("bob", "bob@example.org")]
        erase(postgres.pipeline(), ["anna"], **settings, erased_profiles=["anna"])
    assert held() == [("bob", "bob@example.org")]


def test_what_was_asked_much_later_is_the_truth_even_if_it_looks_older(
    warehouse: Warehouse,
) -> None:
    with world(event(1), profiles=[seen(10, email="new@example.org")]) as sandbox:
        warehouse.sync(sandbox, include_profiles=True)
    later = NOW + timedelta(hours=1)
    with world(event(1), profiles=[seen(9, email="restored@example.org")]) as sandbox:
        warehouse.sync(sandbox, include_profiles=True, reload=True, now=later)
    assert profiles(warehouse)["anna"]["email"] == "restored@example.org"


def test_profiles_of_a_tail_are_updated(warehouse: Warehouse) -> None:
    first = event(1, createdAt=TODAY)
    with world(first, profiles=[seen(10)]) as sandbox:
        warehouse.sync(sandbox, include_profiles=True)
    late = event(2, createdAt="2026-11-23T11:00:00.000Z", profileId="bob", groups=["a"])
    with world(first, late, profiles=[seen(12), profile("bob")]) as sandbox:
        assert warehouse.sync(sandbox, include_profiles=True).events_loaded == 1
    found = profiles(warehouse)
    assert found.keys() == {"anna", "bob"}
    assert found["anna"]["last_seen_at"] == datetime(2026, 11, 12, tzinfo=timezone.utc)


def test_the_newest_of_each_key_is_found_in_files_as_in_memory() -> None:
    schema = pa.schema([("project_id", pa.string()), ("id", pa.string()), ("v", pa.int64())])

    def table(rows: list[tuple[str, int | None]]) -> pa.Table:
        return pa.Table.from_pylist(
            [{"project_id": "web", "id": key, "v": version} for key, version in rows], schema
        )

    rows = SpilledTables(most_bytes=1)
    rows.append(table([("a", 1), ("b", 5), ("c", None)]))
    rows.append(table([("a", 3), ("b", 4)]))
    rows.append(table([("a", 2), ("d", None), ("e", 7)]))
    held = table([("b", 6), ("e", 7), ("f", 1)])

    def found(held: pa.Table | None) -> list[tuple[str, int | None]]:
        tables = newest_rows(rows, ["project_id", "id"], "v", held)
        return sorted((row["id"], row["v"]) for one in tables for row in one.to_pylist())

    assert found(None) == [("a", 3), ("b", 5), ("c", None), ("d", None), ("e", 7)]
    assert found(held) == [("a", 3), ("c", None), ("d", None), ("e", 7)]


PRIVATE = profile(
    email="anna@example.org",
    firstName="Anna",
    lastName="Svensson",
    avatar="https://x/anna.png",
    properties={"plan": "pro", "card": {"number": "4711"}, "token": "secret"},
    groups=["acme"],
)


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
    assert warehouse.query("SELECT count(*) FROM events JOIN profiles ON profile_id = profiles.id")
    assert warehouse.query("SELECT group_id FROM event_groups") == [(row["groups"][0],)]
    [(raw,)] = warehouse.query("SELECT raw FROM rejected_events")
    for text in ("anna", "Anna", "Svensson", "4711", "secret", "acme"):
        assert text not in raw + str(row)


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


def test_the_command_loads_them_when_asked(
    warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    with world(event(1), profiles=[profile()]) as sandbox:
        for name, value in warehouse.settings(sandbox).items():
            monkeypatch.setenv(f"SOURCES__OPENPANEL__{name.upper()}", str(value))
        result = CliRunner().invoke(
            main,
            ["sync", "--database", str(warehouse.path), "--include-profiles", "--json"],
            catch_exceptions=False,
        )
    assert result.exit_code == 0, result.output
    assert profiles(warehouse).keys() == {"anna"}


def test_a_profile_says_when_it_is_real() -> None:
    assert not Profile(id="a").is_real
    assert Profile(id="a", is_external=True).is_real
