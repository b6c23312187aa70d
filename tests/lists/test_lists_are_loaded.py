"""References, projects, profiles and groups come whole, and each says so."""

from __future__ import annotations

import json
import logging
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from click.testing import CliRunner

from openpanel_source import erase
from openpanel_source.cli.main import main
from openpanel_source.errors import DestinationError, InvalidSettingError
from tests.support.lists_world import ALL, ROOT, group, ids, load, reference, verdicts, world
from tests.support.sandbox_world import NOW, event, profile
from tests.support.warehouse import Warehouse

pytestmark = pytest.mark.sampled(16)

KEY = "a-key-of-thirty-two-characters!!"


def test_every_list_is_loaded_and_said_to_be_complete(warehouse: Warehouse) -> None:
    with world(
        event(1),
        references=[reference(1, description='a, "b"', title="日本 🚀"), reference(2)],
        projects={"web": {"name": "The shop", "domain": "https://shop.example"}},
        profiles=[profile("anna", email="a@b.c"), profile("device", isExternal=False)],
        groups=[group("acme")],
    ) as sandbox:
        summary = load(warehouse, sandbox, *ALL)
        asked = [one.url for one in sandbox.requests]
    assert summary.exit_code == 0
    assert verdicts(summary) == dict.fromkeys(ALL, "complete")
    assert [one.rows_received for one in summary.lists] == [2, 1, 2, 1]
    assert warehouse.query(
        'SELECT title, description, "date", project_id FROM "references" ORDER BY id'
    ) == [
        ("日本 🚀", 'a, "b"', datetime(2026, 11, 10, 9, 0, 0, 250_000, timezone.utc), "web"),
        ("Launch 2", None, datetime(2026, 11, 10, 9, 0, 0, 250_000, timezone.utc), "web"),
    ]
    assert warehouse.query("SELECT project_id, name, organization_id, domain FROM projects") == [
        ("web", "The shop", "acme", "https://shop.example")
    ]
    # Who was not identified is stored as well, though events would not bring him.
    assert warehouse.query("SELECT id, email, is_external FROM profiles ORDER BY id") == [
        ("anna", "a@b.c", True),
        ("device", "", False),
    ]
    assert warehouse.query("SELECT id, type, name, properties ->> 'plan' FROM groups") == [
        ("acme", "company", "The acme", "pro")
    ]
    assert warehouse.query(
        "SELECT list_name, verdict, reason, rows_received, requests FROM sync_lists ORDER BY 1"
    ) == [
        ("groups", "complete", None, 1, 1),
        ("profiles", "complete", None, 2, 1),
        ("projects", "complete", None, 1, 1),
        ("references", "complete", None, 2, 1),
    ]
    assert not [url for url in asked if "clients" in url or "includes=profile" in url]


def test_nothing_is_asked_nor_made_unless_it_is_set(warehouse: Warehouse) -> None:
    with world(event(1), references=[reference(1)]) as sandbox:
        summary = load(warehouse, sandbox)
        assert summary.lists == []
        assert not [one for one in sandbox.requests if "/export/" not in one.url]
    tables = {name for (name,) in warehouse.query("SHOW TABLES")}
    assert not tables & {"sync_lists", *ALL}


def test_a_plain_run_of_the_pipeline_loads_them_too(warehouse: Warehouse) -> None:
    with world(event(1), references=[reference(1)], profiles=[profile()]) as sandbox:
        warehouse.run_once(sandbox, lists=ALL, **ROOT)
    assert len(ids(warehouse, "references")) == 1
    assert ids(warehouse, "profiles") == ["anna"]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"lists": ["clients"]}, "lists holds 'clients'; what the dashboard lists is references, "),
        ({"lists": 5}, "lists is the number 5"),
        ({"lists": ["profiles"], "exclude_columns": ["profile_id"]}, "lists with profiles needs"),
        ({"lists": ["groups"], "exclude_columns": ["groups"]}, "lists with groups needs the ids"),
        ({"lists": ["groups"], "exclude_columns": ["groups.id"]}, "holds 'groups.id'"),
    ],
)
def test_what_cannot_be_is_refused_before_any_request(
    warehouse: Warehouse, settings: dict[str, Any], message: str
) -> None:
    with world() as sandbox:
        with pytest.raises(InvalidSettingError, match=message):
            warehouse.sync(sandbox, **ROOT, **settings)
        assert sandbox.requests == []


