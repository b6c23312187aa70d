"""A small world with what the dashboard lists."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from openpanel_source.sandbox import Sandbox
from tests.support.sandbox_world import NOW, Row, dataset
from tests.support.warehouse import Warehouse

ROOT = {"client_id": "11111111-1111-4111-8111-111111111111", "client_secret": "sec_root"}
ALL = ["references", "projects", "profiles", "groups"]


def reference(number: int, **values: Any) -> Row:
    """A reference in API form; those with higher numbers are newer."""
    made = f"2026-11-01T00:{number // 60:02d}:{number % 60:02d}.000Z"
    row: Row = {
        "id": f"00000000-0000-4000-9000-{number:012d}",
        "title": f"Launch {number}",
        "description": None,
        "date": "2026-11-10T09:00:00.250Z",
        "projectId": "web",
        "createdAt": made,
        "updatedAt": made,
    }
    return row | values


def group(group_id: str, **values: Any) -> Row:
    """A group in API form."""
    row: Row = {
        "id": group_id,
        "projectId": "web",
        "type": "company",
        "name": f"The {group_id}",
        "properties": {"plan": "pro"},
        "createdAt": "2026-09-01T00:00:00.000Z",
        "updatedAt": "1970-01-01T00:00:00.001Z",
    }
    return row | values


@contextmanager
def world(*events: Row, **settings: Any) -> Iterator[Sandbox]:
    """A running sandbox that holds these events, and lists what is given."""
    names = ("references", "groups", "projects", "profiles")
    given = {name: settings.pop(name) for name in names if name in settings}
    held = replace(
        dataset(*events, profiles=given.get("profiles")),
        references={"web": given.get("references", [])},
        groups={"web": given.get("groups", [])},
        projects=given.get("projects", {}),
    )
    with Sandbox(held, **({"rate_limit": None, "now": lambda: NOW} | settings)) as sandbox:
        yield sandbox


def load(warehouse: Warehouse, sandbox: Sandbox, *lists: str, **settings: Any) -> Any:
    """Sync the events and these lists, with a root client unless another one is given."""
    return warehouse.sync(sandbox, lists=list(lists), **(ROOT | settings))


def verdicts(summary: Any) -> dict[str, str]:
    """The verdict of each list of the one project."""
    return {one.list_name: one.verdict.value for one in summary.lists}


def ids(warehouse: Warehouse, table: str) -> list[str]:
    """The ids that a table holds."""
    return [str(one) for (one,) in warehouse.query(f'SELECT id FROM "{table}" ORDER BY id')]
