"""Events whose names and profiles OpenPanel 3 may take for something else, and filters."""

from __future__ import annotations

from typing import Any

from tests.support.sandbox_world import event

PROFILES = ["anna", "007", "7", "a,b", "true", "null", "12345678901234567890"]
NAMES = ["purchase", "404", "true", "null", '["x"]', "a,b", "a", "b", "10.00", "10"]


def rows() -> list[dict[str, Any]]:
    """One event for each name (1 …), and one for each id of a profile (101 …)."""
    of_names = [event(n, name=name) for n, name in enumerate(NAMES, 1)]
    of_profiles = [
        event(n, profileId=name, deviceId=f"device{n}", name="view", properties=properties(name))
        for n, name in enumerate(PROFILES, 101)
    ]
    return of_names + of_profiles


def properties(name: str) -> dict[str, str]:
    return {"new": "true" if name == "anna" else "false", "price": "10.00", "it's": name}


def one(name: str, operator: str, *values: Any, **more: Any) -> list[Any]:
    return [{"name": name, "operator": operator, "value": list(values), **more}]
