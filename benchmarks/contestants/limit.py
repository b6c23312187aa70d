"""The limit: download, decode, Arrow, insert; no framework, no verification, no second run.

What an engineer would write who needs the events once and has the memory. Nothing of this project
is used in it.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import Any

import duckdb
import msgspec
import pyarrow as pa
import requests
from msgspec.structs import astuple

from benchmarks.catalogue import INCLUDES
from benchmarks.contestants import Work

TABLE = "events"
_THREADS = 2
_PAGES_AN_INSERT = 100


class _Event(msgspec.Struct, rename="camel", gc=False):
    id: str
    name: str
    device_id: str
    profile_id: str
    project_id: str
    session_id: str
    properties: msgspec.Raw
    created_at: str
    country: str
    city: str
    region: str
    longitude: float | None
    latitude: float | None
    os: str
    os_version: str
    browser: str
    browser_version: str
    device: str
    brand: str
    model: str
    path: str
    origin: str
    referrer: str
    referrer_name: str
    referrer_type: str
    sdk_name: str
    sdk_version: str
    revenue: int
    groups: msgspec.Raw
    imported_at: str | None = None


class _Meta(msgspec.Struct, gc=False):
    pages: int


class _Page(msgspec.Struct, gc=False):
    meta: _Meta
    data: list[_Event]


_decoder = msgspec.json.Decoder(_Page)
_FIELDS = _Event.__struct_fields__
_TYPES = {"longitude": pa.float64(), "latitude": pa.float64(), "revenue": pa.int64()}
_TIMES = ("created_at", "imported_at")
_JSON = ("properties", "groups")


def _table(events: list[_Event]) -> Any:
    columns = dict(zip(_FIELDS, zip(*map(astuple, events), strict=True), strict=True))
    arrays = {}
    for name, values in columns.items():
        if name in _JSON:
            arrays[name] = pa.array(map(bytes, values), pa.string())
        elif name in _TIMES:
            arrays[name] = pa.array(values, pa.string()).cast(pa.timestamp("us", "UTC"))
        else:
            arrays[name] = pa.array(values, _TYPES.get(name, pa.string()))
    return pa.table(arrays)


def _tables(work: Work, pool: ThreadPoolExecutor) -> Iterator[Any]:
    session = requests.Session()
    session.headers.update(work.headers)
    session.mount("http://", requests.adapters.HTTPAdapter(pool_maxsize=_THREADS))
    query = {"projectId": work.project, "start": work.first, "end": work.last}
    query |= {"limit": "1000", "includes": INCLUDES}

    def page(number: int) -> tuple[int, Any]:
        response = session.get(
            f"{work.url}/export/events", params={**query, "page": str(number)}, timeout=60
        )
        response.raise_for_status()
        answer = _decoder.decode(response.content)
        return answer.meta.pages, _table(answer.data)

    pages, first = page(1)
    yield first
    for _, table in pool.map(page, range(2, pages + 1)):
        yield table


def load(work: Work) -> None:
    """Insert the pages as they come, many at a time."""
    as_json = ", ".join(f"{name}::JSON AS {name}" for name in _JSON)
    with duckdb.connect(work.database) as connection, ThreadPoolExecutor(_THREADS) as pool:
        tables = _tables(work, pool)
        target = f"CREATE TABLE {TABLE} AS"
        while batch := list(islice(tables, _PAGES_AN_INSERT)):
            connection.register("batch", pa.concat_tables(batch))
            connection.execute(f"{target} SELECT * REPLACE ({as_json}) FROM batch")
            target = f"INSERT INTO {TABLE}"
