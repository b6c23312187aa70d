"""Charts as a user of the command meets them."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest
from click.testing import CliRunner, Result

from openpanel_source.cli.main import main
from openpanel_source.sandbox import Sandbox
from tests.support.sandbox_world import CLIENT, NOW, SECRET, event, world

EXAMPLE = Path(__file__).parents[2] / "pipelines" / "charts.toml"
PAGE = Path(__file__).parents[2] / "docs" / "charts.md"


@pytest.fixture(autouse=True)
def sandbox(monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    with world(event(1, name="signup"), event(2)) as server:
        settings = {
            "client_id": CLIENT,
            "client_secret": SECRET,
            "project_id": "web",
            "base_url": server.url,
            "now": NOW.isoformat(),
        }
        for name, value in settings.items():
            monkeypatch.setenv(f"SOURCES__OPENPANEL__{name.upper()}", value)
        yield server


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, arguments)


def names() -> list[str]:
    with duckdb.connect("warehouse.duckdb") as connection:
        rows = connection.sql("SELECT name FROM openpanel.charts ORDER BY 1").fetchall()
    return [name for (name,) in rows]


def test_the_example_is_valid_and_loads() -> None:
    assert run("charts", "validate", str(EXAMPLE)).stdout.endswith("3 charts, all valid\n")
    result = run("sync", "--charts", str(EXAMPLE))
    assert result.exit_code == 0, result.output
    assert "points of charts" in result.stdout
    assert names() == ["paid_visitors", "sales", "signups_by_country"]


@pytest.mark.long
def test_charts_come_from_configuration_too(monkeypatch: pytest.MonkeyPatch) -> None:
    charts = [{"name": "sales", "series": ["purchase"], "range": "7d"}]
    monkeypatch.setenv("SOURCES__OPENPANEL__CHARTS", json.dumps(charts))
    assert run("charts", "list").stdout == "sales: purchase (event), each day\n  not loaded yet\n"
    assert run("sync").exit_code == 0
    assert names() == ["sales"]
    monkeypatch.setenv("SOURCES__OPENPANEL__CHARTS", str(EXAMPLE))
    assert "signups_by_country: signup (user) by country, each week" in run("charts", "list").stdout
    listed = json.loads(run("charts", "list", "--json").stdout)["charts"]
    assert listed[0]["resource"] == "chart_signups_by_country"


@pytest.mark.long
def test_configuration_files_hold_charts(tmp_path: Path) -> None:
    folder = tmp_path / ".dlt"
    folder.mkdir()
    (folder / "config.toml").write_text(
        '[[sources.openpanel.charts]]\nname = "sales"\nseries = ["purchase"]\nrange = "7d"\n'
    )
    # In a process of its own: dlt looks for its folder once.
    command = [sys.executable, "-m", "openpanel_source.cli", "sync"]
    assert subprocess.run(command, check=False, capture_output=True).returncode == 0
    assert names() == ["sales"]


def test_a_wrong_definition_is_one_sentence_and_nothing_is_loaded(tmp_path: Path) -> None:
    file = tmp_path / "charts.toml"
    file.write_text('[[charts]]\nname = "sales"\nseries = ["purchase"]\ninterval = "year"\n')
    for command in (["charts", "validate", str(file)], ["sync", "--charts", str(file)]):
        result = run(*command)
        assert result.exit_code == 2
        assert "chart 'sales': interval 'year' is not allowed" in result.stderr
    assert not Path("warehouse.duckdb").exists() or not Path("warehouse.duckdb").stat().st_size


@pytest.mark.long
def test_a_chart_that_fails_is_named_and_the_command_exits_1(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SOURCES__OPENPANEL__TIMEZONE", "America/New_York")
    charts = [
        {"name": "wrong", "series": ["purchase"], "range": "30d"},
        {"name": "sales", "series": ["purchase"], "range": "30d", "timezone": "UTC"},
    ]
    monkeypatch.setenv("SOURCES__OPENPANEL__CHARTS", json.dumps(charts))
    result = run("sync")
    assert result.exit_code == 1
    assert "CHART FAILED wrong" in result.stdout
    told = "timezone 'America/New_York' is not the one of the organisation"
    assert (result.stdout + result.stderr).count(told) == 1
    assert "settings (UTC or Africa/Abidjan would fit" in result.stderr
    summary = json.loads(run("sync", "--json").stdout)
    assert list(summary["failed_charts"]) == ["wrong"]
    assert names() == ["sales", "wrong"]


@pytest.mark.long
def test_a_list_says_which_charts_are_loaded_and_up_to_when(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    charts = [
        {"name": "sales", "series": ["purchase"], "range": "7d"},
        {"name": "wrong", "series": ["purchase"], "range": "7d", "timezone": "America/New_York"},
    ]
    monkeypatch.setenv("SOURCES__OPENPANEL__CHARTS", json.dumps(charts))
    listed = run("charts", "list")
    assert "there is no database" in listed.stderr
    assert "  not loaded yet" in listed.stdout
    assert run("sync").exit_code == 1
    lines = run("charts", "list").stdout.splitlines()
    # The day that is running is loaded as far as it has gone.
    assert lines[:2] == [
        "sales: purchase (event), each day",
        f"  web: loaded up to {NOW:%Y-%m-%d %H:%M} UTC",
    ]
    assert lines[3].startswith("  web: not loaded; the last sync could not read it: ")
    charts = [{"name": "sales", "series": ["signup"], "range": "7d"}]
    monkeypatch.setenv("SOURCES__OPENPANEL__CHARTS", json.dumps(charts))
    lines = run("charts", "list").stdout.splitlines()
    assert lines[1].endswith("; defined otherwise then, so it is read anew")
    assert lines[2] == "wrong: not defined here"
    told = json.loads(run("charts", "list", "--json").stdout)
    assert [one["name"] for one in told["not_defined"]] == ["wrong"]
    [sales] = told["charts"]
    [loaded] = sales["loaded"]
    assert (loaded["project_id"], loaded["is_as_defined"]) == ("web", False)


@pytest.mark.long
def test_the_question_of_the_docs_tells_projects_and_running_weeks_apart(
    sandbox: Sandbox,
) -> None:
    sandbox.add([event(3, name="signup", createdAt="2026-11-23T10:00:00.000Z")])
    question = PAGE.read_text("utf-8").partition("```sql\n")[2].partition("```")[0]
    assert run("sync", "--charts", str(EXAMPLE)).exit_code == 0
    with duckdb.connect("warehouse.duckdb") as connection:
        asked = connection.sql(question)
        weeks = {row[1][:10]: row[-1] for row in asked.fetchall()}
        assert asked.columns[0] == "project_id"
    newest = max(weeks)
    assert weeks.pop(newest) is True
    assert set(weeks.values()) == {False}
