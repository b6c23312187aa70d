"""What changes upstream changes here; what is gone goes, but never much on one answer."""

from __future__ import annotations

import json
import threading
from datetime import timedelta
from typing import Any

import pytest

from tests.support.destinations import made
from tests.support.lists_world import ALL, ROOT, group, ids, load, reference, verdicts, world
from tests.support.postgres import PostgresWarehouse, postgres, postgres_url
from tests.support.sandbox_world import NOW, event, profile
from tests.support.warehouse import Warehouse

__all__ = ["postgres", "postgres_url"]

pytestmark = pytest.mark.sampled(21)


def profiles_made(number: int) -> list[dict[str, Any]]:
    return [
        profile(f"p{n:03d}", createdAt=f"2026-10-01T00:{n // 60:02d}:{n % 60:02d}.500Z")
        for n in range(number)
    ]


@pytest.mark.parametrize(
    "name",
    [
        "duckdb",
        "postgresql",
        "parquet",
        *(pytest.param(one, marks=pytest.mark.long) for one in ("delta", "iceberg", "sqlite")),
    ],
)
def test_each_destination_holds_what_is_listed(
    name: str, request: pytest.FixtureRequest, tmp_path: Any
) -> None:
    held = made(name, tmp_path, lambda: request.getfixturevalue("postgres_url"))
    with world(
        event(1),
        references=[reference(n) for n in range(12)],
        profiles=[profile("anna"), profile("bob")],
        groups=[group("acme")],
    ) as sandbox:
        assert set(verdicts(load(held, sandbox, *ALL)).values()) == {"complete"}
        assert len(ids(held, "references")) == 12
        listed = sandbox.listed
        del listed.references["web"][:2]
        listed.references["web"][0] |= {"title": "renamed"}
        listed.profiles["web"][0] |= {"email": "new@b.c", "lastSeenAt": "2026-11-23T09:00:00.000Z"}
        listed.groups["web"][0] |= {"name": "Acme Ltd"}
        changed = load(held, sandbox, *ALL, now=NOW + timedelta(hours=1))
    assert set(verdicts(changed).values()) == {"complete"}
    titles = [title for (title,) in held.query('SELECT title FROM "references" ORDER BY id')]
    assert titles == ["renamed", *(f"Launch {n}" for n in range(3, 12))]
    assert held.query("SELECT id, email FROM profiles ORDER BY id") == [
        ("anna", "new@b.c"),
        ("bob", ""),
    ]
    assert held.query("SELECT name FROM groups") == [("Acme Ltd",)]
    assert held.query("SELECT count(*) FROM sync_lists") == [(4,)]
    assert held.query("SELECT count(*) FROM projects") == [(1,)]


def test_a_reference_goes_once_two_answers_lack_it(warehouse: Warehouse) -> None:
    with world(references=[reference(n) for n in range(1, 4)]) as sandbox:
        load(warehouse, sandbox, "references")
        whole = list(sandbox.listed.references["web"])
        # One answer lacks it, and the next does not.
        body = json.dumps({"data": whole[1:]})
        sandbox.behave(path="/manage/", status=200, body=body, times=1)
        summary = load(warehouse, sandbox, "references")
        assert (summary.lists[0].requests, verdicts(summary)) == (2, {"references": "complete"})
        assert len(ids(warehouse, "references")) == 3
        del sandbox.listed.references["web"][0]
        summary = load(warehouse, sandbox, "references")
        assert verdicts(summary) == {"references": "complete"}
    assert ids(warehouse, "references") == [one["id"] for one in whole[1:]]


def test_what_either_of_two_answers_has_is_not_gone(warehouse: Warehouse) -> None:
    with world(references=[reference(n) for n in range(1, 5)]) as sandbox:
        load(warehouse, sandbox, "references")
        whole = list(sandbox.listed.references["web"])
        # Of the three that either lacks, one lacks in both.
        answers = [json.dumps({"data": rows}) for rows in (whole[2:], [whole[1], whole[3]])]
        faults = [{"path": "/manage/", "status": 200, "body": body} for body in answers]
        sandbox.behave(faults=[faults[0] | {"times": 1}, faults[1] | {"skip": 1}])
        load(warehouse, sandbox, "references")
    assert ids(warehouse, "references") == [one["id"] for one in whole[1:]]


