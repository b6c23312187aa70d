"""A hand-written dlt resource, tuned by somebody who knows dlt well.

One listing of the whole range; the pages after the first are fetched by dlt's own threads. A fast
JSON decoder, properties kept as one JSON column so that nothing is flattened, Parquet, nothing
compressed on the way, files small enough that both cores normalize at once, and large enough
that the load is few steps. It merges by id, so that it may run every night, and verifies nothing.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import Any

import dlt
import msgspec
from dlt.sources.helpers import requests

from benchmarks.catalogue import INCLUDES
from benchmarks.contestants import Work

TABLE = "openpanel.events"
_TUNED = {
    "EXTRACT__WORKERS": "4",
    "EXTRACT__MAX_PARALLEL_ITEMS": "8",
    "NORMALIZE__WORKERS": "2",
    "LOAD__WORKERS": "2",
    "SOURCES__DATA_WRITER__FILE_MAX_ITEMS": "25000",
    "NORMALIZE__DATA_WRITER__FILE_MAX_ITEMS": "100000",
    "DATA_WRITER__BUFFER_MAX_ITEMS": "10000",
    "DATA_WRITER__DISABLE_COMPRESSION": "true",
}
_decoder = msgspec.json.Decoder()


def _pages(work: Work) -> Iterator[list[dict[str, Any]] | Callable[[], Any]]:
    """The rows of the first page, and of each other what fetches them."""
    query: dict[str, Any] = {"projectId": work.project, "start": work.first, "end": work.last}
    query |= {"limit": 1000, "includes": INCLUDES}

    def fetched(number: int) -> Any:
        response = requests.get(
            f"{work.url}/export/events",
            params={**query, "page": number},
            headers=work.headers,
            timeout=60,
        )
        return _decoder.decode(response.content)

    @dlt.defer
    def rows(number: int) -> Any:
        return fetched(number)["data"]

    first = fetched(1)
    yield first["data"]
    for number in range(2, first["meta"]["pages"] + 1):
        yield rows(number)


def load(work: Work) -> None:
    """Extract, normalize and load with dlt."""
    os.environ.update(_TUNED)
    resource = dlt.resource(
        _pages(work),
        name="events",
        primary_key="id",
        write_disposition="merge",
        columns={
            "properties": {"data_type": "json"},
            "groups": {"data_type": "json"},
            "createdAt": {"data_type": "timestamp"},
        },
        max_table_nesting=0,
        parallelized=True,
        file_format="parquet",
    )
    pipeline = dlt.pipeline(
        "expert",
        destination=dlt.destinations.duckdb(work.database),
        dataset_name="openpanel",
        pipelines_dir=work.folder,
    )
    pipeline.run(resource)
