"""What tests of the core share: recorded rows, a server of the real dataset, a client for it."""

from __future__ import annotations

import gzip
import json
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from openpanel_source.api.client import Client
from openpanel_source.api.credentials import Credentials
from openpanel_source.sandbox import Sandbox, load_dataset
from openpanel_source.wire.retry import RetryPolicy

DATASET = Path(__file__).parents[1] / "data" / "contract" / "dataset"
ROOT = Credentials("11111111-1111-4111-8111-111111111111", "sec_root_acme_0123456789")
READ = Credentials("22222222-2222-4222-8222-222222222222", "sec_read_acmeweb_0123456789")
WRITE = Credentials("33333333-3333-4333-8333-333333333333", "sec_write_acmeweb_0123456789")
NO_SECRET = Credentials("66666666-6666-4666-8666-666666666666", "sec_anything_0123456789")
FAST = RetryPolicy(backoff_seconds=0.001, max_outage=0)
DAY = timedelta(days=1)
EVENTS = "/export/events"

Row = dict[str, Any]


def unknown_client() -> Credentials:
    return Credentials(str(uuid.uuid4()), "sec_unknown_0123456789")


@cache
def real_rows(project: str = "acme-web") -> tuple[bytes, ...]:
    """The rows of a project of the recorded dataset, as JSON."""
    with gzip.open(DATASET / f"{project}.events.jsonl.gz", "rb") as lines:
        return tuple(line.strip() for line in lines)


def rows_of_day(day: date, project: str = "acme-web") -> list[Row]:
    rows = [json.loads(line) for line in real_rows(project)]
    return [row for row in rows if row["createdAt"].startswith(day.isoformat())]


def page_of(*rows: Row | bytes, total: int | None = None, pages: int = 1) -> bytes:
    """The body of an answer that holds these rows."""
    data = [row if isinstance(row, bytes) else json.dumps(row).encode() for row in rows]
    count = len(rows) if total is None else total
    meta = json.dumps({"count": len(rows), "totalCount": count, "pages": pages, "current": 1})
    return b'{"meta":%s,"data":[%s]}' % (meta.encode(), b",".join(data))


@contextmanager
def real_world(**settings: Any) -> Iterator[Sandbox]:
    """A running sandbox with the recorded dataset, without a rate limit unless one is given."""
    with Sandbox(load_dataset(DATASET), **({"rate_limit": None} | settings)) as sandbox:
        yield sandbox


def client_of(sandbox: Sandbox | str, credentials: Credentials = READ, **settings: Any) -> Client:
    url = sandbox if isinstance(sandbox, str) else sandbox.url
    return Client(url, credentials, **({"retry": FAST} | settings))
