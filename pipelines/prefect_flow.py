"""Load OpenPanel with Prefect 3: each night what is new, and on demand years in parallel.

Copy this file; settings come from .dlt/ or the environment, as everywhere. How many pieces load at
a time, over all machines, is a global concurrency limit: ``prefect gcl create openpanel --limit 4``,
or 1 for a DuckDB file.
"""

from datetime import date
from typing import Any

import dlt
from prefect import flow, serve, task
from prefect.artifacts import create_markdown_artifact
from prefect.concurrency.sync import concurrency
from prefect.tasks import exponential_backoff

from openpanel_source import ConfigurationError, Partition, partitions, read_status, sync

DESTINATION = "duckdb"  # any dlt destination; backfills from many workers want a server
PARALLEL = ProcessPoolTaskRunner(max_workers=4)  # on this machine


def warehouse(name: str = "openpanel") -> dlt.Pipeline:
    return dlt.pipeline(name, destination=DESTINATION, dataset_name="openpanel")


async def is_worth_it(task: Any, run: Any, state: State) -> bool:
    ...
