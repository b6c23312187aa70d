"""Load OpenPanel with Dagster: days by schedule, months by backfill, checked against the ledger.

Copy this file into a code location. Settings come from .dlt/ or the environment, as everywhere:
SOURCES__OPENPANEL__PROJECT_ID and so on. How many pieces a backfill loads at a time is the limit
of the pool: ``dagster instance concurrency set openpanel 4``, or 1 for a DuckDB file.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from typing import Any

import dagster as dg
import dlt
from dagster_dlt import DagsterDltTranslator, dlt_assets
from dagster_dlt.translator import DltResourceTranslatorData

from openpanel_source import openpanel, read_days, read_status, sync

DESTINATION = "duckdb"  # any dlt destination; backfills from many workers want a server
PROJECTS = dlt.config.get("sources.openpanel.project_id", list) or ["shop"]
FIRST_DAY = dlt.config.get("sources.openpanel.start_date", str) or "2024-01-01"
DAYS = dg.DailyPartitionsDefinition(FIRST_DAY)
MONTHS = dg.MonthlyPartitionsDefinition(FIRST_DAY, end_offset=1)
PIECES = dg.MultiPartitionsDefinition(
    {"project": dg.StaticPartitionsDefinition(PROJECTS), "month": MONTHS}
)


def warehouse(name: str = "openpanel") -> dlt.Pipeline:
    return dlt.pipeline(name, destination=DESTINATION, dataset_name="openpanel")


class Named(DagsterDltTranslator):
    def __init__(self, name: str) -> None:
        self.name = name

    def get_asset_spec(self, data: DltResourceTranslatorData) -> dg.AssetSpec:
        return super().get_asset_spec(data).replace_attributes(key=["openpanel", self.name])


def assets(name: str, partitions: dg.PartitionsDefinition, **options: Any) -> Any:
    # What the source holds is known without credentials; sync() brings its own settings.
    source = openpanel(PROJECTS, "", "")
    return dlt_assets(
        dlt_source=source,
        dlt_pipeline=warehouse(),
        name=name,
        group_name="openpanel",
        dagster_dlt_translator=Named(name),
        partitions_def=partitions,
        pool="openpanel",
        **options,
    )


def load(pipeline: dlt.Pipeline, window: dg.TimeWindow, **settings: Any) -> dg.MaterializeResult:
    ...