def test_a_project_that_keeps_rows_keeps_no_other_from_losing_them(warehouse: Warehouse) -> None:
    many = [reference(n, projectId="empty") for n in range(30)]
    settings = {"project_id": ["web", "empty"]}
    with world(references=[reference(n) for n in range(40, 50)]) as sandbox:
        sandbox.listed.references["empty"] = many
        load(warehouse, sandbox, "references", **settings)
        assert len(ids(warehouse, "references")) == 40
        del sandbox.listed.references["empty"][3:]
        del sandbox.listed.references["web"][0]
        summary = load(warehouse, sandbox, "references", **settings)
        assert [one.verdict.value for one in summary.lists] == ["complete", "partial"]
        assert len(ids(warehouse, "references")) == 39
        load(warehouse, sandbox, "references", allow_deletions=True, **settings)
    assert len(ids(warehouse, "references")) == 12


@pytest.mark.parametrize(
    "name", ["duckdb", "postgresql", pytest.param("delta", marks=pytest.mark.long), "parquet"]
)
def test_what_one_load_deletes_by_is_forgotten_by_the_next(
    name: str, request: pytest.FixtureRequest, tmp_path: Any
) -> None:
    held = made(name, tmp_path, lambda: request.getfixturevalue("postgres_url"))
    both = {"project_id": ["web", "empty"]}
    with world(references=[reference(n) for n in range(40, 70)]) as sandbox:
        listed = sandbox.listed.references
        listed["empty"] = [reference(n, projectId="empty") for n in range(4)]
        load(held, sandbox, "references", **both)
        # Rows of one project go, and so both are replaced as a whole.
        del listed["web"][0]
        assert load(held, sandbox, "references", **both).exit_code == 0
        assert len(ids(held, "references")) == 29 + 4
        # Then one project is read alone, the other stays.
        listed["empty"].append(reference(9, projectId="empty"))
        load(held, sandbox, "references", project_id="empty")
        assert len(ids(held, "references")) == 29 + 5
        # An answer that lacks most deletes nothing.
        most = listed["web"][5:]
        del listed["web"][5:]
        for _ in range(2):
            assert verdicts(load(held, sandbox, "references")) == {"references": "partial"}
            assert len(ids(held, "references")) == 29 + 5
        listed["web"] += most
        if name in ("duckdb", "postgresql"):
            held.run_once(sandbox, lists=["references"], **ROOT)
        for _ in range(2):
            load(held, sandbox, "references", **both)
            assert len(ids(held, "references")) == 29 + 5


@pytest.mark.parametrize("at", ["9999-12-31T23:59:59.000Z", "0001-01-01T00:00:00.000Z", "soon"])
def test_profiles_of_impossible_times_stop_no_list(warehouse: Warehouse, at: str) -> None:
    odd = [profile("late", lastSeenAt=at), profile("odd", createdAt=at), profile("anna")]
    with world(event(1), profiles=odd) as sandbox:
        for _ in range(2):
            summary = load(warehouse, sandbox, "profiles")
            # Where the second stands among the others cannot be told, so there may be more.
            assert verdicts(summary) == {"profiles": "partial"}
    assert {"anna"} | ({"late"} if at != "soon" else set()) <= set(ids(warehouse, "profiles"))


def test_lists_that_a_sync_has_no_time_for_are_left_to_the_next(warehouse: Warehouse) -> None:
    with world(event(1), profiles=profiles_made(3)) as sandbox:
        stop = threading.Event()
        summary = load(warehouse, sandbox, "profiles", stop=stop, on_day=lambda _: stop.set())
        assert (summary.stopped, summary.lists) == (True, [])
        assert load(warehouse, sandbox, "profiles").lists[0].rows_received == 3


