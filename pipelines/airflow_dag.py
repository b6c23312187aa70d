"""Load OpenPanel with Airflow 3: each night what is new, and on demand years from many workers.

Copy this file into the folder of DAGs. The Airflow variable ``dlt_secrets_toml`` holds what
.dlt/secrets.toml would: [sources.openpanel], and the credentials of the destination.
"""

from datetime import datetime, timedelta, timezone
from typing import Any

from airflow.sdk import CronDataIntervalTimetable, Param, dag, task
from airflow.sdk.exceptions import AirflowFailException

DESTINATION = "duckdb"  # any dlt destination; backfills from many workers want a server
REPORT = "openpanel-report.html"  # where people find it; from DuckDB, PostgreSQL and files
WORKERS = 1 if DESTINATION == "duckdb" else 4
RETRIES = {"retries": 3, "retry_delay": timedelta(minutes=5), "retry_exponential_backoff": True}


def warehouse(name: str = "openpanel") -> Any:
    import dlt  # here, not where Airflow parses this file every 30 seconds

    return dlt.pipeline(name, destination=DESTINATION, dataset_name="openpanel")


def load(name: str, **days: Any) -> dict[str, Any]:
    """Sync into the warehouse; what no retry can mend fails at once."""
    from openpanel_source import ConfigurationError, sync

    try:
        summary = sync(warehouse(name), **days)
    except ConfigurationError as error:
        raise AirflowFailException(str(error)) from error
    if summary.failed_projects:
        # The others are loaded; the retry reads what is left.
        raise RuntimeError(f"projects that failed: {summary.failed_projects}")
    return summary.as_dict()


@task
def report() -> str:
    """Write what was loaded as a page that needs nothing, and say where it is."""
    from openpanel_source import create_report

    return str(create_report(warehouse(), REPORT).path)


@task(retries=0)
def verify(summaries: Any) -> None:
    """Fail where a sync loaded days that it could not verify, or missed a chart."""
    doubts = [
        s["unproven"] or s["failed_charts"]
        for s in summaries
        if not s["verified"] or s["failed_charts"]
    ]
    if doubts:
        raise AirflowFailException(f"loaded, but not verified: {doubts}")


@dag(
    schedule=CronDataIntervalTimetable("@daily", timezone="UTC"),
    start_date=datetime(2026, 1, 1, tzinfo=timezone.utc),
    catchup=False,  # one run reads everything that is new, however many nights were missed
    max_active_runs=1,
    default_args=RETRIES,
)
def openpanel_nightly() -> None:
    """Read what is new or changed; run again for an older interval, just the days of that."""

    @task
    def load_events(
        data_interval_start: Any = None, data_interval_end: Any = None
    ) -> list[dict[str, Any]]:
        day, now = timedelta(days=1), datetime.now(timezone.utc)
        if data_interval_end is None or data_interval_end + day > now:
            return [load("openpanel")]
        last = data_interval_end - timedelta(microseconds=1)
        return [load("openpanel", start_date=data_interval_start, end_date=last)]

    loaded = load_events()
    loaded >> report()
    verify(loaded)


@dag(
    schedule=None,
    default_args=RETRIES,
    params={
        "start_date": Param(None, type=["null", "string"], format="date"),
        "end_date": Param(None, type=["null", "string"], format="date"),
        "events_per_partition": Param(500_000, type="integer", minimum=1),
    },
)
def openpanel_backfill() -> None:
    """Cut the history into partitions and load them; the next night adopts their days."""

    @task
    def plan(params: Any = None) -> list[dict[str, Any]]:
        from openpanel_source import partitions

        return [
            {"name": partition.name, **partition.settings} for partition in partitions(**params)
        ]

    @task(max_active_tis_per_dag=WORKERS, map_index_template="{{ partition.name }}")
    def load_partition(partition: dict[str, Any]) -> dict[str, Any]:
        return load(**partition)

    verify(load_partition.expand(partition=plan()))


openpanel_nightly()
openpanel_backfill()
