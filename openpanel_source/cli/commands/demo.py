"""The command ``demo``."""

from __future__ import annotations

import os
import shlex
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import click

from openpanel_source.cli.commands.sandbox import generated
from openpanel_source.cli.group import Command, progress_wanted
from openpanel_source.cli.options import COUNT
from openpanel_source.cli.stopping import stop_on_signals
from openpanel_source.cli.streams import drawable
from openpanel_source.cli.summary import print_models, print_summary
from openpanel_source.cli.to_paste import command_line
from openpanel_source.errors import DestinationError
from openpanel_source.model.conditions import literal

if TYPE_CHECKING:
    import duckdb

_DATABASE = "openpanel_demo.duckdb"
_PROJECTS = """
SELECT project_id AS project, count(*) AS events,
  count(DISTINCT nullif(session_id, '')) AS sessions, count(DISTINCT device_id) AS devices,
  sum(revenue) FILTER (name = 'revenue') / 100 AS revenue
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


@click.command(cls=Command)
@click.option("--events", type=COUNT, default=50_000, show_default=True, help="Events to generate.")
@click.option("--days", default=60, show_default=True, help="Days they spread over.")
@click.option("--seed", default=1, show_default=True, help="Same seed, same data.")
@click.option(
    "--database",
    type=click.Path(),
    default=_DATABASE,
    show_default=True,
    help="DuckDB file; that of an earlier demo is replaced.",
)
def command(events: int, days: int, seed: int, database: str) -> None:
    """Load a generated shop and blog from a local sandbox server, and show what came."""
    from openpanel_source.destinations.pipelines import check_database, open_pipeline
    from openpanel_source.operations.sync import sync
    from openpanel_source.sandbox import Sandbox
    from openpanel_source.sandbox.demo.generate import DEMO_CLIENT_ID, DEMO_CLIENT_SECRET

    check_database(database)
    dataset = generated(events, days, seed)
    rows = sum(map(len, dataset.events.values()))
    _remove(Path(database))
    with (
        tempfile.TemporaryDirectory(prefix="openpanel-demo-") as folder,
        Sandbox(dataset, rate_limit=None) as server,
        stop_on_signals() as stop,
    ):
        click.echo(f"Sandbox server with {rows:,} events at {server.url}, syncing into {database}")
        # A demo leaves nothing behind but its database.
        os.environ["DLT_DATA_DIR"] = folder
        pipeline = open_pipeline(database=database)
        summary = sync(
            pipeline,
            progress=progress_wanted(),
            models=True,
            project_id=[project.id for project in dataset.accounts.projects],
            client_id=DEMO_CLIENT_ID,
            client_secret=DEMO_CLIENT_SECRET,
            base_url=server.url,
            stop=stop,
        )
        print_summary(summary)
        if summary.models:
            print_models(summary.models)
    if summary.stopped:
        sys.exit(stop.exit_code)
    _show(database)
    sys.exit(summary.exit_code)


def _show(database: str) -> None:
    with _opened(Path(database)) as connection:
        for title, query in _QUESTIONS:
            click.echo(drawable(f"\n{title}\n{connection.sql(query)}".rstrip()))
    ask = command_line("shell --database", shlex.quote(database))
    click.echo(f"\nAsk more: {ask}\nThen yours: {command_line('init')}, and {command_line('sync')}")


def _opened(database: Path) -> duckdb.DuckDBPyConnection:
    """A connection that reads the demo's dataset, whatever the file is called."""
    import duckdb

    connection = duckdb.connect()
    connection.execute(f"ATTACH {literal(str(database))} AS demo (READ_ONLY)")
    connection.execute("USE demo.openpanel")
    return connection


def _is_demo(database: Path) -> bool:
    """Whether a file holds what the demo loads and nothing else."""
    import duckdb

    from openpanel_source.sandbox.demo.catalog import SITES

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
    if database.name != _DATABASE and database.is_file() and not _is_demo(database):
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