def test_no_copy_of_rows_is_left_in_staging(postgres: PostgresWarehouse) -> None:
    with world(event(1), profiles=profiles_made(3)) as sandbox:
        load(postgres, sandbox)
        load(postgres, sandbox, "profiles")
    tables = "SELECT count(*) FROM information_schema.tables WHERE table_schema LIKE '%staging%'"
    assert postgres.query(tables) == [(0,)]


def test_much_is_kept_for_a_day_and_then_goes(warehouse: Warehouse) -> None:
    with world(references=[reference(n) for n in range(30)]) as sandbox:
        load(warehouse, sandbox, "references")
        left = sandbox.listed.references["web"][:5]
        sandbox.listed.references["web"][5:] = []
        for hours in (1, 20):
            summary = load(warehouse, sandbox, "references", now=NOW + timedelta(hours=hours))
            assert verdicts(summary) == {"references": "partial"}
            assert "no longer lists 25 of 30 references" in str(summary.lists[0].reason)
            assert len(ids(warehouse, "references")) == 30
        summary = load(warehouse, sandbox, "references", now=NOW + timedelta(hours=25))
        assert verdicts(summary) == {"references": "complete"}
    assert ids(warehouse, "references") == [one["id"] for one in left]


@pytest.mark.parametrize("allowed", [True, False])
def test_an_empty_answer_takes_nothing_away_unless_somebody_consents(
    warehouse: Warehouse, allowed: bool
) -> None:
    with world(references=[reference(1), reference(2)]) as sandbox:
        load(warehouse, sandbox, "references")
        sandbox.listed.references["web"].clear()
        summary = load(warehouse, sandbox, "references", allow_deletions=allowed)
    assert verdicts(summary) == {"references": "complete" if allowed else "partial"}
    assert len(ids(warehouse, "references")) == (0 if allowed else 2)


@pytest.mark.long
def test_an_unreadable_reference_is_none_that_is_gone(warehouse: Warehouse) -> None:
    with world(references=[reference(1), reference(2)]) as sandbox:
        load(warehouse, sandbox, "references")
        sandbox.listed.references["web"][0] |= {"title": ["no text"]}
        summary = load(warehouse, sandbox, "references")
    assert verdicts(summary) == {"references": "partial"}
    assert len(ids(warehouse, "references")) == 2


def test_only_profiles_that_were_seen_since_are_asked_for_again(warehouse: Warehouse) -> None:
    with world(event(1), profiles=profiles_made(250)) as sandbox:
        first = load(warehouse, sandbox, "profiles")
        assert (first.lists[0].rows_received, first.lists[0].requests) == (250, 3)
        assert len(ids(warehouse, "profiles")) == 250
        known = sandbox.listed.profiles["web"]
        for row in known[100:]:
            row["lastSeenAt"] = "2026-10-02T00:00:00.000Z"
        known[7] |= {"lastSeenAt": "2026-11-02T00:00:00.000Z", "firstName": "Seen"}
        known.append(profile("new", createdAt="2026-11-02T00:00:01.000Z"))
        second = load(warehouse, sandbox, "profiles")
        # Those seen in the hour before the newest one are asked for again.
        assert second.lists[0].rows_received == 101
        third = load(warehouse, sandbox, "profiles", reload=True)
        assert third.lists[0].rows_received == 251
    assert len(ids(warehouse, "profiles")) == 251
    assert warehouse.query("SELECT id FROM profiles WHERE first_name = 'Seen'") == [("p007",)]


def test_a_table_that_was_dropped_is_filled_again(warehouse: Warehouse) -> None:
    with world(event(1), profiles=profiles_made(3), references=[reference(1)]) as sandbox:
        load(warehouse, sandbox, *ALL)
        warehouse.change('DROP TABLE profiles; DROP TABLE "references"')
        load(warehouse, sandbox, *ALL)
    assert len(ids(warehouse, "profiles")) == 3
    assert len(ids(warehouse, "references")) == 1


