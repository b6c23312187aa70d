"""What a request goes through: routes, rate limit, checks, credentials, the answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypeVar

from openpanel_source.sandbox import answers
from openpanel_source.sandbox.access import CLIENT_ID, Access
from openpanel_source.sandbox.answers import Answer, Refusal, json_answer, server_error
from openpanel_source.sandbox.behaviour import Misbehaviour
from openpanel_source.sandbox.charts import Charts
from openpanel_source.sandbox.dataset import Client
from openpanel_source.sandbox.events import Events
from openpanel_source.sandbox.generation import Generation
from openpanel_source.sandbox.query import Params, split_query
from openpanel_source.sandbox.ratelimit import RateLimit
from openpanel_source.sandbox.store import Store

_Query = TypeVar("_Query")
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
    def params(self) -> Params:
        """The parameters in the URL, as sent."""
        return split_query(self.url.partition("?")[2])


_Export = Callable[[Request, Misbehaviour], Answer]


class Application:
    """The API: turns requests into answers.

    Args:
        store: Holds the rows.
        access: Knows clients and projects.
        limit: Counts requests.
        generation: What the server can do.
        now: The server's clock.
    """

    def __init__(
        self,
        store: Store,
        access: Access,
        limit: RateLimit,
        generation: Generation,
        now: Callable[[], datetime],
    ) -> None:
        self._access = access
        self._limit = limit
        self._generation = generation
        self._events = Events(store, generation, now)
        self._charts = Charts(store, generation, now)
        self._open = self._open_routes()
        self._exports: dict[str, _Export] = {
            "/export/events": self._answer_events,
            "/export/charts": self._answer_charts,
        }

    def answer(self, request: Request, misbehaviour: Misbehaviour) -> Answer:
        """Return the answer to a request."""
        if request.method in ("GET", "HEAD"):
            if request.path in self._open:
                return json_answer(200, self._open[request.path])
            if request.path in self._exports:
                return self._export(request, self._exports[request.path], misbehaviour)
        return answers.not_found(request.method, request.url)

    def _export(self, request: Request, export: _Export, misbehaviour: Misbehaviour) -> Answer:
        within, headers = self._limit.count(request.headers.get(CLIENT_ID) or request.address)
        try:
            answer = export(request, misbehaviour) if within else answers.too_many_requests()
        except Refusal as refusal:
            answer = refusal.answer
        except Exception:  # noqa: BLE001 - as on the real server, all that nobody foresaw is a 500
            answer = server_error().answer
        return replace(answer, headers=headers | answer.headers)

    def _answer_events(self, request: Request, misbehaviour: Misbehaviour) -> Answer:
        events = self._events
        client, query = self._admit(request, events.check)
        project = self._access.project(client, query.project)
        page = events.page(project, query)
        if misbehaviour.repeats_page_1:
            page.rows = events.page(project, replace(query, page=1)).rows
        return misbehaviour.edited(page).answer()

    def _answer_charts(self, request: Request, _misbehaviour: Misbehaviour) -> Answer:
        client, query = self._admit(request, self._charts.check)
        if self._generation.charts.early:
            # Early servers draw charts of any project for anybody.
            project = query.project or ""
        else:
            project = self._access.project(client, query.project)
        return self._charts.answer(project, self._access.timezone(project), query)

    def _admit(self, request: Request, check: Callable[[Params], _Query]) -> tuple[Client, _Query]:
        """Check query and credentials, in the order of the generation."""
        if self._generation.decodes_values:
            query = check(request.params)
            return self._access.client(request.headers), query
        client = self._access.client(request.headers)
        return client, check(request.params)

    def _open_routes(self) -> dict[str, object]:
        welcome = {"status": "ok", "message": "Successfully running OpenPanel.dev API"}
        if not self._generation.health:
            return {"/": {"name": "openpanel sdk api"}, "/healthcheck": _HEALTH}
        return {
            "/": welcome,
            "/healthcheck": _HEALTH,
            "/healthz/ready": _HEALTH,
            "/healthz/live": {"live": True},
        }
