"""Load OpenPanel with Dagster: days by schedule, months by backfill, checked against the ledger.

Copy this file into a code location and change PROJECTS and FIRST_DAY; credentials come from .dlt/
or the environment, as everywhere. The pool limits how many partitions a backfill loads at a time:
``dagster instance concurrency set openpanel 4``, or 1 for a DuckDB file.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from typing import Any

import dagster as dg
import dlt
from dagster_dlt import DagsterDltTranslator, dlt_assets

from openpanel_source import Partition, create_report, openpanel, read_days, read_status, sync

DESTINATION = "duckdb"  # any dlt destination; backfills from many workers want a server
PROJECTS = ["my-project"]
REPORT = "openpanel-report.html"  # where people find it; from DuckDB, PostgreSQL and files
FIRST_DAY = "2025-01-01"
MONTHS = dg.MonthlyPartitionsDefinition(f"{FIRST_DAY[:7]}-01")  # those that are over
BY = {"project": dg.StaticPartitionsDefinition(PROJECTS), "month": MONTHS}
DAY = timedelta(days=1)


def warehouse(name: str = "openpanel") -> dlt.Pipeline:
    return dlt.pipeline(name, destination=DESTINATION, dataset_name="openpanel")


class Named(DagsterDltTranslator):
    def __init__(self, name: str) -> None:
        self.name = name

    def get_asset_spec(self, data: Any) -> dg.AssetSpec:
        return super().get_asset_spec(data).replace_attributes(key=["openpanel", self.name])


def tables(name: str, partitions: dg.PartitionsDefinition[Any]) -> Any:
    return dlt_assets(
        dlt_source=openpanel(PROJECTS, "-", "-"),  # its tables; sync() brings the credentials
        dlt_pipeline=warehouse(),
        dagster_dlt_translator=Named(name),
        name=name,
        partitions_def=partitions,
        pool="openpanel",
    )


def load(pipeline: dlt.Pipeline, name: str, start: Any, end: Any, **settings: Any) -> Any:
    """Sync, and show what the ledger says of the days of the partition."""
    summary = sync(pipeline, **settings)
    if summary.failed_projects:
        raise RuntimeError(f"projects that failed: {summary.failed_projects}")
    projects = settings["project_id"]
    found = read_days(pipeline, project_id=projects, start_date=start, end_date=end)
    days = [day.as_dict() for day in found]
    metadata = {
        **summary.as_dict(),
        "dagster/partition_row_count": sum(day["distinct_ids"] for day in days),
        "days": dg.MetadataValue.table([dg.TableRecord(day) for day in days]),
    }
    return dg.MaterializeResult(asset_key=["openpanel", name], metadata=metadata)


@tables("events", dg.DailyPartitionsDefinition(FIRST_DAY))
def events(context: dg.AssetExecutionContext) -> Iterator[Any]:
    """The newest day brings everything that is new or changed; older ones just themselves."""
    start, end = (it.date() for it in context.partition_time_window)
    is_newest = end >= datetime.now(timezone.utc).date()
    bounds = {} if is_newest else {"start_date": start, "end_date": end - DAY}
    yield load(warehouse(), "events", start, end - DAY, project_id=PROJECTS, **bounds)


@tables("history", dg.MultiPartitionsDefinition(BY))
def history(context: dg.AssetExecutionContext) -> Iterator[Any]:
    """A month of a project, by a pipeline of its own; the newest day adopts what it read."""
    key = context.partition_key.keys_by_dimension
    month = MONTHS.time_window_for_partition_key(key["month"])
    partition = Partition(key["project"], month.start.date(), month.end.date() - DAY, events=0)
    yield load(
        warehouse(partition.name), "history", partition.start, partition.end, **partition.settings
    )


@dg.asset(key=["openpanel", "report"], deps=[["openpanel", "events"]], pool="openpanel")
def report() -> dg.MaterializeResult[Any]:
    """A page that needs nothing; a short version of it stands here."""
    made = create_report(warehouse(), REPORT)
    shown = {"report": dg.MetadataValue.md(made.markdown), "file": str(made.path)}
    return dg.MaterializeResult(metadata=shown)


@dg.asset_check(asset=["openpanel", "events"], pool="openpanel")
def every_settled_day_is_complete() -> dg.AssetCheckResult:
    days = {p.project_id: list(map(str, p.unproven_days)) for p in read_status(warehouse())}
    return dg.AssetCheckResult(passed=not any(days.values()), metadata={"not verified": days})


@dg.asset_check(asset=["openpanel", "events"], pool="openpanel")
def every_project_is_fresh() -> dg.AssetCheckResult:
    read = {p.project_id: p.last_read for p in read_status(warehouse())}
    late = datetime.now(timezone.utc) - 1.5 * DAY
    passed = all(at and at > late for at in read.values()) and read.keys() >= set(PROJECTS)
    return dg.AssetCheckResult(passed=passed, metadata={"last read": str(read)})


nightly = dg.define_asset_job("openpanel_nightly", [events, report])
backfill = dg.define_asset_job("openpanel_backfill", [history])
defs = dg.Definitions(
    assets=[events, history, report],
    asset_checks=[every_settled_day_is_complete, every_project_is_fresh],
    jobs=[nightly, backfill],
    schedules=[dg.build_schedule_from_partitioned_job(nightly, hour_of_day=3)],
)
