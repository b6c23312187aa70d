"""The command ``example``."""

from __future__ import annotations

from pathlib import Path

import click

from openpanel_source.cli.group import Command

_FILES = {
    "airflow": "airflow_dag.py",
    "charts": "charts.toml",
    "cron": "crontab",
    "dagster": "dagster_definitions.py",
    "dask": "dask_backfill.py",
    "github": "github_actions.yml",
    "prefect": "prefect_flow.py",
    "python": "nightly_sync.py",
    "spark": "spark_backfill.py",
}
_PACKAGE = Path(__file__).parents[2]


@click.command(cls=Command)
@click.argument("name", type=click.Choice(list(_FILES)), metavar="NAME")
@click.option(
    "--output",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Write it there, unless the file exists; a folder gets it under its own name.",
)
def command(name: str, output: Path | None) -> None:
    """Print a pipeline to copy: for an orchestrator, cron, a script, or charts to load.

    NAME is airflow, charts, cron, dagster, dask, github, prefect, python or spark.
    """
    text = _source(_FILES[name]).read_text(encoding="utf-8")
    if output is None:
        click.echo(text, nl=False)
        return
    path = output / _FILES[name] if output.is_dir() else output
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise click.UsageError(f"{path} exists; name another --output, or remove it.") from None
    except OSError as error:
        raise click.UsageError(f"{path} cannot be written: {error.strerror}.") from None
    click.echo(f"Wrote {path}.")


def _source(file: str) -> Path:
    """Where an example lies: in the installed package, or in the checkout that is run."""
    installed = _PACKAGE / "pipelines" / file
    return installed if installed.exists() else _PACKAGE.parent / "pipelines" / file
