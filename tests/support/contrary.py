"""A server that means something else than it is asked: it stands before a sandbox and rewrites."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import requests

Query = list[tuple[str, str]]
Rewrite = Callable[[Query], Query]
Answer = Callable[[Query, dict[str, Any]], dict[str, Any]]


def same_query(query: Query) -> Query:
    return query


def same_answer(query: Query, body: dict[str, Any]) -> dict[str, Any]:
    return body


@contextmanager
def contrary(
    url: str, rewrite: Rewrite = same_query, answer: Answer = same_answer
) -> Iterator[str]:
    """The address of a server that asks another one for what it makes of a query.

    Args:
        url: Of the other server.
        rewrite: Makes the query that is sent on.
        answer: Makes the body of an answer of status 200.
    """
    session = requests.Session()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            query = parse_qsl(parts.query, keep_blank_values=True)
            target = f"{url}{parts.path}?{urlencode(rewrite(query))}"
            headers = {name: value for name, value in self.headers.items() if name != "Host"}
            got = session.get(target, headers=headers, timeout=30)
            body = got.content
            if got.status_code == 200 and parts.path == "/export/events":
                body = json.dumps(answer(query, got.json())).encode()
            self.send_response(got.status_code)
            for name in ("content-type", "x-ratelimit-limit", "x-ratelimit-remaining"):
                if name in got.headers:
                    self.send_header(name, got.headers[name])
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()
            session.close()


def filters_of(query: Query) -> list[dict[str, Any]]:
    """The filters of a query, whether sent as a list or as the text of one."""
    for name, value in query:
        if name == "filters" and value != "{}":
            found = json.loads(value)
            return list(json.loads(found) if isinstance(found, str) else found)
    return []


def with_filters(query: Query, filters: list[dict[str, Any]]) -> Query:
    """The query with other filters; none at all if there are none."""
    others = [(name, value) for name, value in query if name != "filters"]
    return [*others, ("filters", json.dumps(filters))] if filters else others


def bounds_of(query: Query) -> tuple[datetime, datetime] | None:
    """``start`` and ``end`` as instants, if the query has both."""
    named = dict(query)
    if "start" not in named or "end" not in named:
        return None
    start, end = (_instant(named[name]) for name in ("start", "end"))
    return start, end


def moved(query: Query, by: timedelta, names: tuple[str, ...] = ("start", "end")) -> Query:
    """The query with bounds that lie elsewhere."""
    return [
        (name, _text(_instant(value) + by)) if name in names else (name, value)
        for name, value in query
    ]


def without_bounds(query: Query) -> Query:
    return [(name, value) for name, value in query if name not in ("start", "end")]


def _instant(value: str) -> datetime:
    text = value if "T" in value else f"{value}T00:00:00Z"
    return datetime.fromisoformat(text.replace("Z", "+00:00")).astimezone(timezone.utc)


def _text(instant: datetime) -> str:
    return instant.strftime("%Y-%m-%dT%H:%M:%S.") + f"{instant.microsecond // 1000:03d}Z"
