"""The limit: download, decode, Arrow, insert; no framework, no verification, no second run.

What an engineer would write who needs the events once and has the memory. Nothing of this project
is used in it.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlencode, urlsplit

import duckdb
import msgspec
import pyarrow as pa
from msgspec.structs import astuple

from benchmarks.catalogue import INCLUDES
from benchmarks.contestants import Work

TABLE = "events"
_THREADS = 4


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


def _pages(work: Work, pool: ThreadPoolExecutor) -> Iterator[_Page]:
    """The pages, downloaded by several threads and decoded by one."""
    query = {"projectId": work.project, "start": work.first, "end": work.last}
    query |= {"limit": "1000", "includes": INCLUDES}
    of_thread = threading.local()

    def body(number: int) -> bytes:
        if not hasattr(of_thread, "connection"):
            address = urlsplit(work.url).netloc
            of_thread.connection = HTTPConnection(address, timeout=60, blocksize=1 << 20)
        target = f"/export/events?{urlencode({**query, 'page': str(number)})}"
        of_thread.connection.request("GET", target, headers=work.headers)
        response = of_thread.connection.getresponse()
        content: bytes = response.read()
        if response.status != 200:
            raise ValueError(f"status {response.status}: {content[:200]!r}")
        return content

    first = _decoder.decode(body(1))
    yield first
    yield from map(_decoder.decode, pool.map(body, range(2, first.meta.pages + 1)))


def load(work: Work) -> None:
    """Make tables of the pages as they come, and a DuckDB table of all of them."""
    with ThreadPoolExecutor(_THREADS) as pool:
        tables = [_table(page.data) for page in _pages(work, pool)]
    with duckdb.connect(work.database) as connection:
        connection.register("events_read", pa.concat_tables(tables))
        connection.execute(f"CREATE TABLE {TABLE} AS SELECT * FROM events_read")