def test_a_reading_that_broke_off_is_no_reason_to_ask_for_less(warehouse: Warehouse) -> None:
    with world(event(1), profiles=profiles_made(250)) as sandbox:
        sandbox.behave(path="/insights/", skip=1, status=500)
        broken = load(warehouse, sandbox, "profiles")
        assert (verdicts(broken), broken.exit_code) == ({"profiles": "failed"}, 1)
        sandbox.behave()
        assert load(warehouse, sandbox, "profiles").lists[0].rows_received == 250
    assert len(ids(warehouse, "profiles")) == 250


def test_a_server_whose_filters_do_nothing_gives_a_part_and_says_so(
    warehouse: Warehouse,
) -> None:
    with world(event(1), profiles=profiles_made(150), server_date="2026-04") as sandbox:
        summary = load(warehouse, sandbox, "profiles")
    assert verdicts(summary) == {"profiles": "partial"}
    assert "ignores conditions" in str(summary.lists[0].reason)
    assert len(ids(warehouse, "profiles")) == 100


def test_events_and_lists_agree_on_a_profile(warehouse: Warehouse) -> None:
    anna = profile("anna", email="a@b.c", properties={"plan": "pro"}, groups=["acme"])
    with world(event(1), profiles=[anna]) as sandbox:
        columns = "* EXCLUDE (read_at)"
        warehouse.sync(sandbox, include_profiles=True, **ROOT)
        told = warehouse.query(f"SELECT {columns} FROM profiles")
        load(warehouse, sandbox, "profiles", include_profiles=True)
        assert warehouse.query(f"SELECT {columns} FROM profiles") == told


def test_beyond_a_hundred_groups_come_by_type_and_then_by_the_ids_that_events_name(
    warehouse: Warehouse,
) -> None:
    companies = [
        group(f"c{n:03d}", createdAt=f"2026-09-01T00:{n // 60:02d}:{n % 60:02d}.000Z")
        for n in range(130)
    ]
    teams = [group(f"t{n}", type="team", createdAt="2026-01-01T00:00:00.000Z") for n in range(20)]
    named = ["c000", "c005", "never stored", "a/b?c#d", "types", ".."]
    odd = group("a/b?c#d", createdAt="2026-01-01T00:00:00.000Z")
    with world(event(1, groups=named), groups=[*companies, *teams, odd]) as sandbox:
        summary = load(warehouse, sandbox, "groups")
        assert verdicts(summary) == {"groups": "partial"}
        assert "1 types have 100 groups or more" in str(summary.lists[0].reason)
        found = set(ids(warehouse, "groups"))
        assert {f"c{n:03d}" for n in range(30, 130)} | {f"t{n}" for n in range(20)} <= found
        assert found & {"c000", "c005", "c001", "a/b?c#d"} == {"c000", "c005", "a/b?c#d"}
        # One list, the types, two lists of types, and one for each id that is asked for.
        assert summary.lists[0].requests == 8
        del sandbox.listed.groups["web"][:130]
        assert verdicts(load(warehouse, sandbox, "groups")) == {"groups": "complete"}


def test_many_ids_are_asked_for_some_at_a_time(
    warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("openpanel_source.lists.groups.MOST_BY_ID", 4)
    old = [group(f"g{n:03d}", createdAt="2026-01-01T00:00:00.000Z") for n in range(10)]
    new = [group(f"h{n:03d}") for n in range(100)]
    with world(event(1, groups=[one["id"] for one in old]), groups=[*new, *old]) as sandbox:
        found = []
        for _ in range(3):
            summary = load(warehouse, sandbox, "groups")
            found.append([one for one in ids(warehouse, "groups") if one.startswith("g")])
            assert "are asked for by the next syncs" in str(summary.lists[0].reason)
    assert [len(one) for one in found] == [4, 8, 10]
