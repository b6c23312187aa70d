"""What the benchmark's server answers: ``GET /export/events`` like an OpenPanel of 2026-04.

Not imitated: event names and profiles (ignored), and the window of
an answer without ``start`` and ``end`` (everything is listed). ``/stats`` tells what was asked,
``/stats/reset`` forgets it, and ``/grow?events=N`` adds a day.
"""

from __future__ import annotations

import json
import math
import time
from dataclasses import asdict, dataclass, field
from datetime import date
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, urlsplit

import msgspec

from benchmarks.pages import BLOCK, Listing

PROJECT = "bench-shop"
CLIENT_ID = "be4c0000-0000-4000-8000-000000000001"
CLIENT_SECRET = "sec_benchmark_not_a_secret"
_NO_LIMIT = (
    "x-ratelimit-limit: 1000000\r\nx-ratelimit-remaining: 999999\r\nx-ratelimit-reset: 10\r\n"
)
"""Readers take silence for the usual limit."""
_STATUS = {
    200: "OK",
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    429: "Too Many Requests",
    500: "Internal Server Error",
}


@dataclass
class Window:
    """A window of the rate limit: when it opened (seconds), and what was asked in it."""

    opened: float
    requests: int = 0
    events: int = 0
    limited: int = 0


@dataclass
class Stats:
    """What was asked since the start or the last reset; times in seconds."""

    requests: int = 0
    pages: int = 0
    events: int = 0
    limited: int = 0
    cpu_before: float = field(default_factory=time.process_time)
    first_page_at: float = 0.0
    last_page_at: float = 0.0
    windows: list[Window] = field(default_factory=list)


class Answer(NamedTuple):
    """Status, the body in parts, and further headers."""

    status: int
    body: tuple[bytes, ...]
    headers: str = ""

    @property
    def head(self) -> bytes:
        """The lines before the body."""
        return (
            f"HTTP/1.1 {self.status} {_STATUS[self.status]}\r\n"
            f"content-type: application/json; charset=utf-8\r\n{self.headers}"
            f"content-length: {sum(map(len, self.body))}\r\nconnection: keep-alive\r\n\r\n"
        ).encode()


class RefusedError(Exception):
    """The request is answered with an error."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.answer = Answer(status, (_json({"error": _STATUS[status], "message": message}),))


class Api:
    """Answers requests.

    Args:
        listing: The events.
        limit: Requests of a window and its seconds; None without a limit.
        is_silent: Whether answers tell nothing of the limit, as those of OpenPanel 3.
    """

    def __init__(
        self, listing: Listing, limit: tuple[int, float] | None, *, is_silent: bool = False
    ) -> None:
        self._listing = listing
        self._limit = limit
        self._is_silent = is_silent
        self._stats = Stats()

    def answer(self, target: str, headers: bytes) -> Answer:
        """The answer to a GET request.

        Args:
            target: Path and query.
            headers: The request's header lines.
        """
        url = urlsplit(target)
        if url.path != "/export/events":
            return self._control(url.path, dict(parse_qsl(url.query)))
        self._stats.requests += 1
        extra, is_limited = self._count()
        try:
            if is_limited:
                raise RefusedError(429, "You have exceeded the rate limit for this endpoint.")
            _authenticate(headers)
            answer = self._events(url.query)
        except RefusedError as error:
            answer = error.answer
        return answer._replace(headers="" if self._is_silent else extra)

    def _control(self, path: str, query: dict[str, str]) -> Answer:
        if path == "/stats/reset":
            self._stats = Stats()
        elif path == "/grow":
            self._listing.grow(int(query["events"]))
        elif path != "/stats":
            return RefusedError(404, f"Route GET:{path} not found").answer
        facts = asdict(self._stats)
        facts["cpu"] = time.process_time() - self._stats.cpu_before
        return Answer(200, (_json(facts),))

    def _count(self) -> tuple[str, bool]:
        """Headers of the rate limit, and whether the request is over it."""
        if self._limit is None:
            return _NO_LIMIT, False
        most, seconds = self._limit
        now = time.monotonic()
        windows = self._stats.windows
        if not windows or now >= windows[-1].opened + seconds:
            windows.append(Window(now))
        window = windows[-1]
        window.requests += 1
        reset = math.ceil(window.opened + seconds - now)
        headers = f"x-ratelimit-limit: {most}\r\nx-ratelimit-reset: {reset}\r\n"
        headers += f"x-ratelimit-remaining: {max(most - window.requests, 0)}\r\n"
        if window.requests <= most:
            return headers, False
        window.limited += 1
        self._stats.limited += 1
        return f"{headers}retry-after: {reset}\r\n", True

    def _events(self, query: str) -> Answer:
        values: dict[str, list[Any]] = {}
        for name, value in parse_qsl(query, keep_blank_values=True):
            values.setdefault(name, []).append(_decoded(value))
        one = {name: given[-1] for name, given in values.items()}
        if one.get("projectId", self._listing.project) != self._listing.project:
            raise RefusedError(403, "You do not have access to this project")
        limit = min(max(_number(one.get("limit", 50)), 1), BLOCK)
        page = max(_number(one.get("page", 1)), 1)
        start, end = self._listing.first, self._listing.last
        if "start" in one and "end" in one:
            start, end = _day(one["start"]), _day(one["end"])
        total = self._listing.total(start, end)
        span = range((page - 1) * limit, min(page * limit, max(total, (page - 1) * limit)))
        rows = self._listing.rows(start, end, span, _names(values.get("includes", [])))
        meta = {"count": len(span), "totalCount": total, "pages": -(-total // limit)}
        if "includes" in values:
            self._note(len(span))
        head = b'{"meta":%b,"data":[' % _json({**meta, "current": page})
        return Answer(200, (head, rows, b"]}"))

    def _note(self, events: int) -> None:
        """Remember a page that was asked for its rows, not for the count or to try the server."""
        stats, now = self._stats, time.monotonic()
        stats.pages += 1
        stats.events += events
        stats.first_page_at = stats.first_page_at or now
        stats.last_page_at = now
        if stats.windows:
            stats.windows[-1].events += events


def _json(value: Any) -> bytes:
    return msgspec.json.encode(value)


def _decoded(value: str) -> Any:
    """A query value as the server takes it: JSON if it is any."""
    if value[:1].isalpha() and value not in ("true", "false", "null"):
        return value
    try:
        return json.loads(value)
    except ValueError:
        return value


def _number(value: Any) -> int:
    try:
        return int(value)
    except (TypeError, ValueError):
        raise RefusedError(400, "querystring Invalid input: expected number") from None


def _day(value: Any) -> date:
    try:
        return date.fromisoformat(str(value)[:10])
    except ValueError:
        raise RefusedError(500, "Internal server error") from None


def _names(values: list[Any]) -> frozenset[str]:
    """Names of ``includes`` in any of its forms: repeated, with commas, as JSON."""
    names: set[str] = set()
    for value in values:
        names.update(value if isinstance(value, list) else str(value).split(","))
    return frozenset(names)


def _authenticate(headers: bytes) -> None:
    lines = (line.partition(":") for line in headers.decode("latin-1").split("\r\n"))
    sent = {name.lower(): value.strip() for name, _, value in lines}
    if sent.get("openpanel-client-id") != CLIENT_ID:
        raise RefusedError(401, "Export: Invalid client id")
    if sent.get("openpanel-client-secret") != CLIENT_SECRET:
        raise RefusedError(401, "Export: Invalid client secret")
