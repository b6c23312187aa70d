"""The ``/_sandbox/`` endpoints: rows in and out, the requests served, misbehaviour."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any

import msgspec

from openpanel_source.sandbox.access import Access
from openpanel_source.sandbox.answers import Answer, json_answer
from openpanel_source.sandbox.dataset import Row
from openpanel_source.sandbox.events.rows import complete
from openpanel_source.sandbox.events.store import Store
from openpanel_source.sandbox.http.app import Request
from openpanel_source.sandbox.http.behaviour import Behaviour
from openpanel_source.sandbox.http.ratelimit import RateLimit

PREFIX = "/_sandbox/"


class Served(msgspec.Struct, frozen=True):
    """A request that was served; ``status`` is 0 without an answer, ``at`` seconds since start."""

    method: str
    url: str
    client_id: str | None
    status: int
    at: float


class Control:
    """What a test or a person can do to a server while it runs.

    Args:
        store: Holds the rows.
        access: Knows the projects.
        limit: Counts requests.
        now: The server's clock.
    """

    def __init__(
        self, store: Store, access: Access, limit: RateLimit, now: Callable[[], datetime]
    ) -> None:
        self.behaviour = Behaviour()
        self._store = store
        self._access = access
        self._limit = limit
        self._now = now
        self._started = time.monotonic()
        self._served: list[Served] = []
        self._lock = threading.Lock()
        self._routes: dict[tuple[str, str], Callable[[Any], Any]] = {
            ("POST", "events"): self._post_events,
            ("DELETE", "events"): self._delete_events,
            ("GET", "requests"): lambda _: self.served(),
            ("DELETE", "requests"): lambda _: self.forget(),
            ("POST", "requests"): self._post_requests,
            ("POST", "behaviour"): self._post_behaviour,
        }

    def answer(self, request: Request) -> Answer:
        """Return the answer to a request under ``/_sandbox/``."""
        route = self._routes.get((request.method, request.path.removeprefix(PREFIX)))
        if route is None:
            message = f"there is no {request.method} {request.path}"
            return json_answer(404, {"message": message})
        try:
            body = msgspec.json.decode(request.body) if request.body else None
            return json_answer(200, route(body))
        except (ValueError, msgspec.DecodeError) as error:
            return json_answer(400, {"message": str(error)})

    def add(self, events: Iterable[Row]) -> None:
        """Ingest events.

        Raises:
            ValueError: A project is unknown or a value cannot be stored; nothing was added.
        """
        self._store.add([self._completed(event) for event in events])

    def remove(self, ids: Sequence[str]) -> None:
        """Delete the events with these ids.

        Raises:
            ValueError: An id is no text.
        """
        if not all(isinstance(event_id, str) for event_id in ids):
            raise ValueError("ids must be texts")
        self._store.remove(ids)

    def record(self, request: Request, client_id: str | None, status: int) -> None:
        """Remember a request."""
        at = round(time.monotonic() - self._started, 6)
        with self._lock:
            self._served.append(Served(request.method, request.url, client_id, status, at))

    def served(self) -> list[Served]:
        """Return the requests served, the oldest first."""
        with self._lock:
            return list(self._served)

    def forget(self) -> dict[str, bool]:
        """Forget the requests served."""
        with self._lock:
            self._served.clear()
        return {"ok": True}

    def spend(self, client_id: str, requests: int) -> None:
        """Count requests of a client against its limit, as those to other routes are.

        Raises:
            ValueError: An argument is not what it should be.
        """
        whole = isinstance(requests, int) and not isinstance(requests, bool)
        if not isinstance(client_id, str) or not (whole and requests > 0):
            raise ValueError("client_id must be a text, and requests a number above 0")
        self._limit.count(client_id, requests)

    def behave(self, behaviour: Row) -> None:
        """Replace what goes wrong.

        Raises:
            ValueError: There is no such fault, or a value does not fit it.
        """
        for fault in behaviour.get("faults") or [behaviour]:
            for event in fault.get("add_between", ()) if isinstance(fault, dict) else ():
                self._completed(event)
        self.behaviour.set(behaviour)

    def _completed(self, event: Any) -> Row:
        if not isinstance(event, dict):
            raise ValueError(f"an event must be an object, not {event!r}")
        project = event.get("projectId")
        if not isinstance(project, str) or not self._access.exists(project):
            raise ValueError(f"unknown project {project!r}")
        return complete(event, self._now())

    def _post_events(self, body: Any) -> dict[str, int]:
        self.add(_array(body, "events"))
        return {"added": len(body)}

    def _delete_events(self, body: Any) -> dict[str, int]:
        self.remove(_array(body, "ids"))
        return {"ids": len(body)}

    def _post_requests(self, body: Any) -> dict[str, int]:
        for spent in _array(body, "client_id and requests"):
            if not isinstance(spent, dict) or spent.keys() != {"client_id", "requests"}:
                raise ValueError(f"an item must have client_id and requests, not {spent!r}")
            self.spend(**spent)
        return {"clients": len(body)}

    def _post_behaviour(self, body: Any) -> dict[str, bool]:
        if not isinstance(body, dict):
            raise ValueError("the body must be a JSON object")
        self.behave(body)
        return {"ok": True}


def _array(body: Any, what: str) -> list[Any]:
    if not isinstance(body, list):
        raise ValueError(f"the body must be a JSON array of {what}")
    return body
