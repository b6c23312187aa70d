"""``dlt init openpanel`` makes a project that loads."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import tomlkit

from tests.support.sandbox_world import CLIENT, NOW, SECRET, event, world

ROOT = Path(__file__).parents[2]


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A clone of what dlt copies from."""
    path = tmp_path / "repository"
    shutil.copytree(
        ROOT / "sources", path / "sources", ignore=shutil.ignore_patterns("__pycache__")
    )
    as_somebody = ["-c", "user.name=somebody", "-c", "user.email=somebody@example.com"]
    for arguments in (["init", "-q"], ["add", "."], [*as_somebody, "commit", "-qm", "Sources"]):
        subprocess.run(["git", *arguments], cwd=path, check=True)
    return path


def called(project: Path, call: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a function of the pipeline that was copied."""
    program = f"import openpanel_pipeline; print(openpanel_pipeline.{call})"
    return subprocess.run(
        [sys.executable, "-c", program],
        cwd=project,
        env=os.environ | {"DLT_DATA_DIR": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.long
def test_dlt_init_makes_a_project_that_asks_for_the_right_secrets_and_loads(
    repository: Path, tmp_path: Path
) -> None:
    project = tmp_path / "project"
    project.mkdir()
    dlt = Path(sys.executable).with_name("dlt")
    init = [str(dlt), "--yes", "init", "openpanel", "duckdb", "--location", str(repository)]
    made = subprocess.run(init, cwd=project, capture_output=True, text=True, check=False)
    assert made.returncode == 0, made.stdout + made.stderr
    assert "openpanel-source @ git+" in (project / "requirements.txt").read_text()
    secrets = tomlkit.parse((project / ".dlt" / "secrets.toml").read_text()).unwrap()
    config = tomlkit.parse((project / ".dlt" / "config.toml").read_text()).unwrap()
    assert secrets["sources"]["openpanel"].keys() == {"client_id", "client_secret"}
    assert "project_id" in config["sources"]["openpanel"]

    with world(event(1), event(2)) as sandbox:
        secrets["sources"]["openpanel"] = {"client_id": CLIENT, "client_secret": SECRET}
        one_client = secrets["sources"]["openpanel"]
        for number, (given, of_config) in enumerate(
            (
                (one_client, {"project_id": "web"}),
                ({"clients": {"web": one_client}}, {}),
            )
        ):
            secrets["sources"]["openpanel"] = given
            ours = {"base_url": sandbox.url, "now": NOW.isoformat()} | of_config
            config["sources"]["openpanel"] = ours
            (project / ".dlt" / "secrets.toml").write_text(tomlkit.dumps(secrets))
            (project / ".dlt" / "config.toml").write_text(tomlkit.dumps(config))
            for call in ("load_everything()", "load_one_run()"):
                ran = called(project, call, tmp_path / f"{call}{number}")
                assert ran.returncode == 0, ran.stdout + ran.stderr
        secrets["sources"]["openpanel"] = {}
        (project / ".dlt" / "secrets.toml").write_text(tomlkit.dumps(secrets))
        ran = called(project, "load_one_run()", tmp_path / "without")
        assert "client_id and client_secret are missing" in ran.stderr
    import duckdb

    with duckdb.connect(str(project / "openpanel_pipeline.duckdb"), read_only=True) as database:
        assert database.execute("SELECT count(*) FROM openpanel.events").fetchall() == [(2,)]
