"""The commands and their options. Heavy imports happen inside: ``--help`` answers at once."""

from __future__ import annotations

import gc
import sys
from typing import Any

import click

from openpanel_source.cli.group import Group
from openpanel_source.cli.options import (
    COUNT,
    busy_option,
    deletions_option,
    given_options,
    json_option,
    range_options,
    source_options,
    target_options,
)

DEMO_DATABASE = "openpanel_demo.duckdb"


@click.group(cls=Group, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="openpanel-source")
@click.option("-v", "--verbose", is_flag=True, help="Log what happens, to stderr.")
@click.option(
    "--log-format",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="Form of what goes to stderr; json is one object a line.",
)
def main(verbose: bool, log_format: str) -> None:
    """Load OpenPanel events into DuckDB or any other dlt destination, and prove nothing was lost.

    Credentials and settings come from .dlt/secrets.toml, .dlt/config.toml or the environment
    (SOURCES__OPENPANEL__CLIENT_ID, SOURCES__OPENPANEL__CLIENT_SECRET, ...).

    Exit codes: 0 done and verified, 1 failed, 2 wrong usage or configuration, 3 loaded but not
    verified, 130 interrupted by Ctrl-C, 141 nobody reads what it prints, 143 stopped by SIGTERM.
    """
    from openpanel_source.cli.logs import configure_logs

    # Most objects of this process are modules being imported: looking for garbage among them each
    # 700 objects takes a tenth of the time of a sync that finds nothing new.
    gc.set_threshold(50_000)
    configure_logs(verbose=verbose, as_json=log_format == "json")


@main.command()
@click.option("--events", type=COUNT, default=50_000, show_default=True, help="Events to generate.")
@click.option("--days", default=60, show_default=True, help="Days they spread over.")
@click.option("--seed", default=1, show_default=True, help="Same seed, same data.")
@click.option(
    "--database",
    type=click.Path(),
    default=DEMO_DATABASE,
    show_default=True,
    help="DuckDB file; that of an earlier demo is replaced.",
)
def demo(events: int, days: int, seed: int, database: str) -> None:
    """Load a generated shop and blog from a local sandbox server, and show what came."""
    from openpanel_source.cli.demo import run_demo

    sys.exit(run_demo(events=events, days=days, seed=seed, database=database))


@main.command()
@source_options
@json_option
def check(project_id: tuple[str, ...], base_url: str | None, as_json: bool) -> None:
    """Check address, credentials, projects, server generation and rate limit."""
    from openpanel_source.cli.reports import run_check

    sys.exit(
        run_check(given_options(project_id=list(project_id), base_url=base_url), as_json=as_json)
    )


@main.command()
@source_options
@range_options
@target_options
@click.option("--max-runtime", type=float, metavar="SECONDS", help="Begin no day after that.")
@busy_option
@click.option("--piece", metavar="NAME", help="Load as a piece of that name; see partitions.")
@click.option("--reload", is_flag=True, default=None, help="Read complete days again.")
@deletions_option
@click.option(
    "--include-profiles", is_flag=True, default=None, help="Load the profiles of events as well."
)
@click.option(
    "--include-event-meta",
    is_flag=True,
    default=None,
    help="Load what the dashboard says of events as well.",
)
@click.option(
    "--property",
    "properties",
    multiple=True,
    metavar="KEY=TYPE",
    help="Make a column of a key of the properties, beside those configured; repeat for several.",
)
@click.option(
    "--charts",
    type=click.Path(),
    metavar="FILE",
    help="TOML or YAML file of charts to load as well.",
)
@click.option("--views", is_flag=True, help="Create the views as well; see the command views.")
@json_option
def sync(
    destination: str,
    database: str | None,
    dataset: str,
    max_runtime: float | None,
    busy_timeout: float,
    piece: str | None,
    views: bool,
    as_json: bool,
    project_id: tuple[str, ...],
    properties: tuple[str, ...],
    **settings: Any,
) -> None:
    """Load every day that is new, open or not yet proven; nothing that is complete."""
    from openpanel_source.cli.reports import run_sync
    from openpanel_source.destinations.pipelines import PIPELINE_NAME, open_pipeline

    pipeline = open_pipeline(
        destination, database, dataset, name=PIPELINE_NAME if piece is None else piece
    )
    given = given_options(project_id=list(project_id), max_runtime=max_runtime, **settings)
    if properties:
        from openpanel_source.cli.properties import given_properties

        given["properties"] = given_properties(properties)
    given |= {"busy_timeout": busy_timeout}
    sys.exit(run_sync(pipeline, given, with_views=views, as_json=as_json))


@main.command()
@source_options
@click.option("--start-date", help="First UTC day.  [default: the first day with events]")
@click.option("--end-date", help="Last UTC day.  [default: yesterday]")
@click.option("--events-per-piece", type=int, help="Size of a piece.  [default: 500,000]")
@click.option("--pieces", type=int, help="About how many pieces to make, instead.")
@json_option
def partitions(as_json: bool, project_id: tuple[str, ...], **settings: Any) -> None:
    """Cut a backfill into pieces of about equal size, for several workers to load."""
    from openpanel_source.cli.reports import run_partitions

    given = given_options(project_id=list(project_id), **settings)
    sys.exit(run_partitions(given, as_json=as_json))


