"""Whoever has installed the package has the pipelines to copy as well."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from openpanel_source.cli.main import main

PIPELINES = Path(__file__).parents[2] / "pipelines"


def example(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(main, ["example", *arguments])
    return result.exit_code, result.output


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("airflow", "airflow_dag.py"),
        ("dagster", "dagster_definitions.py"),
        ("dask", "dask_backfill.py"),
        ("prefect", "prefect_flow.py"),
        ("spark", "spark_backfill.py"),
        ("github", "github_actions.yml"),
        ("cron", "crontab"),
        ("python", "nightly_sync.py"),
        ("charts", "charts.toml"),
    ],
)
def test_an_example_is_printed_as_it_was_tested(name: str, file: str) -> None:
    assert example(name) == (0, (PIPELINES / file).read_text(encoding="utf-8"))


def test_every_pipeline_of_the_checkout_can_be_had(tmp_path: Path) -> None:
    names = example("--help")[1]
    for path in PIPELINES.iterdir():
        if path.is_file():
            assert (
                path.stem.split("_")[0].replace("crontab", "cron").replace("nightly", "python")
                in names
            )


def test_an_example_is_written_under_its_own_name_and_never_over_a_file(tmp_path: Path) -> None:
    code, text = example("airflow", "--output", str(tmp_path))
    assert (code, (tmp_path / "airflow_dag.py").exists()) == (0, True)
    assert "airflow_dag.py" in text
    (tmp_path / "airflow_dag.py").write_text("mine")
    code, text = example("airflow", "--output", str(tmp_path))
    assert code == 2
    assert "exists" in text
    assert (tmp_path / "airflow_dag.py").read_text() == "mine"


def test_a_folder_that_is_not_there_is_said(tmp_path: Path) -> None:
    code, text = example("cron", "--output", str(tmp_path / "none" / "crontab"))
    assert code == 2
    assert "cannot be written" in text
