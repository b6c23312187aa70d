"""The server that the warehouse of an earlier version was loaded from, and what it was asked then.

It needs nothing but the package: a release is tried with it in an empty environment.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from openpanel_source.charts.definition import Chart
from openpanel_source.operations.audit import audit
from openpanel_source.operations.status import read_status
from openpanel_source.operations.sync import sync
from openpanel_source.sandbox import Sandbox
from openpanel_source.sandbox.dataset import Accounts, Client, Dataset, Organization, Project
from tests.support.sandbox_world import NOW, Row, event, profile
from tests.support.warehouse import Warehouse

FOLDER = Path(__file__).parents[1] / "data" / "old_warehouse"
ROOT = "11111111-1111-4111-8111-111111111111"
PROJECTS = ("web", "shop", "blog")


def _events(project: str, first: int) -> list[Row]:
    """Four events a day from 8 to 23 November, one of them without a place in the warehouse."""
    rows = []
    for day in range(8, 24):
        for number in range(4):
            key = first + 10 * day + number
            values = {
                "projectId": project,
                "createdAt": f"2026-11-{day:02d}T0{number}:00:00.000Z",
                "name": ("purchase", "screen_view")[number % 2],
                "profileId": f"person-{number}",
                "properties": {"total": str(key), "plan": "pro", "deep.a.0": "1"},
                "groups": ["acme"] if number else [],
                "revenue": key,
            }
            if (day, number) == (11, 3):
                values["_raw"] = json.dumps(event(key, **values) | {"longitude": "x"})
            rows.append(event(key, **values))
    return rows


@contextmanager
def old_world() -> Iterator[Sandbox]:
    """The server that the old warehouse was loaded from, as it was then."""
    accounts = Accounts(
        organizations=[Organization("acme", "UTC")],
        projects=[Project(name, "acme") for name in PROJECTS],
        clients=[Client(ROOT, "root", "acme", None, "sec_root")],
    )
    events = {name: _events(name, 1000 * n) for n, name in enumerate(PROJECTS)}
    profiles = {name: [profile("person-1", projectId=name)] for name in PROJECTS}
    with Sandbox(Dataset(accounts, events, profiles), rate_limit=None, now=lambda: NOW) as sandbox:
        yield sandbox


def settings_of(sandbox: Sandbox, **more: Any) -> dict[str, Any]:
    """What the old warehouse was loaded with."""
    return {
        "project_id": ["web", "shop"],
        "client_id": ROOT,
        "client_secret": "sec_root",
        "base_url": sandbox.url,
        "backoff_seconds": 0.001,
        "max_outage": 0,
        "now": NOW,
        "charts": [Chart("sales", ["purchase"], ["country"], start="2026-11-01")],
        "properties": {"total": "double", "plan": "text"},
        "hash_columns": ["profile_id"],
        "hash_key": "the key of the old warehouse",
        "include_profiles": True,
    } | more


def answers(warehouse: Warehouse, sandbox: Sandbox) -> dict[str, Any]:
    """What ``status``, ``audit`` and a quiet night say of a warehouse, as JSON values."""
    before = len(sandbox.requests)
    night = sync(warehouse.pipeline(), **settings_of(sandbox))
    requests = len(sandbox.requests) - before
    report = audit(warehouse.pipeline(), deep=True, **settings_of(sandbox))
    figures = ("days_read", "days_unchanged", "days_adopted", "events_loaded", "chart_points")
    return {
        "night": {name: getattr(night, name) for name in figures} | {"requests": requests},
        "audit": {"days": report.days, "differences": [str(d) for d in report.differences]},
        "status": [_lasting(status.as_dict()) for status in read_status(warehouse.pipeline())],
    }


def _lasting(status: dict[str, Any]) -> dict[str, Any]:
    # What proofs are was not known when the answers were written down.
    return {name: value for name, value in status.items() if name not in ("last_read", "proofs")}


def change_as_before(sandbox: Sandbox) -> None:
    """Do to a fresh server what was done to it while the old warehouse was loaded."""
    sandbox.add([event(9001, projectId="web", createdAt="2026-11-09T12:00:00.000Z")])
    sandbox.remove(["00000000-0000-4000-8000-000000001091"])
