"""A visitor is identified by an id that is not the device's, also where columns are hidden."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from openpanel_source import refresh_models
from openpanel_source.sandbox import Sandbox
from openpanel_source.source.settings.privacy import warn_of_one
from tests.support.model_worlds import FIRST, ModelWorld, in_duckdb, in_postgres
from tests.support.postgres import postgres_url
from tests.support.sandbox_world import event, world
from tests.support.warehouse import Warehouse

pytestmark = pytest.mark.sampled(5)

__all__ = ["postgres_url"]

KEY = "a secret of at least sixteen characters"
HALVES: list[dict[str, Any]] = [
    {"hash_columns": ["profile_id"]},
    {"hash_columns": ["device_id", "path"]},
]
WHOLES: list[dict[str, Any]] = [
    {"hash_columns": ["profile_id", "device_id"]},
    {"hash_columns": ["profile_id"], "exclude_columns": ["device_id"]},
    {"hash_columns": ["path"]},
]


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """Three anonymous visitors, one who signed in, and one of whom a server tells."""
    anonymous = [
        event(n, name="screen_view", sessionId=f"s{n}", deviceId=f"phone{n}", profileId=f"phone{n}")
        for n in (1, 2, 3)
    ]
    anna = event(5, name="screen_view", sessionId="s5", deviceId="phone5", profileId="anna")
    server = event(6, name="paid", sessionId="", deviceId="", profileId="bert")
    with world(*anonymous, anna, server) as made:
        yield made


def identified(warehouse: Warehouse) -> tuple[int, int]:
    """How many visitors are, and how many there are."""
    [found] = warehouse.query(
        "SELECT count(*) FILTER (WHERE is_identified), count(*) FROM visitor_days"
    )
    [(cohort,)] = warehouse.query("SELECT sum(cohort_visitors) FROM retention WHERE week = 0")
    assert (cohort or 0) == found[0]
    return found[0], found[1]


@pytest.mark.parametrize(
    ("hiding", "known"),
    [({}, 2), (WHOLES[0], 2), (WHOLES[1], 0), ({"exclude_columns": ["device_id"]}, 0)],
)
def test_where_devices_are_hidden_nobody_is_taken_for_somebody(
    tmp_path: Path, sandbox: Sandbox, hiding: dict[str, Any], known: int
) -> None:
    warehouse = Warehouse(tmp_path)
    warehouse.sync(sandbox, models=True, hash_key=KEY, **hiding)
    assert identified(warehouse) == (known, 5)
    assert warehouse.query("SELECT sessions, visitors FROM daily_metrics") == [(4, 4)]


@pytest.fixture(params=["duckdb", "postgres"])
def new_world(request: pytest.FixtureRequest, tmp_path: Path) -> ModelWorld:
    if request.param == "duckdb":
        return in_duckdb(tmp_path / "world")
    return in_postgres(tmp_path / "world", request.getfixturevalue("postgres_url"))


@pytest.mark.parametrize(("device", "is_known"), [("phone", True), ("", True), (None, False)])
def test_no_device_is_known_and_an_unknown_one_is_not(
    new_world: ModelWorld, device: str | None, is_known: bool
) -> None:
    who = {"name": "screen_view", "session_id": "s", "device_id": device}
    seen = [("anna", 1), ("phone" if device else "anna", 2)]
    new_world.replace([("web", FIRST, [who | {"profile_id": it, "at": at} for it, at in seen])])
    refresh_models(new_world.warehouse.pipeline())
    query = new_world.warehouse.query
    assert query("SELECT is_identified FROM visitor_days WHERE profile_id = 'anna'") == [
        (is_known,)
    ]
    assert query("SELECT profile_id FROM sessions") == [("anna",)]
    assert query("SELECT count(first_identified_day) FROM users") == [(int(is_known),)]


@pytest.mark.parametrize("hiding", HALVES + WHOLES)
def test_to_hash_one_of_two_ids_is_warned_of_once(
    tmp_path: Path, sandbox: Sandbox, hiding: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    warn_of_one.cache_clear()
    warehouse = Warehouse(tmp_path)
    with caplog.at_level(logging.WARNING, "openpanel_source"):
        for _ in range(2):
            warehouse.sync(sandbox, hash_key=KEY, **hiding)
    told = [one.getMessage() for one in caplog.records if "hash both" in one.getMessage()]
    assert len(told) == (hiding in HALVES)
