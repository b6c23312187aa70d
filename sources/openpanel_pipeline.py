"""Load what is new in OpenPanel, and prove that nothing was lost."""

import sys

import dlt
from openpanel import openpanel

from openpanel_source import SyncSummary, sync


def load_everything() -> SyncSummary:
    """Sync until nothing is left: what to run each night, and for the first load."""
    pipeline = dlt.pipeline(
        "openpanel_pipeline", destination="duckdb", dataset_name="openpanel", progress="log"
    )
    return sync(pipeline)


def load_one_run() -> None:
    """One bounded run as any dlt source has it; the next one goes on."""
    pipeline = dlt.pipeline("openpanel_pipeline", destination="duckdb", dataset_name="openpanel")
    print(pipeline.run(openpanel()))


if __name__ == "__main__":
    summary = load_everything()
    print(summary)
    sys.exit(summary.exit_code)
