"""Load OpenPanel with Prefect 3: each night what is new, and on demand years in parallel.

Copy this file and run it: it serves both flows. Settings come from .dlt/ or the environment, as
everywhere. How many partitions load at a time, over all machines, is a global concurrency limit:
``prefect gcl create openpanel --limit 4``, or 1 for a DuckDB file.
"""

from typing import Any

import dlt
from prefect import flow, serve, task
from prefect.artifacts import create_markdown_artifact
from prefect.concurrency.sync import concurrency
from prefect.task_runners import ProcessPoolTaskRunner

from openpanel_source import ConfigurationError, create_report, partitions, read_status, sync

DESTINATION = "duckdb"  # any dlt destination; backfills from many workers want a server
REPORT = "openpanel-report.html"  # where people find it; from DuckDB, PostgreSQL and files
WORKERS = 4  # processes of a backfill on this machine
RETRY_SECONDS = [60, 300, 900]


def warehouse(name: str = "openpanel") -> dlt.Pipeline:
    return dlt.pipeline(name, destination=DESTINATION, dataset_name="openpanel")


def may_pass(task: Any, run: Any, state: Any) -> bool:
    """Whether trying again may help: not where the configuration has to change."""
    return not isinstance(state.data, ConfigurationError)


@task(
    task_run_name="{name}",
    retries=len(RETRY_SECONDS),
    retry_delay_seconds=RETRY_SECONDS,
    retry_condition_fn=may_pass,
)
def load(name: str, settings: dict[str, Any]) -> dict[str, Any]:
    """Sync; what was read before a failure is committed, so a retry resumes."""
    with concurrency("openpanel"):
        summary = sync(warehouse(name), **settings)
    if summary.failed_projects:
        # The others are loaded; the retry reads what is left.
        raise RuntimeError(f"projects that failed: {summary.failed_projects}")
    return summary.as_dict()


@task
def report() -> None:
    """Show what the ledger says of each project, and the report; that is a page at REPORT, too."""
    rows = [
        f"| {it.project_id} | {it.events:,} | {it.first_day} | {it.last_day} | {it.last_read}"
        f" | {it.verdicts} | {', '.join(map(str, it.unproven_days)) or 'none'} |"
        for it in read_status(warehouse())
    ]
    head = "| project | events | first day | last day | last read | verdicts | not verified |"
    create_markdown_artifact("\n".join([head, "|---" * 7 + "|", *rows]), key="openpanel-ledger")
    create_markdown_artifact(create_report(warehouse(), REPORT).markdown, key="openpanel-report")


@task
def verify(summaries: list[dict[str, Any]]) -> None:
    """Fail where a sync loaded days that it could not verify, or missed a chart."""
    doubts = [it["unproven"] or it["failed_charts"] for it in summaries]
    if any(doubts):
        raise ValueError(f"loaded, but not verified: {doubts}")


@flow
def openpanel_nightly() -> None:
    summary = load("openpanel", {})
    report()
    verify([summary])


@flow(task_runner=ProcessPoolTaskRunner(max_workers=WORKERS))
def openpanel_backfill(
    start_date: str | None = None, end_date: str | None = None, events_per_partition: int = 500_000
) -> None:
    """Load the history in partitions; the next night adopts their days."""
    found = partitions(
        start_date=start_date, end_date=end_date, events_per_partition=events_per_partition
    )
    loads = load.map([it.name for it in found], [it.settings for it in found])
    verify(loads.result())


if __name__ == "__main__":
    nights = openpanel_nightly.to_deployment(
        "openpanel-nightly", cron="15 3 * * *", concurrency_limit=1
    )
    serve(nights, openpanel_backfill.to_deployment("openpanel-backfill"))
