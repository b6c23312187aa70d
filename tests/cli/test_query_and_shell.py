"""Query and shell: the warehouse asked in SQL, without any other tool, and never changed."""

from __future__ import annotations

import csv
import io
import json
import os
import shlex
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from openpanel_source.cli.answers import MOST_ROWS
from openpanel_source.sandbox import Sandbox
from tests.support.command import COMMAND, fails, run
from tests.support.postgres import PostgresWarehouse, postgres, postgres_url
from tests.support.sandbox_world import event
from tests.support.terminal import Terminal

__all__ = ["postgres", "postgres_url"]

pytestmark = pytest.mark.sampled(12)

HOSTILE = "\x1b[31mred\x07\u202e\nline"


@pytest.fixture(params=["duckdb", "postgres"])
def loaded(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Options that name a warehouse of three events."""
    sandbox: Sandbox = request.getfixturevalue("sandbox")
    sandbox.add([event(7, name=HOSTILE)])
    options: list[str] = []
    if request.param == "postgres":
        warehouse: PostgresWarehouse = request.getfixturevalue("postgres")
        monkeypatch.setenv("DESTINATION__POSTGRES__CREDENTIALS", warehouse.url)
        options = ["--destination", "postgres"]
    assert run("sync", *options).exit_code == 0
    return options


def test_a_table_is_found_with_its_dataset_and_without(loaded: list[str]) -> None:
    for table in ("events", "openpanel.events"):
        result = run(
            "query", *loaded, f"SELECT project_id AS project, count(*) AS n FROM {table} GROUP BY 1"
        )
        assert result.exit_code == 0, result.output
        assert result.stdout.splitlines() == ["project  n", "-------  -", "web      4", "(1 row)"]


@pytest.mark.parametrize(
    "sql",
    [
        "DELETE FROM events",
        "DROP TABLE events",
        "CREATE TABLE mine AS SELECT 1 AS n",
        "SELECT 1; DELETE FROM events",
        "UPDATE events SET name = 'x'",
    ],
)
def test_the_database_refuses_whatever_writes(loaded: list[str], sql: str) -> None:
    fails(run("query", *loaded, sql), 2, "the database refuses it", "read-only")
    assert "4" in run("query", *loaded, "SELECT count(*) AS n FROM events").stdout


def test_a_sync_ends_with_a_query_that_runs(loaded: list[str]) -> None:
    said = run("sync", "--reload", *loaded).stdout
    shown = run(*shlex.split(said.splitlines()[-1])[1:])
    assert shown.exit_code == 0, shown.output
    assert "2026-11-10" in shown.stdout


def test_a_commit_does_not_open_postgres_for_writing(loaded: list[str]) -> None:
    sql = "SELECT 1; COMMIT; DELETE FROM events"
    assert run("query", *loaded, sql).exit_code == 2
    assert "4" in run("query", *loaded, "SELECT count(*) AS n FROM events").stdout


def test_what_is_wrong_in_sql_is_said_in_one_sentence(loaded: list[str]) -> None:
    fails(run("query", *loaded, "SELECT nothing FROM events"), 2, "the database refuses it")
    fails(run("query", *loaded, "SELEC 1"), 2, "the database refuses it")
    fails(run("query", *loaded, "SELECT 1 / 0::int FROM nowhere"), 2, "nowhere")
    fails(run("query", *loaded, " ; "), 2, "there is no SQL")


def test_a_table_that_is_not_there_is_told_with_how_to_get_it(loaded: list[str]) -> None:
    for table, words in (
        ("sessions", "does not exist; openpanel-source models makes it"),
        ("openpanel.sessions", "does not exist; openpanel-source models makes it"),
        ("profiles", "does not exist; openpanel-source sync --lists profiles loads it"),
        ("chart_points", "openpanel-source sync --charts FILE loads it"),
        ("event", "does not exist; did you mean events?"),
        ("openpanl.events", "events"),
    ):
        fails(run("query", *loaded, f"SELECT * FROM {table}"), 2, words)
    assert run("models", *loaded).exit_code == 0
    assert run("query", *loaded, "SELECT * FROM sessions").exit_code == 0


def test_hostile_values_are_escaped_in_tables_and_exact_for_programs(loaded: list[str]) -> None:
    sql = (
        "SELECT name, NULL AS nothing, '' AS empty, 1.5 AS n, TRUE AS yes"
        " FROM events WHERE name LIKE '%red%'"
    )
    table = run("query", *loaded, sql).stdout
    assert "\\x1b[31mred\\x07\\u202e\\nline" in table
    assert "NULL" in table
    text = run("query", *loaded, "--csv", sql).stdout
    assert list(csv.reader(io.StringIO(text)))[1] == [HOSTILE, "", "", "1.5", "true"]
    assert ',,"",' in text
    [row] = json.loads(run("query", *loaded, "--json", sql).stdout)
    assert row == {"name": HOSTILE, "nothing": None, "empty": "", "n": 1.5, "yes": True}


def test_values_of_all_kinds_are_text_and_json(loaded: list[str]) -> None:
    sql = (
        "SELECT created_at, event_date, properties, NULL AS none, 12345678901234567890 AS big"
        " FROM events WHERE name LIKE '%red%'"
    )
    [row] = json.loads(run("query", *loaded, "--json", sql).stdout)
    assert row["created_at"].endswith("+00:00")
    assert row["event_date"] == row["created_at"][:10]
    assert row["big"] == 12345678901234567890
    assert "+00:00" in run("query", *loaded, sql).stdout


def test_names_that_come_twice_are_told_apart_in_json() -> None:
    run("sync")
    assert json.loads(run("query", "--json", "SELECT 1 AS a, 2 AS a, 3 AS b").stdout) == [
        {"a": 1, "a_2": 2, "b": 3}
    ]
    assert run("query", "--json", "SELECT 1 AS a WHERE false").stdout == "[]\n"


def test_a_query_comes_from_stdin_as_well() -> None:
    run("sync")
    command = [*COMMAND, "query", "-", "--csv"]
    done = subprocess.run(
        command, input="SELECT 41 + 1 AS n;\n", capture_output=True, text=True, check=False
    )
    assert done.stdout == "n\n42\n", done.stderr


def test_a_table_shows_the_first_rows_and_csv_and_json_all(loaded: list[str]) -> None:
    sql = f"SELECT n FROM generate_series(1, {MOST_ROWS * 5}) AS t(n)"
    shown = run("query", *loaded, sql).stdout.splitlines()
    assert len(shown) == MOST_ROWS + 3
    assert "--csv" in shown[-1]
    assert len(run("query", *loaded, "--csv", sql).stdout.splitlines()) == MOST_ROWS * 5 + 1
    assert len(json.loads(run("query", *loaded, "--json", sql).stdout)) == MOST_ROWS * 5


def test_other_destinations_are_asked_with_their_own_tools() -> None:
    os.environ["DESTINATION__FILESYSTEM__BUCKET_URL"] = str(Path("lake").resolve())
    try:
        fails(run("query", "--destination", "filesystem", "SELECT 1"), 2, "only DuckDB and")
    finally:
        del os.environ["DESTINATION__FILESYSTEM__BUCKET_URL"]


def test_a_warehouse_that_is_not_there_or_busy_is_named() -> None:
    fails(run("query", "SELECT 1"), 2, "there is no database", "sync")
    run("sync")
    holder = (
        "import duckdb, sys; connection = duckdb.connect('warehouse.duckdb');"
        " print('held', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", holder], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"held\n"
        fails(run("query", "--busy-timeout", "0.2", "SELECT 1"), 1, "another process holds")
        process.communicate(b"")


def test_a_shell_needs_a_terminal() -> None:
    run("sync")
    fails(run("shell"), 2, "shell is for a terminal", "query -")


@pytest.fixture
def shell(loaded: list[str]) -> Iterator[Terminal]:
    terminal = Terminal("shell", *loaded)
    yield terminal
    terminal.kill()


def test_a_shell_answers_query_after_query_and_says_what_is_wrong(shell: Terminal) -> None:
    begin = shell.until("openpanel> ")
    assert "events" in begin
    assert "Not made yet: sessions, " in begin
    shell.type("SELECT count(*) AS n\n")
    shell.until("...> ")
    shell.type("FROM events;\n")
    assert "4" in shell.until("(1 row)")
    shell.type("SELECT * FROM nowhere;\n")
    shell.until("not exist; there are ")
    shell.until("openpanel> ")
    # More than fits, one below the other.
    shell.type("SELECT * FROM events ORDER BY name DESC LIMIT 1;\n")
    shown = shell.until("(1 row)")
    assert "-- 1 --" in shown
    assert "project_id" in shown
    shell.type("DELETE FROM events;\n")
    shell.until("read-only")
    shell.until("openpanel> ")
    shell.type("SELECT chr(27) || 'x' AS e;\n")
    assert "\\x1bx" in shell.until("(1 row)")
    shell.until("openpanel> ")
    shell.type("\x04")
    assert shell.ended() == 0


def test_ctrl_c_drops_what_is_typed_and_stops_a_query(shell: Terminal) -> None:
    shell.until("openpanel> ")
    shell.type("SELECT half\n")
    shell.until("...> ")
    shell.type("\x03")
    shell.until("openpanel> ")
    series = "generate_series(1, 10000000)"
    shell.type(f"SELECT count(*) FROM {series} a, {series} b;\n")
    time.sleep(1)
    shell.type("\x03")
    assert "nterrupted" in shell.until("openpanel> ")
    shell.type("SELECT 5 * 5 AS n;\n")
    assert "25" in shell.until("(1 row)")
    shell.until("openpanel> ")
    shell.type("exit\n")
    assert shell.ended() == 0


def test_csv_on_a_terminal_moves_no_cursor() -> None:
    run("sync")
    terminal = Terminal("query", "--csv", "SELECT chr(27) || '[2J' AS e")
    assert "\\x1b[2J" in terminal.until("[2J")
    assert terminal.ended() == 0
