"""What a request goes through: routes, rate limit, checks, credentials, the answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from openpanel_source.sandbox import answers
from openpanel_source.sandbox.access import CLIENT_ID, Access
from openpanel_source.sandbox.answers import (
    Answer,
    BadInput,
    Refusal,
    json_answer,
    server_error,
)
from openpanel_source.sandbox.charts.charts import Charts
from openpanel_source.sandbox.charts.query import ChartQuery
from openpanel_source.sandbox.dataset import Client
from openpanel_source.sandbox.events.events import Events
from openpanel_source.sandbox.events.events_query import EventsQuery
from openpanel_source.sandbox.events.store import Store
from openpanel_source.sandbox.generation import Generation, Step
from openpanel_source.sandbox.http.behaviour import Misbehaviour
from openpanel_source.sandbox.http.cors import dressed
from openpanel_source.sandbox.http.double_decoding import read_query
from openpanel_source.sandbox.http.ratelimit import RateLimit
from openpanel_source.sandbox.lists.listed import Listed
from openpanel_source.sandbox.lists.routes import MANAGE, Lists, Route
from openpanel_source.sandbox.query import Params, split_query

_UP = ["redis", "db", "ch"]
_HEALTH = dict.fromkeys(["ready", *_UP], True) | {
    "failedDependencies": [],
    "workingDependencies": _UP,
}


@dataclass(frozen=True)
class Request:
    """A request; the names of its headers are in lower case."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes
    address: str

    @property
    def path(self) -> str:
        """The URL up to the question mark."""
        return self.url.partition("?")[0]

    @property
    def query(self) -> str:
        """The URL from the question mark on."""
        return self.url.partition("?")[2]


@dataclass(frozen=True)
class _Route:
    """What checks the parameters of a request, and what answers it."""

    check: Callable[[Params], Any]
    answer: Callable[[Client, Any, Misbehaviour], Answer]


class Application:
    """The API: turns requests into answers.

    Args:
        store: Holds the rows.
        access: Knows clients and projects.
        limit: Counts requests.
        listed: What the dashboard lists.
        generation: What the server can do.
        now: The server's clock.
    """

    def __init__(
        self,
        store: Store,
        access: Access,
        limit: RateLimit,
        listed: Listed,
        generation: Generation,
        now: Callable[[], datetime],
    ) -> None:
        self.generation = generation
        self._access = access
        self._limit = limit
        self._events = Events(store, generation, now)
        self._charts = Charts(store, generation, now)
        self._lists = Lists(listed, access, generation)
        self._open = _open_routes(generation)
        self._exports = {
            "/export/events": _Route(self._events.check, self._answer_events),
            "/export/charts": _Route(self._charts.check, self._answer_charts),
        }

    def answer(self, request: Request, misbehaviour: Misbehaviour) -> Answer:
        """Return the answer to a request."""
        if not self.generation.rewritten:
            return self._routed(request, request.path, misbehaviour)
        if request.method == "OPTIONS":
            answer = Answer(204, b"", "")
        else:
            answer = self._routed(request, _without_slash(request.path), misbehaviour)
        return dressed(answer, request.method, request.headers)

    def _routed(self, request: Request, path: str, misbehaviour: Misbehaviour) -> Answer:
        if request.method in ("GET", "HEAD"):
            if path in self._open:
                return json_answer(200, self._open[path])
            if path in self._exports:
                return self._export(request, self._exports[path], misbehaviour)
            route = self._lists.route(path)
            if route is not None:
                return self._list(request, path, route)
        return answers.not_found(self.generation, request.method, request.url)

    def _export(self, request: Request, route: _Route, misbehaviour: Misbehaviour) -> Answer:
        told: dict[str, str] = {}
        try:
            client, query = self._admit(request, route, told)
            answer = route.answer(client, query, misbehaviour)
        except BadInput as refusal:
            answer = refusal.told if self.generation.rewritten else refusal.answer
        except Refusal as refusal:
            answer = refusal.answer
        except Exception:  # noqa: BLE001 - as on the real server, all that nobody foresaw is a 500
            answer = server_error().answer
        return replace(answer, headers=told | answer.headers)

    def _list(self, request: Request, path: str, route: Route) -> Answer:
        told: dict[str, str] = {}
        try:
            self._count(request, told, path)
            reply = route(split_query(request.query))
            answer = reply(self._lists.client(path, request.headers))
        except Refusal as refusal:
            answer = refusal.answer
        except Exception:  # noqa: BLE001 - as on the real server, all that nobody foresaw is a 500
            answer = server_error().answer
        return replace(answer, headers=told | answer.headers)

    def _admit(self, request: Request, route: _Route, told: dict[str, str]) -> tuple[Client, Any]:
        """Check a request in the order of the generation, noting what is told of the limit."""
        found: dict[Step, Any] = {}
        for step in self.generation.steps:
            if step == "limit":
                self._count(request, told)
            elif step == "query":
                found[step] = route.check(self._params(request))
            else:
                found[step] = self._access.client(request.headers)
        return found["credentials"], found["query"]

    def _count(self, request: Request, told: dict[str, str], path: str = "") -> None:
        client = request.headers.get(CLIENT_ID) or request.address
        if self.generation.rewritten:
            # There these routes are counted apart.
            client += f" {path.split('/')[1]}" if path else ""
        most = self.generation.manage_limit if path.startswith(MANAGE) else None
        within, headers = self._limit.count(client, most=most)
        if not self.generation.rewritten:
            told.update(headers)
        if not within:
            raise answers.too_many_requests(self.generation)

    def _params(self, request: Request) -> Params:
        read = read_query if self.generation.rewritten else split_query
        return read(request.query)

    def _answer_events(
        self, client: Client, query: EventsQuery, misbehaviour: Misbehaviour
    ) -> Answer:
        events = self._events
        project = self._access.project(client, query.project)
        page = events.page(project, query)
        if misbehaviour.repeats_page_1:
            page.rows = events.page(project, replace(query, page=1)).rows
        return misbehaviour.edited(page).answer()

    def _answer_charts(
        self, client: Client, query: ChartQuery, _misbehaviour: Misbehaviour
    ) -> Answer:
        if self.generation.charts.early:
            # Early servers draw charts of any project for anybody.
            project = query.project or ""
        else:
            project = self._access.project(client, query.project)
        return self._charts.answer(project, self._access.timezone(project), query)


def _without_slash(path: str) -> str:
    return path[:-1] if path.endswith("/") and path.strip("/") else path


def _open_routes(generation: Generation) -> dict[str, object]:
    welcome = {"status": "ok", "message": "Successfully running OpenPanel.dev API"}
    if not generation.health:
        return {"/": {"name": "openpanel sdk api"}, "/healthcheck": _HEALTH}
    routes = {"/": welcome, "/healthcheck": _HEALTH, "/healthz/live": {"live": True}}
    if not generation.rewritten:
        return routes | {"/healthz/ready": _HEALTH}
    described = {"openapi": "3.0.3", "info": {"title": "OpenPanel API"}, "paths": {}}
    return routes | {"/healthz/ready": {"ready": True}, "/openapi.json": described}
