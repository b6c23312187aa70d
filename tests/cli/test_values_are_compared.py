"""``audit --values`` tells which values differ, hides what is private, and repairs."""

from __future__ import annotations

import csv
import re
from typing import Any

import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from openpanel_source.cli.main import main
from tests.support.command import fails, run
from tests.support.sandbox_world import CLIENT, NOW, SECRET, event, world
from tests.support.warehouse import Warehouse


@pytest.mark.long
def test_values_that_differ_are_told_written_and_repaired(
    warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    def run(*arguments: str) -> Any:
        to = ["--database", str(warehouse.path), "--project-id", "web"]
        return CliRunner().invoke(main, ["audit", *to, "--values", "--all", *arguments])

    settings = {"client_id": CLIENT, "client_secret": SECRET, "now": NOW.isoformat()}
    for name, value in (settings | {"hash_columns": "device_id", "hash_key": "k" * 20}).items():
        monkeypatch.setenv(f"SOURCES__OPENPANEL__{name.upper()}", value)
    with world(event(1), event(2)) as sandbox:
        monkeypatch.setenv("SOURCES__OPENPANEL__BASE_URL", sandbox.url)
        to = ["--database", str(warehouse.path), "--project-id", "web"]
        assert CliRunner().invoke(main, ["sync", *to]).exit_code == 0
        warehouse.change("UPDATE events SET city = 'Os\x1blo', device_id = 'device'")
        found = run("--diff", "all.csv")
        assert found.exit_code == 3
        assert re.search(r"audit --values --days (\S+)\.\.\1 --repair", found.stdout)
        assert "value, city (server: 'Stockholm', held: 'Os\\x1blo')" in found.stdout
        assert "not hidden, device_id (server: '(hidden)', held: '(hidden)')" in found.stdout
        with open("all.csv", newline="", encoding="utf-8") as file:
            assert len(list(csv.DictReader(file))) == 4
        assert run("--diff", "all.txt").exit_code == 2
        repaired = run("--repair", "--diff", "left.parquet")
        assert repaired.exit_code == 0
        assert "read again, and are equal now" in repaired.stdout
        assert pq.read_table("left.parquet").num_rows == 0
        assert "0 differ, on 0 days" in run().stdout


@pytest.mark.parametrize("options", [("--days", "x"), ("--days", "2026-11-02..2026-11-01")])
def test_days_that_are_none_are_refused_before_any_work(options: tuple[str, ...]) -> None:
    refused = CliRunner().invoke(main, ["audit", "--project-id", "web", "--values", *options])
    assert refused.exit_code == 2


@pytest.mark.parametrize("options", [["--all"], ["--sample", "3"], ["--seed", "1"]])
def test_options_of_values_need_values(options: list[str]) -> None:
    refused = CliRunner().invoke(main, ["audit", "--project-id", "web", *options])
    assert refused.exit_code == 2
    assert "need --values; add it" in refused.output


@pytest.mark.parametrize("chance", [["--sample", "3"], ["--seed", "1"]])
@pytest.mark.parametrize("which", [["--all"], ["--days", "2026-11-01"]])
def test_days_are_chosen_by_chance_or_not(chance: list[str], which: list[str]) -> None:
    options = ["audit", "--project-id", "web", "--values", *chance, *which]
    refused = CliRunner().invoke(main, options)
    assert refused.exit_code == 2
    assert "leave one out" in refused.output


@pytest.mark.parametrize("days", ["x", "0", "2026-11-01..2026-11-02"])
def test_days_without_values_are_a_number(days: str) -> None:
    fails(run("audit", "--days", days), 2, "write a number of days, or FROM..TO with --values")
