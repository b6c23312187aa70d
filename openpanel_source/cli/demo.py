"""The demo and the sandbox command."""

from __future__ import annotations

import json
import os
import shlex
import tempfile
from pathlib import Path
from typing import Any

import click
import duckdb

from openpanel_source.cli.commands import DEMO_DATABASE
from openpanel_source.cli.progress import show_progress
from openpanel_source.cli.reports import print_summary
from openpanel_source.cli.streams import drawable
from openpanel_source.cli.views import make_views
from openpanel_source.destinations.pipelines import check_database, open_pipeline
from openpanel_source.errors import DestinationError, InvalidSettingError
from openpanel_source.model.text import printable
from openpanel_source.operations.sync import sync
from openpanel_source.sandbox import Dataset, Sandbox, load_dataset
from openpanel_source.sandbox.dataset import Accounts, Client, Project
from openpanel_source.sandbox.demo.catalog import SITES
from openpanel_source.sandbox.demo.generate import DEMO_CLIENT_ID, DEMO_CLIENT_SECRET, generate

_PROJECTS = """
SELECT project_id AS project, count(*) AS events,
  count(DISTINCT nullif(session_id, '')) AS sessions, count(DISTINCT device_id) AS devices,
  sum(revenue) / 100 AS revenue
FROM events GROUP BY 1 ORDER BY 1
"""
_CAMPAIGNS = """
SELECT coalesce(campaign, '(none)') AS campaign, count(*) AS sessions,
  round(100 * count(*) FILTER (revenue > 0) / count(*), 1) AS "buyers %",
  round(sum(revenue) / 100 / count(*), 2) AS "revenue a session"
FROM sessions WHERE project_id = 'acme-shop' GROUP BY 1 ORDER BY 3 DESC
"""
_LEDGER = """
SELECT project_id AS project, verdict, count(*) AS days, sum(total_count) AS counted,
  sum(rows_received) AS received, sum(distinct_ids) AS loaded
FROM sync_days GROUP BY ALL ORDER BY ALL
"""
_QUESTIONS = (
    ("What came", _PROJECTS),
    ("Which campaigns sell", _CAMPAIGNS),
    ("The proof: what the server counted, what was received, what was loaded", _LEDGER),
)


def run_demo(*, events: int, days: int, seed: int, database: str) -> int:
    """Generate data, serve it, sync it into a fresh DuckDB file, show it.

    Returns:
        The exit code of the sync.

    Raises:
        ConfigurationError: An option is not allowed, or the file cannot be replaced.
    """
    check_database(database)
    dataset = _generated(events, days, seed)
    rows = sum(map(len, dataset.events.values()))
    _remove(Path(database))
    with (
        tempfile.TemporaryDirectory(prefix="openpanel-demo-") as folder,
        Sandbox(dataset, rate_limit=None) as server,
    ):
        click.echo(f"Sandbox server with {rows:,} events at {server.url}, syncing into {database}")
        # A demo leaves nothing behind but its database.
        os.environ["DLT_DATA_DIR"] = folder
        pipeline = open_pipeline(database=database)
        with show_progress() as on_day:
            summary = sync(
                pipeline,
                on_day=on_day,
                project_id=[project.id for project in dataset.accounts.projects],
                client_id=DEMO_CLIENT_ID,
                client_secret=DEMO_CLIENT_SECRET,
                base_url=server.url,
            )
        print_summary(summary)
        make_views(pipeline)
    _show(database)
    return summary.exit_code


def _show(database: str) -> None:
    with _opened(Path(database)) as connection:
        for title, query in _QUESTIONS:
            click.echo(drawable(f"\n{title}\n{connection.sql(query)}".rstrip()))
    click.echo(
        f"\nNow yours: duckdb {database}, or set client_id, client_secret and project_id and run"
        " openpanel-source sync."
    )


def _generated(events: int, days: int, seed: int) -> Dataset:
    try:
        return generate(events=events, days=days, seed=seed)
    except ValueError as error:
        raise InvalidSettingError(str(error)) from None


def _opened(database: Path) -> duckdb.DuckDBPyConnection:
    """A connection that reads the demo's dataset, whatever the file is called."""
    connection = duckdb.connect()
    path = str(database).replace("'", "''")
    connection.execute(f"ATTACH '{path}' AS demo (READ_ONLY)")
    connection.execute("USE demo.openpanel")
    return connection


def _is_demo(database: Path) -> bool:
    """Whether a file holds what the demo loads and nothing else."""
    try:
        with _opened(database) as connection:
            found = connection.execute("SELECT DISTINCT project_id FROM sync_days").fetchall()
    except duckdb.Error:
        return False
    return {project for (project,) in found} <= {site.id for site in SITES}


def _remove(database: Path) -> None:
    """Make room for the demo's file.

    Raises:
        DestinationError: The file may be somebody's data, or cannot be removed.
    """
    if database.name != DEMO_DATABASE and database.is_file() and not _is_demo(database):
        raise DestinationError(
            f"{database} is there and was not made by the demo, which would replace it; name"
            " another file with --database."
        )
    for path in (database, database.with_name(f"{database.name}.wal")):
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            raise DestinationError(
                f"{path} cannot be replaced ({error.strerror}); name another file with --database."
            ) from None


def run_sandbox(
    *,
    port: int,
    dataset: str | None,
    events: int,
    days: int,
    seed: int,
    server_date: str | None,
    rate_limit: int | None,
) -> None:
    """Serve until interrupted; prints the address, and how to read from there, when ready.

    Raises:
        ConfigurationError: An option is not allowed.
    """
    data = _loaded(Path(dataset)) if dataset else _generated(events, days, seed)
    try:
        server = Sandbox(
            data, port=port, server_date=server_date, rate_limit=rate_limit or "default"
        )
        server.start()
    except (ValueError, OSError, OverflowError) as error:
        raise InvalidSettingError(f"the sandbox cannot start: {error}") from None
    click.echo(f"listening on {server.url}")
    click.echo(_settings_of(server.url, data.accounts, dataset), err=True)
    try:
        server.serve_forever()
    finally:
        server.stop()


def _settings_of(url: str, accounts: Accounts, folder: str | None) -> str:
    """What to paste into a shell, for the command to read the sandbox; no secret of a dataset."""
    clients = [client for client in accounts.clients if client.secret and client.type != "write"]
    # A root client that is bound to no project reads all of its organisation.
    client = max(clients, key=lambda one: (one.type == "root", one.project is None), default=None)
    settings: dict[str, Any] = {"BASE_URL": url}
    if client is not None:
        settings["CLIENT_ID"] = client.id
        settings["CLIENT_SECRET"] = client.secret if folder is None else "..."
        settings["PROJECT_ID"] = json.dumps(
            [project.id for project in accounts.projects if _reads(client, project)]
        )
    secrets = f"; secrets are in {folder}/accounts.json" if folder else ""
    lines = [f"# for another terminal, then openpanel-source sync --database FILE{secrets}"]
    for name, value in settings.items():
        lines.append(f"export SOURCES__OPENPANEL__{name}={shlex.quote(value)}")
    return "\n".join(printable(line, 4000) for line in lines)


def _reads(client: Client, project: Project) -> bool:
    if client.type == "root":
        return project.organization == client.organization
    return project.id == client.project


def _loaded(folder: Path) -> Dataset:
    try:
        return load_dataset(folder)
    except (OSError, ValueError) as error:
        raise InvalidSettingError(
            f"{folder} is no dataset folder ({error}); it holds accounts.json and"
            " PROJECT.events.jsonl.gz files."
        ) from None
