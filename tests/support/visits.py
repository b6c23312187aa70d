"""Visits of two days, and the command that makes models of them."""

from __future__ import annotations

from typing import Any

import duckdb
from click.testing import Result

from openpanel_source.models.definitions import NAMES
from tests.support.command import run as run_command
from tests.support.sandbox_world import NOW, event

DATABASE = "warehouse.duckdb"
CAMPAIGN = {
    "__query.utm_source": "news",
    "__query.utm_medium": "email",
    "__query.utm_campaign": "june",
}


def visit(first: int, *names: str, **values: Any) -> list[dict[str, Any]]:
    """A session, one event a second, named after the number of its first event."""
    return [
        event(number, name=name, **{"sessionId": f"s{first}"} | values)
        for number, name in enumerate(names, first)
    ]


EVENTS = [
    *visit(1, "session_start", "screen_view", path="/pricing", referrer="https://www.google.com/"),
    event(3, name="screen_view", sessionId="s1", path="/product/1", properties=CAMPAIGN),
    event(4, sessionId="s1", path="/thanks", revenue=1200, profileId="bert"),
    event(5, name="session_end", sessionId="s1", properties={"__bounce": "0"}, profileId="bert"),
    *visit(10, "screen_view", path="/", country="\0\0", city="", os="", createdAt=NOW.isoformat()),
    *visit(20, "signup", sessionId="", deviceId="", profileId="server"),
]


def run(*arguments: str) -> Result:
    """The command, with a warehouse in the test's folder."""
    return run_command(*arguments, "--database", DATABASE)


def query(sql: str, *parameters: Any) -> list[tuple[Any, ...]]:
    with duckdb.connect(DATABASE) as connection:
        connection.execute("SET TimeZone = 'UTC'; USE openpanel")
        return connection.execute(sql, parameters).fetchall()


def made(kind: str = "BASE TABLE") -> list[str]:
    rows = query("SELECT table_name, table_type FROM information_schema.tables")
    return sorted(name for name, type_ in rows if type_ == kind and name in NAMES)
