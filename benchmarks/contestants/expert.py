"""A hand-written dlt resource, tuned by somebody who knows dlt well.

Pages in parallel, a fast JSON decoder, properties kept as one JSON column so that nothing is
flattened, Parquet, large buffers, and both cores for normalizing. It merges by id, so that it may
run every night, and verifies nothing.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from typing import Any

import dlt
import msgspec
import requests

from benchmarks.catalogue import INCLUDES
from benchmarks.contestants import Work

TABLE = "openpanel.events"
_THREADS = 8
_TUNED = {
    "SOURCES__DATA_WRITER__FILE_MAX_ITEMS": "100000",
    "SOURCES__DATA_WRITER__BUFFER_MAX_ITEMS": "20000",
    "NORMALIZE__DATA_WRITER__BUFFER_MAX_ITEMS": "100000",
    "NORMALIZE__WORKERS": "2",
}
_decoder = msgspec.json.Decoder()


def _pages(work: Work) -> Iterator[list[dict[str, Any]]]:
    """The rows of each page, day by day, the pages of a day in parallel."""
    session = requests.Session()
    session.headers.update(work.headers)
    session.mount("http://", requests.adapters.HTTPAdapter(pool_maxsize=_THREADS))

    def page(day: date, number: int) -> Any:
        query: dict[str, Any] = {"projectId": work.project, "start": day, "end": day}
        query |= {"limit": 1000, "includes": INCLUDES, "page": number}
        response = session.get(f"{work.url}/export/events", params=query, timeout=60)
        response.raise_for_status()
        return _decoder.decode(response.content)

    first, last = date.fromisoformat(work.first), date.fromisoformat(work.last)
    with ThreadPoolExecutor(_THREADS) as pool:
        for back in range((last - first).days + 1):
            day = last - timedelta(days=back)
            answer = page(day, 1)
            yield answer["data"]
            others = range(2, answer["meta"]["pages"] + 1)
            for answer in pool.map(page, [day] * len(others), others):
                yield answer["data"]


def load(work: Work) -> None:
    """Extract, normalize and load with dlt."""
    os.environ.update(_TUNED)
    resource = dlt.resource(
        _pages(work),
        name="events",
        primary_key="id",
        write_disposition="merge",
        columns={"properties": {"data_type": "json"}, "groups": {"data_type": "json"}},
        max_table_nesting=0,
        file_format="parquet",
    )
    pipeline = dlt.pipeline(
        "expert",
        destination=dlt.destinations.duckdb(work.database),
        dataset_name="openpanel",
        pipelines_dir=work.folder,
    )
    pipeline.run(resource)
