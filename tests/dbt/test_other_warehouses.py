"""What dbt would send to BigQuery and Snowflake is SQL of theirs; no server is asked."""

from __future__ import annotations

import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import agate
import pytest
import sqlglot
import yaml
from dbt.adapters.bigquery import BigQueryAdapter
from dbt.adapters.snowflake import SnowflakeAdapter
from sqlglot import exp

from tests.dbt.conftest import Project

ADAPTERS = {"bigquery": BigQueryAdapter, "snowflake": SnowflakeAdapter}
PROFILES: dict[str, dict[str, Any]] = {
    "bigquery": {
        "type": "bigquery",
        "method": "oauth-secrets",
        "token": "none",
        "project": "acme",
        "schema": "dbt",
    },
    "snowflake": {
        "type": "snowflake",
        "account": "acme",
        "user": "anna",
        "password": "none",
        "database": "ACME",
        "warehouse": "small",
        "schema": "DBT",
    },
}
HOOK = re.compile(r'"(\{\{ openpanel\.[^"]*\}\})"')
MARK = "-- a hook"


@pytest.fixture(params=PROFILES)
def project(request: pytest.FixtureRequest, tmp_path: Path) -> Project:
    """Its models are followed by their hooks, which are not compiled otherwise."""
    made = Project(tmp_path / "shop", PROFILES[request.param])
    for path in (made.package / "models").rglob("*.sql"):
        text = path.read_text()
        hooks = HOOK.findall(text)
        path.write_text("".join([text, *(f"\n{MARK}\n{hook}\n" for hook in hooks)]))
    return made


def offline(monkeypatch: pytest.MonkeyPatch, warehouse: str, *, is_built: bool) -> None:
    """Have an adapter find all tables, or none, and a day in each list, without a connection."""
    adapter: Any = ADAPTERS[warehouse]

    def relation(self: Any, database: str, schema: str, identifier: str) -> Any:
        made = self.Relation.create(database, schema, identifier, type="table")
        return made if is_built else None

    days = agate.Table([("2026-11-01", "2026-11-03")], ["first_date", "last_date"])
    monkeypatch.setattr(adapter, "get_relation", relation)
    monkeypatch.setattr(adapter, "get_columns_in_relation", lambda *_: [SimpleNamespace(name="ID")])
    monkeypatch.setattr(adapter, "execute", lambda *_, **__: ("OK", days))


def statements(project: Project, *options: str, **variables: Any) -> dict[str, list[str]]:
    """The compiled SQL of each node: what it selects, and what its hooks do."""
    done = project.dbt("compile", "--no-populate-cache", *options, **variables)
    return {
        result.node.name: [part.strip() for part in result.node.compiled_code.split(MARK)]
        for result in done.result.results
        if result.node.resource_type in ("model", "test") and result.node.compiled_code
    }


@pytest.mark.parametrize("is_built", [False, True], ids=["made", "brought up to date"])
def test_every_statement_is_of_the_dialect(
    project: Project, monkeypatch: pytest.MonkeyPatch, is_built: bool
) -> None:
    profiles = yaml.safe_load((project.folder / "profiles.yml").read_text())
    dialect = profiles["shop"]["outputs"]["dev"]["type"]
    offline(monkeypatch, dialect, is_built=is_built)
    used = {"openpanel_using_event_meta": is_built, "openpanel_using_profiles": True}
    found = statements(project, openpanel_timezone="Europe/Stockholm", **used)
    assert len(found) > 30
    for name, (select, *hooks) in found.items():
        assert isinstance(parsed(select, dialect), exp.Query), name
        kinds = [type(parsed(hook, dialect)) for hook in hooks if hook]
        assert set(kinds) <= {exp.Insert, exp.Delete}, name
    deletes = [name for name, parts in found.items() if any("delete from" in it for it in parts)]
    assert len(deletes) == (10 if is_built else 1)
    assert ("2026-11-02" in found["openpanel__sessions"][0]) == is_built


def parsed(statement: str, dialect: str) -> Any:
    found = sqlglot.parse_one(statement, dialect=dialect)
    assert not list(found.find_all(exp.Command))
    return found