def test_the_command_loads_them_and_says_how_it_went(
    warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    with world(event(1), references=[reference(1)], profiles=[profile()]) as sandbox:
        for name, value in warehouse.settings(sandbox, **ROOT).items():
            monkeypatch.setenv(f"SOURCES__OPENPANEL__{name.upper()}", str(value))
        arguments = ["sync", "--database", str(warehouse.path), "--lists", "references,profiles"]
        result = CliRunner().invoke(main, arguments, catch_exceptions=False)
        assert "Lists: 1 references, 1 profiles (complete)." in result.stdout
        shown = CliRunner().invoke(main, [*arguments, "--lists", "groups", "--json"])
    assert result.exit_code == shown.exit_code == 0
    assert json.loads(shown.stdout)["lists"][2] == {
        "list_name": "groups",
        "project_id": "web",
        "verdict": "complete",
        "reason": None,
        "rows_received": 0,
        "requests": 1,
    }


def test_a_read_client_is_told_neither_references_nor_projects_and_the_rest_is_loaded(
    warehouse: Warehouse, caplog: pytest.LogCaptureFixture
) -> None:
    with world(event(1), references=[reference(1)], profiles=[profile()]) as sandbox:
        summary = warehouse.sync(sandbox, lists=ALL)
    assert summary.exit_code == 1
    assert summary.events_loaded == 1
    assert verdicts(summary) == {
        "references": "failed",
        "projects": "failed",
        "profiles": "complete",
        "groups": "complete",
    }
    assert "root clients only" in str(summary.lists[0].reason)
    # It is no wrong secret, which would be tried again and again.
    assert sum(one.requests for one in summary.lists) == 4
    assert "cannot be read" in caplog.text


@pytest.mark.parametrize("server_date", ["2025-11", "2026-03"])
def test_a_server_that_is_too_old_for_a_list_is_named_as_that(
    warehouse: Warehouse, server_date: str
) -> None:
    with world(event(1), references=[reference(1)], server_date=server_date) as sandbox:
        summary = load(warehouse, sandbox, "references", "profiles")
    found = verdicts(summary)
    assert found["profiles"] == "failed"
    assert "came with 2026-04" in str(summary.lists[1].reason)
    assert found["references"] == ("failed" if server_date == "2025-11" else "complete")


def test_another_projects_rows_are_not_taken_for_those_of_the_project(
    warehouse: Warehouse,
) -> None:
    with world(event(1), profiles=[profile()]) as sandbox:
        body = json.dumps(
            [
                {
                    "id": "eve",
                    "project_id": "other",
                    "created_at": "2026-10-01 00:00:00.000",
                    "last_seen_at": "2026-10-01 00:00:00.000",
                }
            ]
        )
        sandbox.behave(path="/insights/", status=200, body=body)
        summary = load(warehouse, sandbox, "profiles")
    assert verdicts(summary) == {"profiles": "failed"}
    assert "another project than web" in str(summary.lists[0].reason)
    assert ("profiles",) not in warehouse.query("SHOW TABLES")


def test_a_project_that_cannot_be_read_is_not_listed_either(warehouse: Warehouse) -> None:
    with world(event(1), profiles=[profile()]) as sandbox:
        # A read client would get its own profiles for the other project.
        summary = warehouse.sync(sandbox, project_id=["web", "empty"], lists=["profiles"])
    assert list(summary.failed_projects) == ["empty"]
    assert [one.project_id for one in summary.lists] == ["web"]


def test_a_table_of_somebody_else_is_left_alone(warehouse: Warehouse) -> None:
    with world(event(1), references=[reference(1)]) as sandbox:
        load(warehouse, sandbox)
        warehouse.change("CREATE TABLE groups (project_id VARCHAR, mine INTEGER)")
        assert load(warehouse, sandbox, "references").exit_code == 0
        sent = len(sandbox.requests)
        with pytest.raises(DestinationError, match="a table groups that this connector has not"):
            load(warehouse, sandbox, "groups")
        assert len(sandbox.requests) == sent
    assert warehouse.query("SELECT count(*) FROM duckdb_columns() WHERE table_name = 'groups'") == [
        (2,)
    ]


HOSTILE = [
    b'{"id":"half","projectId":"web","title":"\\ud800"}',
    b'{"id":"nul","projectId":"web","title":"a\\u0000b"}',
    b'{"id":5,"projectId":"web"}',
    b'{"id":"late","projectId":"web","date":"yesterday"}',
    b'"text"',
    b'{"id":"sql\'); DROP TABLE events; --","projectId":"web","title":"\\u001b[31m%s {x}"}',
]


def test_rows_that_cannot_be_read_are_left_out_and_said_to_be(
    warehouse: Warehouse, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    body = b'{"data":[%s]}' % b",".join(HOSTILE)
    with world(event(1)) as sandbox:
        sandbox.behave(path="/manage/references", status=200, body=body.decode())
        summary = load(warehouse, sandbox, "references")
    assert summary.exit_code == 0
    assert verdicts(summary) == {"references": "partial"}
    assert summary.lists[0].reason == "3 rows could not be read"
    assert warehouse.query('SELECT title FROM "references" ORDER BY id') == [
        ("\ufffd",),
        ("a\ufffdb",),
        ("\x1b[31m%s {x}",),
    ]
    assert "\x1b[31m" not in caplog.text


def test_privacy_settings_hold_for_lists(warehouse: Warehouse) -> None:
    hiding: dict[str, Any] = {
        "exclude_columns": ["references.description", "projects.domain"],
        "hash_columns": ["groups", "references.title", "profiles.email"],
        "drop_properties": ["token"],
        "hash_key": KEY,
        "erased_profiles": ["bob"],
    }
    with world(
        event(1, groups=["acme"]),
        references=[reference(1, title="Anna left", description="why")],
        projects={"web": {"domain": "https://anna.example"}},
        profiles=[profile("anna", email="anna@b.c", properties={"token": "x"}), profile("bob")],
        groups=[group("acme", name="Anna AB", properties={"token": "x", "plan": "pro"})],
    ) as sandbox:
        summary = load(warehouse, sandbox, *ALL, **hiding)
    assert verdicts(summary) == dict.fromkeys(ALL, "complete")
    [(title, description)] = warehouse.query('SELECT title, description FROM "references"')
    assert (len(title), description) == (64, None)
    assert warehouse.query("SELECT domain FROM projects") == [(None,)]
    [(group_id, name, properties)] = warehouse.query("SELECT id, name, properties FROM groups")
    assert warehouse.query("SELECT group_id FROM event_groups") == [(group_id,)]
    assert (len(group_id), len(name), json.loads(properties)) == (64, 64, {"plan": "pro"})
    [(profile_id, email, held)] = warehouse.query("SELECT id, email, properties FROM profiles")
    assert (profile_id, len(email), json.loads(held)) == ("anna", 64, {})


def test_an_erased_profile_goes_and_does_not_come_back(warehouse: Warehouse) -> None:
    with world(event(1), profiles=[profile("anna"), profile("bob")]) as sandbox:
        load(warehouse, sandbox, "profiles")
        assert ids(warehouse, "profiles") == ["anna", "bob"]
        settings = warehouse.settings(sandbox, lists=["profiles"], **ROOT)
        report = erase(warehouse.pipeline(), ["bob"], **settings, erased_profiles=["bob"])
        assert report.profiles == 1
        load(warehouse, sandbox, "profiles", erased_profiles=["bob"], reload=True)
    assert ids(warehouse, "profiles") == ["anna"]


def test_lists_wait_for_the_window_that_other_requests_have_used_up(
    warehouse: Warehouse,
) -> None:
    with world(event(1), references=[reference(1)], rate_limit=100, window_seconds=1) as sandbox:
        load(warehouse, sandbox)
        sandbox.spend(ROOT["client_id"], 30)
        summary = load(warehouse, sandbox, "references", "projects")
    assert verdicts(summary) == {"references": "complete", "projects": "complete"}


def test_a_server_that_is_down_fails_all_lists_and_no_event(warehouse: Warehouse) -> None:
    with world(event(1), references=[reference(1)]) as sandbox:
        sandbox.behave(path="/manage/", status=503)
        summary = load(warehouse, sandbox, *ALL)
        assert summary.events_loaded == 1
        assert verdicts(summary) == dict.fromkeys(ALL, "failed")
        sandbox.behave()
        later = load(warehouse, sandbox, *ALL, now=NOW + timedelta(hours=1))
    assert verdicts(later) == dict.fromkeys(ALL, "complete")


@pytest.mark.parametrize("server_date", ["2026-08", "2026-09s", "3"])
def test_newer_servers_list_alike(warehouse: Warehouse, server_date: str) -> None:
    many = [profile(f"p{n}", createdAt=f"2026-10-01T00:{n % 60:02d}:00.5Z") for n in range(120)]
    with world(
        event(1), references=[reference(1)], profiles=many, server_date=server_date
    ) as sandbox:
        summary = load(warehouse, sandbox, *ALL)
    assert verdicts(summary) == dict.fromkeys(ALL, "complete")
    assert len(ids(warehouse, "profiles")) == 120


@pytest.mark.parametrize("server_date", ["2026-08", "3"])
def test_ids_that_differ_in_case_or_begin_with_spaces_all_come_from_one_second(
    server_date: str, warehouse: Warehouse
) -> None:
    starts = (" a", "a", "A", " A", "a ", "\n")
    many = [profile(f"{starts[n % len(starts)]}{n // len(starts)}") for n in range(240)]
    with world(event(1), profiles=many, server_date=server_date) as sandbox:
        summary = load(warehouse, sandbox, "profiles")
    assert verdicts(summary) == {"profiles": "complete"}
    assert ids(warehouse, "profiles") == sorted(one["id"] for one in many)
