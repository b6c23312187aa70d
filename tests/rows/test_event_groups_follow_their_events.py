"""``event_groups`` says what the lists in ``events.groups`` say, whatever becomes of the events."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from openpanel_source import audit
from openpanel_source.errors import InvalidSettingError
from openpanel_source.model.schema import EVENTS
from openpanel_source.operations.sync import sync
from openpanel_source.rows.groups import event_groups
from openpanel_source.sandbox import Sandbox, load_dataset
from tests.support.postgres import PostgresWarehouse, postgres, postgres_url
from tests.support.sandbox_world import NOW, event, event_id, world
from tests.support.warehouse import Warehouse

pytestmark = pytest.mark.sampled(7)

__all__ = ["postgres", "postgres_url"]

CONTRACT = Path(__file__).parents[1] / "data" / "contract" / "dataset"
NORMALIZED = """
    SELECT DISTINCT project_id, event_date, id, unnest(CAST(groups AS VARCHAR[])), created_at
    FROM events
"""
YESTERDAY = "2026-11-22T10:00:00.000Z"
TODAY = "2026-11-23T10:00:00.000Z"


def held(warehouse: Warehouse) -> list[tuple[int, str]]:
    """Number of the event and group of each row; all of them in step with ``events``."""
    rows = warehouse.query(
        "SELECT project_id, event_date, event_id, group_id, created_at FROM event_groups"
    )
    assert len(rows) == len(set(rows))
    assert set(rows) == set(warehouse.query(NORMALIZED))
    recorded = warehouse.query(
        "SELECT coalesce(sum(group_rows), 0) FROM (SELECT DISTINCT ON (project_id, day) group_rows"
        " FROM sync_days ORDER BY project_id, day, read_at DESC, load_id DESC)"
    )
    assert recorded == [(len(rows),)]
    return sorted((int(row[2][-12:], 16), row[3]) for row in rows)


def has_table(warehouse: Warehouse) -> bool:
    return ("event_groups",) in warehouse.query("SHOW TABLES")


def delete(sandbox: Sandbox, *numbers: int) -> None:
    sandbox.remove([event_id(number) for number in numbers])


@pytest.mark.long
def test_it_holds_each_group_of_each_event_of_the_dataset_once(warehouse: Warehouse) -> None:
    dataset = load_dataset(CONTRACT)
    root = next(client for client in dataset.accounts.clients if client.id.startswith("1111"))
    settings = {"client_id": root.id, "client_secret": root.secret}
    expected = {
        ("acme-web", row["createdAt"][:10], row["id"], group)
        for row in dataset.events["acme-web"]
        for group in row["groups"]
    }
    with Sandbox(dataset, rate_limit=None, now=lambda: NOW) as sandbox:
        warehouse.sync(sandbox, project_id=["acme-web", "acme-app"], **settings)
    rows = warehouse.query(
        "SELECT project_id, CAST(event_date AS VARCHAR), event_id, group_id FROM event_groups"
    )
    assert len(rows) == len(expected) > 8000
    assert set(rows) == expected
    held(warehouse)


def test_without_groups_there_is_no_table_and_no_job_for_one(warehouse: Warehouse) -> None:
    with world(event(1), event(2, createdAt=TODAY)) as sandbox:
        warehouse.sync(sandbox)
        sandbox.add([event(3, createdAt=TODAY)])
        warehouse.sync(sandbox)
    assert warehouse.numbers() == [1, 2, 3]
    assert not has_table(warehouse)


def test_a_day_that_is_replaced_loses_the_groups_it_had(warehouse: Warehouse) -> None:
    with world(event(1, groups=["a", "b", "a"]), event(2, groups=["b"]), event(3)) as sandbox:
        warehouse.sync(sandbox)
        assert held(warehouse) == [(1, "a"), (1, "b"), (2, "b")]
        delete(sandbox, 2)
        warehouse.sync(sandbox)
        assert held(warehouse) == [(1, "a"), (1, "b")]
        delete(sandbox, 1)
        warehouse.sync(sandbox)
        assert warehouse.numbers() == [3]
        assert held(warehouse) == []


def test_a_day_that_is_empty_now_has_no_groups(warehouse: Warehouse) -> None:
    kept = event(2, createdAt=YESTERDAY, groups=["c"])
    with world(event(1, groups=["a"]), kept) as sandbox:
        warehouse.sync(sandbox)
        delete(sandbox, 1)
        warehouse.sync(sandbox)
    assert held(warehouse) == [(2, "c")]


def test_the_groups_of_a_tail_are_added(warehouse: Warehouse) -> None:
    later = "2026-11-23T11:00:00.000Z"
    with world(event(1, createdAt=TODAY, groups=["a"])) as sandbox:
        warehouse.sync(sandbox)
        sandbox.add([event(2, createdAt=later, groups=["b", "c"])])
        assert warehouse.sync(sandbox).events_loaded == 1
        assert held(warehouse) == [(1, "a"), (2, "b"), (2, "c")]
        sandbox.add([event(3, createdAt=later.replace("00:00", "30:00"))])
        assert warehouse.sync(sandbox).events_loaded == 1
    assert held(warehouse) == [(1, "a"), (2, "b"), (2, "c")]


def test_groups_that_are_new_to_a_project_make_the_table(warehouse: Warehouse) -> None:
    with world(event(1, createdAt=YESTERDAY)) as sandbox:
        warehouse.sync(sandbox)
        sandbox.add([event(2, createdAt=YESTERDAY, groups=["a"])])
        warehouse.sync(sandbox)
    assert held(warehouse) == [(2, "a")]


@pytest.mark.long
def test_a_dropped_table_is_made_again_from_the_days_that_had_groups(warehouse: Warehouse) -> None:
    with world(event(1, groups=["a"]), event(2, createdAt=YESTERDAY)) as sandbox:
        warehouse.sync(sandbox)
        before = held(warehouse)
        warehouse.query("DROP TABLE event_groups")
        assert warehouse.sync(sandbox).events_loaded == 1
        assert held(warehouse) == before == [(1, "a")]


@pytest.mark.long
def test_leftovers_go_when_their_days_are_appended(warehouse: Warehouse) -> None:
    with world(event(1, groups=["a"]), event(2, createdAt=YESTERDAY, groups=["b"])) as sandbox:
        warehouse.sync(sandbox)
        before = held(warehouse)
        warehouse.query("DELETE FROM events")
        audit(warehouse.pipeline(), repair=True, **warehouse.settings(sandbox))
        assert held(warehouse) == before


def test_another_pipeline_replaces_the_groups_it_finds(warehouse: Warehouse) -> None:
    rows = [event(1, groups=["a"]), event(2), event(3, createdAt=YESTERDAY)]
    with world(*rows) as sandbox:
        warehouse.sync(sandbox)
        delete(sandbox, 1)
        # In runs of which the first meets none of them.
        settings = warehouse.settings(sandbox, reload=True, max_days_per_run=1)
        sync(warehouse.pipeline("other"), **settings)
    assert warehouse.numbers() == [2, 3]
    assert warehouse.query("FROM event_groups") == []


@pytest.mark.long
@pytest.mark.parametrize("is_lost", [False, True])
def test_a_day_is_adopted_with_its_groups_or_not_at_all(
    warehouse: Warehouse, is_lost: bool
) -> None:
    with world(event(1, groups=["a"]), event(2, createdAt=YESTERDAY)) as sandbox:
        sync(warehouse.pipeline("partition"), **warehouse.settings(sandbox))
        if is_lost:
            warehouse.query("DELETE FROM event_groups")
        summary = warehouse.sync(sandbox)
    assert (summary.days_adopted, summary.events_loaded) == ((12, 1) if is_lost else (13, 0))
    assert held(warehouse) == [(1, "a")]


def test_erased_and_excluded_events_have_no_groups(warehouse: Warehouse, tmp_path: Path) -> None:
    rows = [event(1, groups=["a"]), event(2, profileId="bob", deviceId="x", groups=["b"])]
    with world(*rows) as sandbox:
        warehouse.sync(sandbox, erased_profiles=["anna"])
        assert held(warehouse) == [(2, "b")]
        other = Warehouse(tmp_path / "other")
        other.folder.mkdir()
        other.sync(sandbox, exclude_columns=["groups"])
        assert not has_table(other)
        assert other.query("SELECT groups FROM events") == [(None,), (None,)]


def test_groups_can_be_hashed(warehouse: Warehouse) -> None:
    key = "a-key-of-thirty-two-characters!!"
    rows = [event(1, groups=["acme"]), event(2, groups=[])]
    rejected = event(3, _raw=json.dumps(event(3, groups=["acme"], longitude="x")))
    with world(*rows, rejected) as sandbox:
        warehouse.sync(sandbox, hash_columns=["groups"], hash_key=key)
    [(number, group)] = held(warehouse)
    assert (number, len(group)) == (1, 64)
    [(raw,)] = warehouse.query("SELECT raw FROM rejected_events")
    assert json.loads(raw)["groups"] == [group]
    with world() as sandbox, pytest.raises(InvalidSettingError, match="holds properties"):
        warehouse.sync(sandbox, hash_columns=["properties"], hash_key=key)


@pytest.mark.parametrize(
    ("groups", "expected"),
    [
        ([], []),
        (["a", "b", "a"], ["a", "b"]),
        (["", " ", "a,b", "[]"], ["", " ", "a,b", "[]"]),
        (["å" * 100_000, "';--", "\ufffd"], ["å" * 100_000, "';--", "\ufffd"]),
        (None, []),
        ("a", []),
        ({"a": "b"}, []),
        ([["a"]], []),
        (["a", 1], []),
    ],
)
def test_what_is_a_list_of_text_becomes_rows_and_nothing_else(
    groups: Any, expected: list[str]
) -> None:
    text = None if groups is None else json.dumps(groups)
    rows = [{"id": "x", "groups": text}, {"id": "y", "groups": "[]"}]
    table = pa.Table.from_pylist(rows, schema=EVENTS.arrow_schema)
    assert event_groups(table)["group_id"].to_pylist() == expected


def test_hostile_names_come_as_they_come_in_events(warehouse: Warehouse) -> None:
    names = ["a\0b", "\ud800", "'; DROP TABLE events;--", "{table}", "ünïcode 🎉", "x" * 70_000]
    rows = [
        event(1, _raw=json.dumps(event(1, groups=names))),
        event(2, _raw=json.dumps(event(2, groups=["a\0b", "a\ufffdb"]))),
        event(3, _raw=json.dumps(event(3, groups="no list"))),
    ]
    with world(*rows) as sandbox:
        warehouse.sync(sandbox)
    shown = ["a\ufffdb", "\ufffd", *names[2:]]
    rows_held = warehouse.query("SELECT event_id, group_id FROM event_groups ORDER BY ALL")
    assert rows_held == sorted([(event_id(1), name) for name in shown] + [(event_id(2), shown[0])])


def test_the_same_in_postgres(postgres: PostgresWarehouse) -> None:
    def groups() -> list[tuple[int, str]]:
        rows = postgres.query("SELECT event_id, group_id FROM event_groups ORDER BY 1, 2")
        return [(int(event_id[-12:]), group) for event_id, group in rows]

    later = "2026-11-23T11:00:00.000Z"
    today = event(3, createdAt=TODAY, groups=["c"])
    with world(event(1, groups=["a", "a"]), event(2, groups=["b"]), today) as sandbox:
        postgres.sync(sandbox)
        assert groups() == [(1, "a"), (2, "b"), (3, "c")]
        delete(sandbox, 2)
        sandbox.add([event(4, createdAt=later, groups=["d"])])
        postgres.sync(sandbox)
        assert groups() == [(1, "a"), (3, "c"), (4, "d")]
        delete(sandbox, 1)
        postgres.sync(sandbox)
    assert groups() == [(3, "c"), (4, "d")]
