"""What an orchestrator reads of the command: its logs, its exit codes, its partitions."""

from __future__ import annotations

import json
from typing import Any

import pytest

from openpanel_source.sandbox import Sandbox
from tests.support.own_process import run
from tests.support.sandbox_world import SECRET

pytestmark = pytest.mark.sampled(10)


def test_logs_are_one_json_object_a_line(sandbox: Sandbox) -> None:
    code, _, errors = run(sandbox, "--log-format", "json", "sync")
    assert code == 0
    lines = [json.loads(line) for line in errors.splitlines()]
    assert {"time", "level", "message", "run_id", "project_id", "day"} <= lines[-1].keys()
    assert {line["run_id"] for line in lines} == {lines[0]["run_id"]}
    assert (lines[-1]["project_id"], lines[-1]["days_left"]) == ("web", 0)


def test_an_error_is_a_line_of_the_log_as_well(sandbox: Sandbox) -> None:
    arguments = ("--log-format", "json", "sync", "--project-id", "other")
    code, output, errors = run(sandbox, *arguments)
    assert (code, output) == (2, "")
    (line,) = [json.loads(line) for line in errors.splitlines()]
    assert (line["level"], line["kind"]) == ("error", "ProjectAccessError")
    assert SECRET not in errors


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["sync", "--max-days-per-run", "many"], "'many' is not a valid integer"),
        (["sync", "--nonsense"], "No such option"),
        (["nonsense"], "No such command 'nonsense'"),
        (["charts", "nonsense"], "No such command 'nonsense'"),
        (["charts", "list", "more"], "Got unexpected extra argument (more)"),
        ([], "Missing command"),
    ],
)
def test_wrong_usage_is_a_line_of_the_log_as_well(
    sandbox: Sandbox, arguments: list[str], message: str
) -> None:
    code, output, errors = run(sandbox, "--log-format", "json", *arguments)
    assert (code, output) == (2, "")
    (line,) = [json.loads(line) for line in errors.splitlines()]
    assert line["level"] == "error"
    assert message in line["message"]


def test_without_a_terminal_progress_is_lines_of_the_log(sandbox: Sandbox) -> None:
    _, _, errors = run(sandbox, "sync")
    assert " INFO openpanel_source.progress: web 2026-11-10 " in errors


@pytest.mark.long
def test_partitions_are_planned_and_loaded_by_command(sandbox: Sandbox) -> None:
    _, output, _ = run(sandbox, "partitions", "--count", "2", "--json")
    found: list[dict[str, Any]] = json.loads(output)["partitions"]
    assert [partition["events"] for partition in found] == [21, 18]
    for partition in found:
        days = ("--start-date", partition["start"], "--end-date", partition["end"])
        code, output, errors = run(sandbox, "sync", "--partition", partition["name"], *days)
        assert code == 0, errors
    code, output, _ = run(sandbox, "sync")
    assert "Took over 13 days that other pipelines had loaded." in output
    assert "Loaded 3 events of 1 day " in output
    _, output, _ = run(sandbox, "partitions")
    assert output.startswith("openpanel_web_20261110_20261122: web 2026-11-10 to 2026-11-22, 39")
