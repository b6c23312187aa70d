"""A warehouse that an earlier version has loaded goes on as if nothing had changed."""

from __future__ import annotations

import gzip
import json
import subprocess
from datetime import timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest
from packaging.version import Version

from openpanel_source import create_report
from openpanel_source.operations.sync import sync
from tests.support.old_world import FOLDER, answers, change_as_before, old_world, settings_of
from tests.support.postgres import PostgresWarehouse, postgres, postgres_url, programs_of_postgres
from tests.support.sandbox_world import NOW, event
from tests.support.warehouse import Warehouse

__all__ = ["postgres", "postgres_url"]


@pytest.fixture
def duckdb_of_old(tmp_path: Path) -> Warehouse:
    if Version(duckdb.__version__).major < 2:
        pytest.skip("DuckDB 2, which wrote the file, is not there for this Python")
    warehouse = Warehouse(tmp_path)
    warehouse.path.write_bytes(gzip.decompress((FOLDER / "warehouse.duckdb.gz").read_bytes()))
    return warehouse


@pytest.fixture
def postgres_of_old(postgres: PostgresWarehouse) -> PostgresWarehouse:
    sql = gzip.decompress((FOLDER / "warehouse.sql.gz").read_bytes())
    psql: list[Any] = [
        programs_of_postgres() / "psql",
        "--quiet",
        "--set=ON_ERROR_STOP=1",
        postgres.url,
    ]
    subprocess.run(psql, input=sql, check=True, stdout=subprocess.DEVNULL)
    return postgres


@pytest.fixture(params=["duckdb", "postgres"])
def old(request: pytest.FixtureRequest) -> Any:
    return request.getfixturevalue(f"{request.param}_of_old")


def test_a_report_is_made_of_it(old: Warehouse) -> None:
    numbers = create_report(old.pipeline(), now=NOW).numbers
    days = {row[0]: row[3] for row in numbers["scopes"][""]["proof_summary"]}
    assert days == {"shop": 16, "web": 16}
    assert sum(row[1] for row in numbers["scopes"][""]["events"]) == 126


@pytest.mark.sampled(2)
def test_status_audit_and_a_quiet_night_say_what_they_said(old: Warehouse) -> None:
    expected = json.loads((FOLDER / "answers.json").read_text())
    before = old.query("SELECT project_id, id, total FROM events ORDER BY id")
    with old_world() as sandbox:
        change_as_before(sandbox)
        said = json.loads(json.dumps(answers(old, sandbox), default=str))
    assert said["night"].pop("requests") <= expected["night"].pop("requests")
    for project in said["status"]:
        # That version did not say these yet.
        later = [project.pop(name) for name in ("asked_since", "unread_days", "differing_days")]
        assert later == [None, [], []]
    assert said == expected
    assert old.query("SELECT project_id, id, total FROM events ORDER BY id") == before


def test_what_was_loaded_in_part_was_adopted_and_hashed_and_rejected(old: Warehouse) -> None:
    reasons = "SELECT count(*) FROM sync_days WHERE reason = 'adopted'"
    assert old.query(reasons) == [(14,)]
    assert old.query("SELECT count(*) FROM rejected_events") == [(2,)]
    assert old.query("SELECT count(DISTINCT profile_id), min(length(profile_id)) FROM events") == [
        (5, 64)
    ]
    assert old.query("SELECT count(*) FROM events WHERE total > 0") == [(125,)]


@pytest.mark.sampled(2)
def test_a_changed_day_is_replaced_and_the_others_stay(old: Warehouse) -> None:
    changed = event(9_002, projectId="shop", createdAt="2026-11-10T20:00:00.000Z")
    with old_world() as sandbox:
        change_as_before(sandbox)
        sandbox.add([changed])
        sandbox.remove(["00000000-0000-4000-8000-000000001102"])
        sandbox.add([event(9_003, projectId="shop", createdAt="2026-11-10T21:00:00.000Z")])
        night = sync(old.pipeline(), **settings_of(sandbox))
        assert night.is_verified
        assert (night.days_read, night.events_loaded) == (1, 5)
    sql = "SELECT count(*) FROM events WHERE project_id = 'shop' AND event_date = DATE '2026-11-10'"
    assert old.query(sql) == [(5,)]
    assert old.query("SELECT count(*) FROM events") == [(127,)]


@pytest.mark.long
def test_its_old_days_are_listed_again_and_what_differs_is_read(old: Warehouse) -> None:
    later = NOW + timedelta(days=1)
    with old_world() as sandbox:
        change_as_before(sandbox)
        sandbox.remove(["00000000-0000-4000-8000-000000001102"])
        sandbox.add([event(9_003, projectId="shop", createdAt="2026-11-10T00:00:00.000Z")])
        settings = settings_of(sandbox, now=later, scrub_requests=100, charts=None)
        found = sync(old.pipeline(), **settings).scrub
        assert found is not None
        assert (found.days, len(found.differing), found.failure) == (29, 1, "")
        assert old.query("SELECT count(*) FROM day_proofs") == [(29,)]
        again = sync(old.pipeline(), **settings).scrub
        assert again is not None
        assert (again.days, again.differing) == (0, [])
