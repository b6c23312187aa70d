"""What make offers is listed, and the workflows run it with rights that are no larger than need."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import tomlkit
import yaml

ROOT = Path(__file__).parents[2]
GITHUB = ROOT / ".github"
WORKFLOWS = sorted((GITHUB / "workflows").glob("*.yml"))
FORMS = [GITHUB / "ISSUE_TEMPLATE" / name for name in ("bug.yml", "feature.yml")]
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
TARGETS = set(re.findall(r"^([a-z-]+):(?!=)", MAKEFILE, re.MULTILINE))
PROJECT: Any = tomlkit.parse((ROOT / "pyproject.toml").read_text(encoding="utf-8")).unwrap()
ADDRESS = PROJECT["project"]["urls"]["Source"]
FROM_MAKE = {"MAKEFLAGS", "MAKELEVEL", "MFLAGS"}
RIGHTS_TO_PUBLISH = {"id-token": "write", "attestations": "write"}


def read(path: Path) -> Any:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def jobs(workflow: Path) -> dict[str, Any]:
    found: dict[str, Any] = read(workflow)["jobs"]
    return found


def make(*options: str) -> list[str]:
    """What make prints, as if no other make had started it."""
    others = {name: value for name, value in os.environ.items() if name not in FROM_MAKE}
    done = subprocess.run(["make", *options], cwd=ROOT, env=others, capture_output=True, check=True)
    return done.stdout.decode().splitlines()


def test_make_help_lists_every_target_in_a_line() -> None:
    listed = [re.fullmatch(r"make ([a-z-]+) +\S.*", line) for line in make("help")]
    assert {line[1] for line in listed if line} == TARGETS
    assert all(listed)
    declared = re.search(r"^\.PHONY: ((?:.*\\\n)*.*)$", MAKEFILE, re.MULTILINE)
    assert declared is not None
    assert set(declared[1].replace("\\\n", " ").split()) == TARGETS


def test_make_alone_runs_the_demo() -> None:
    assert make("--dry-run")[-1].endswith("openpanel-source demo")


def test_clean_removes_the_file_that_the_demo_has_made() -> None:
    cleaned = " ".join(make("--dry-run", "clean"))
    assert {"openpanel_demo.duckdb", "openpanel_demo.duckdb.wal"} <= {*cleaned.split()}


def test_every_make_that_the_pages_and_workflows_name_is_there() -> None:
    pages = [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"), *GITHUB.rglob("*.md")]
    for path in [*pages, ROOT / ".ci" / "run", *WORKFLOWS]:
        text = path.read_text(encoding="utf-8")
        named = re.findall(r"(?:`|^|run: )make ([a-z][a-z-]*)", text, re.MULTILINE)
        assert set(named) <= TARGETS, path.name


def test_ci_runs_the_targets_that_the_script_of_the_checkout_runs() -> None:
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    workflow = (GITHUB / "workflows" / "ci.yml").read_text(encoding="utf-8")
    targets = set(re.findall(r"^make ([a-z-]+)$", script, re.MULTILINE))
    assert targets
    for target in {*targets, "dist", "newest"}:
        assert re.search(rf"make {target}$|target: .*\b{target}\b", workflow, re.MULTILINE), target


def test_ci_tests_the_versions_of_python_that_the_package_names() -> None:
    named = re.findall(r"Python :: (3\.\d+)", "\n".join(PROJECT["project"]["classifiers"]))
    assert jobs(GITHUB / "workflows" / "ci.yml")["test"]["strategy"]["matrix"]["python"] == named
    assert PROJECT["project"]["requires-python"] == f">={named[0]}"


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: str(path.name))
def test_a_workflow_has_rights_to_read_and_actions_of_a_named_version(workflow: Path) -> None:
    assert read(workflow)["permissions"] == {"contents": "read"}
    for name, job in jobs(workflow).items():
        rights = job.get("permissions")
        assert rights is None or (name == "publish" and rights == RIGHTS_TO_PUBLISH)
        for step in job.get("steps", []):
            if "uses" in step:
                assert re.search(r"@(v\d+|release/v\d+|[0-9a-f]{40})$", step["uses"])
            if step.get("uses", "").startswith("actions/checkout@"):
                assert step["with"]["persist-credentials"] is False


def test_who_may_publish_runs_no_code_of_the_checkout() -> None:
    steps = jobs(GITHUB / "workflows" / "release.yml")["publish"]["steps"]
    assert not [step for step in steps if "run" in step or "checkout" in step["uses"]]


def test_only_the_newest_versions_may_fail() -> None:
    mild = {
        name
        for name, job in jobs(GITHUB / "workflows" / "ci.yml").items()
        if job.get("continue-on-error")
    }
    assert mild == {"newest"}


@pytest.mark.parametrize("form", FORMS, ids=lambda path: str(path.stem))
def test_an_issue_form_is_one(form: Path) -> None:
    content = read(form)
    assert {"name", "description", "body"} <= content.keys()
    for field in content["body"]:
        assert field["type"] in {"markdown", "textarea", "input", "dropdown", "checkboxes"}
        assert "value" in field["attributes"] or "label" in field["attributes"]
    ids = [field["id"] for field in content["body"] if field["type"] != "markdown"]
    assert len(ids) == len(set(ids))


def test_the_project_has_one_address() -> None:
    for address in PROJECT["project"]["urls"].values():
        assert address.startswith(ADDRESS)
    for link in read(GITHUB / "ISSUE_TEMPLATE" / "config.yml")["contact_links"]:
        assert link["url"].startswith(ADDRESS)


def test_every_hook_is_a_program_of_the_checkout() -> None:
    for repository in read(ROOT / ".pre-commit-config.yaml")["repos"]:
        assert repository["repo"] == "local"
        for hook in repository["hooks"]:
            program = hook["entry"].split()[0]
            assert program.startswith(".venv/bin/")
            assert (Path(sys.executable).parent / Path(program).name).exists(), program
