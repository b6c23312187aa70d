"""Of what was told of a profile the newest is held, whichever worker asked, and in which order."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import pyarrow as pa
import pytest

from openpanel_source import erase
from openpanel_source.operations.sync import sync
from openpanel_source.rows.spill import SpilledTables
from openpanel_source.source.side_tables import newest_rows
from tests.support.postgres import PostgresWarehouse, postgres, postgres_url
from tests.support.profiles import profiles
from tests.support.sandbox_world import NOW, event, profile, world
from tests.support.warehouse import Warehouse

pytestmark = pytest.mark.sampled(5)

__all__ = ["postgres", "postgres_url"]

TODAY = "2026-11-23T10:00:00.000Z"


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
