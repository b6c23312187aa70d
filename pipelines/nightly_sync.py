"""Load what is new since the last run; schedule it nightly with cron or any orchestrator.

Credentials, base_url and project_id come from .dlt/secrets.toml, .dlt/config.toml or the
environment, as SOURCES__OPENPANEL__CLIENT_SECRET.
"""

import sys

import dlt

from openpanel_source import sync

if __name__ == "__main__":
    warehouse = dlt.destinations.duckdb("warehouse.duckdb")
    pipeline = dlt.pipeline("openpanel", destination=warehouse, dataset_name="openpanel")
    summary = sync(pipeline)
    print(summary.as_dict())
    sys.exit(summary.exit_code)  # 0: verified, 3: loaded, but some day could not be verified
