"""What is printed of the models: their SQL for other warehouses, which says what it says here."""

from __future__ import annotations

import json
import re
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest
import sqlglot
from sqlglot import exp

from openpanel_source.models.definitions import DIALECTS, NAMES
from openpanel_source.sandbox import Sandbox
from tests.support.sandbox_world import event
from tests.support.visits import DATABASE, made, query, run

pytestmark = [pytest.mark.sampled(20), pytest.mark.usefixtures("configured")]


def plain(row: tuple[Any, ...]) -> str:
    """A row as text, in which a date is its midnight, as DuckDB has it of most functions."""
    return str([f"{value} 00:00:00" if type(value) is date else str(value) for value in row])


def tables(select: exp.Select) -> set[str]:
    """The names that the tables of a SELECT have in it."""
    sources = [select.args.get("from_") or select.args["from"], *select.args.get("joins", ())]
    return {source.this.alias_or_name for source in sources}


@pytest.mark.parametrize("dialect", DIALECTS[2:])
def test_in_a_warehouse_of_the_cloud_they_parse_and_say_what_they_say_here(
    dialect: str, sandbox: Sandbox
) -> None:
    """Each statement is read as the warehouse would, and what it says is asked of DuckDB."""
    zone = ["--timezone", "Europe/Stockholm"]
    # Two Sundays, the second of which is a Monday in Stockholm, and sessions of milliseconds.
    times = ["2026-11-15T12:00:00.250Z", "2026-11-22T23:30:00.125Z", "2026-11-22T23:30:01.500Z"]
    for number, time in enumerate(times, 50):
        sandbox.add([event(number, name="screen_view", sessionId=f"s{time[8:10]}", createdAt=time)])
    run("sync")
    assert run("models", "--views", *zone).exit_code == 0
    command = ["models", "--print", "--dialect", dialect, "--dataset", "cloud", *zone]
    printed = run(*command).stdout
    assert "EPOCH" not in printed
    # It would begin on a day of the session's choice.
    assert not re.search(r"\bWEEK\b", printed)
    separator = "___" if dialect == "clickhouse" else "."
    statements = [
        "CREATE SCHEMA cloud",
        f"CREATE VIEW cloud{separator}events AS FROM openpanel.events",
    ]
    for statement in sqlglot.parse(printed, read=dialect):
        assert isinstance(statement, exp.Create)
        for grouped in statement.find_all(exp.Select):
            # To some, GROUP BY would mean the column that has the name of a table.
            assert not grouped.args.get("group") or not tables(grouped) & set(grouped.named_selects)
        for settings in statement.expression.args.pop("settings", None) or ():
            assert "= 1" in settings.sql(dialect)
        # What SQLGlot leaves as it is.
        sql = statement.sql("duckdb").replace("TEXT(MAX)", "TEXT")
        statements.append(sql)
    with duckdb.connect(DATABASE) as connection:
        connection.execute("SET TimeZone = 'UTC'; USE openpanel")
        for sql in statements:
            connection.execute(sql)
        for name in NAMES:
            here = connection.execute(f"FROM openpanel.{name}").fetchall()
            there = connection.execute(f"FROM cloud{separator}{name}").fetchall()
            assert sorted(map(plain, there)) == sorted(map(plain, here)), name
            assert here


def test_their_sql_is_printed_for_those_dialects_that_were_checked() -> None:
    run("sync")
    printed = run("models", "--print").stdout
    query(printed)
    assert made("VIEW") == sorted(NAMES)
    page = (Path(__file__).parents[2] / "docs" / "models.md").read_text(encoding="utf-8")
    for dialect in DIALECTS:
        assert f"`{dialect}`" in page
        assert run("models", "--print", "--dialect", dialect).exit_code == 0
    for dialect in ("sqlite", "klingon"):
        refused = run("models", "--print", "--dialect", dialect)
        assert refused.exit_code == 2
        assert "'snowflake'" in refused.stderr


def test_the_names_of_the_models_are_printed_as_json() -> None:
    run("sync")
    made = json.loads(run("models", "--json").stdout)
    assert (made["models"], made["kind"], made["rebuilt"]) == ([*NAMES], "table", True)
