"""The rows of ``profiles`` that a warehouse holds."""

from __future__ import annotations

import json
from typing import Any

from tests.support.warehouse import Warehouse

COLUMNS = {
    "project_id": "projectId",
    "id": "id",
    "email": "email",
    "avatar": "avatar",
    "first_name": "firstName",
    "last_name": "lastName",
    "is_external": "isExternal",
    "properties": "properties",
    "groups": "groups",
    "created_at": "createdAt",
    "last_seen_at": "lastSeenAt",
}


def rows_of(warehouse: Warehouse, table: str, columns: dict[str, str]) -> list[dict[str, Any]]:
    names = ", ".join(columns)
    found = [
        dict(zip(columns, values, strict=True))
        for values in warehouse.query(f"SELECT {names} FROM {table} ORDER BY ALL")
    ]
    for row in found:
        for name in ("properties", "groups"):
            if isinstance(row.get(name), str):
                row[name] = json.loads(row[name])
    return found


def profiles(warehouse: Warehouse) -> dict[str, dict[str, Any]]:
    found = rows_of(warehouse, "profiles", COLUMNS)
    assert len(found) == len({row["id"] for row in found})
    return {row["id"]: row for row in found}