@main.command()
@source_options
@range_options
@target_options
@click.option("--deep", is_flag=True, help="Count every day alone.")
@click.option("--repair", is_flag=True, help="Read the days that differ again.")
@deletions_option
@busy_option
@json_option
def audit(
    destination: str,
    database: str | None,
    dataset: str,
    deep: bool,
    repair: bool,
    as_json: bool,
    project_id: tuple[str, ...],
    **settings: Any,
) -> None:
    """Count source against warehouse, day by day, and name what differs."""
    from openpanel_source.cli.reports import run_audit
    from openpanel_source.destinations.pipelines import open_pipeline

    pipeline = open_pipeline(destination, database, dataset, must_exist=True, to_write=repair)
    given = given_options(project_id=list(project_id), **settings)
    sys.exit(run_audit(pipeline, given, deep=deep, repair=repair, as_json=as_json))


@main.command()
@click.argument("profiles", nargs=-1, required=True, metavar="PROFILE...")
@source_options
@target_options
@deletions_option
@busy_option
@json_option
def erase(
    profiles: tuple[str, ...],
    destination: str,
    database: str | None,
    dataset: str,
    as_json: bool,
    project_id: tuple[str, ...],
    **settings: Any,
) -> None:
    """Read the days that hold a profile again without it, and everything that is new.

    PROFILE is the id of a profile or a device, or its hash, that stands in erased_profiles.
    """
    from openpanel_source.cli.reports import run_erase
    from openpanel_source.destinations.pipelines import open_pipeline

    pipeline = open_pipeline(destination, database, dataset, must_exist=True)
    given = given_options(project_id=list(project_id), **settings)
    sys.exit(run_erase(pipeline, given, profiles, as_json=as_json))


@main.group()
def charts() -> None:
    """Check and show the definitions of charts."""


@charts.command(cls=click.Command)
@click.argument("file", type=click.Path())
def validate(file: str) -> None:
    """Check a TOML or YAML file of charts; asks no server."""
    from openpanel_source.cli.charts import run_validate

    run_validate(file)


@charts.command(name="list")
@click.option("--charts", "file", type=click.Path(), metavar="FILE", help="The file of charts.")
@json_option
def list_charts(file: str | None, as_json: bool) -> None:
    """Show the charts of a file, or else those of dlt's configuration."""
    from openpanel_source.cli.charts import run_list

    run_list(file, as_json=as_json)


@main.command()
@target_options
@json_option
def status(destination: str, database: str | None, dataset: str, as_json: bool) -> None:
    """Show freshness, days and verdicts of what was loaded, from the warehouse alone."""
    from openpanel_source.cli.reports import run_status
    from openpanel_source.destinations.pipelines import open_to_look

    with open_to_look(destination, database, dataset) as pipeline:
        run_status(pipeline, as_json=as_json)


@main.command()
@target_options
@click.option(
    "--limit", type=COUNT, default=100_000, show_default=True, help="Events to look at, the newest."
)
@click.option(
    "--keys", type=COUNT, default=50, show_default=True, help="Keys to show, the most frequent."
)
@json_option
def properties(
    destination: str, database: str | None, dataset: str, limit: int, keys: int, as_json: bool
) -> None:
    """Show which keys the properties of loaded events have, and a mapping that makes columns."""
    from openpanel_source.cli.properties import run_properties
    from openpanel_source.destinations.pipelines import open_to_look

    with open_to_look(destination, database, dataset) as pipeline:
        run_properties(pipeline, limit=limit, most=keys, as_json=as_json)


@main.command(cls=click.Command)
@click.option("--port", default=0, help="Port on 127.0.0.1; 0 picks a free one.")
@click.option("--dataset", type=click.Path(), help="Folder with accounts.json and rows.")
@click.option("--events", default=50_000, show_default=True, help="Events to generate.")
@click.option("--days", default=60, show_default=True, help="Days they spread over.")
@click.option("--seed", default=1, show_default=True, help="Same seed, same data.")
@click.option("--server-date", metavar="DATE", help="Play the server of a month, or OpenPanel 3.")
@click.option("--rate-limit", type=COUNT, help="Requests per 10 s.  [default: as the server]")
def sandbox(
    port: int,
    dataset: str | None,
    events: int,
    days: int,
    seed: int,
    server_date: str | None,
    rate_limit: int | None,
) -> None:
    """Serve an Export API like OpenPanel's on this machine, for trying things and for tests."""
    from openpanel_source.cli.demo import run_sandbox

    run_sandbox(
        port=port,
        dataset=dataset,
        events=events,
        days=days,
        seed=seed,
        server_date=server_date,
        rate_limit=rate_limit,
    )
