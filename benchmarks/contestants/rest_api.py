"""dlt's ``rest_api`` source, configured as its documentation does it.

One departure: it loads Parquet. With dlt's default for DuckDB, ``INSERT`` statements, it takes many
times as long.
"""

from __future__ import annotations

import dlt
from dlt.sources.rest_api import rest_api_source

from benchmarks.catalogue import INCLUDES
from benchmarks.contestants import Work

TABLE = "openpanel.events"


def load(work: Work) -> None:
    """Page through the listing and merge by id."""
    source = rest_api_source(
        {
            "client": {
                "base_url": work.url,
                "headers": work.headers,
                "paginator": {
                    "type": "page_number",
                    "base_page": 1,
                    "page_param": "page",
                    "total_path": "meta.pages",
                },
            },
            "resource_defaults": {"primary_key": "id", "write_disposition": "merge"},
            "resources": [
                {
                    "name": "events",
                    "endpoint": {
                        "path": "export/events",
                        "params": {
                            "projectId": work.project,
                            "start": work.first,
                            "end": work.last,
                            "limit": 1000,
                            "includes": INCLUDES,
                        },
                        "data_selector": "data",
                    },
                }
            ],
        }
    )
    pipeline = dlt.pipeline(
        "rest_api",
        destination=dlt.destinations.duckdb(work.database),
        dataset_name="openpanel",
        pipelines_dir=work.folder,
    )
    pipeline.run(source, loader_file_format="parquet")
