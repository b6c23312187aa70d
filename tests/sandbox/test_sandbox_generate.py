"""The generated demo is the same for the same arguments, and has the form of real servers' data."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from openpanel_source.sandbox.dataset import Row, load_dataset
from openpanel_source.sandbox.demo.generate import DEMO_CLIENT_ID, DEMO_CLIENT_SECRET, generate
from tests.support.demo_rows import DAYS, EVENTS, NOW, demo, instant, rows

REAL = Path(__file__).parents[1] / "data" / "contract" / "dataset"


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
