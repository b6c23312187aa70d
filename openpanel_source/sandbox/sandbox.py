"""A server to try things on: started, stopped and steered from Python."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timezone
from types import TracebackType
from typing import Any, Literal

from openpanel_source.sandbox.access import Access
from openpanel_source.sandbox.dataset import Dataset, Row
from openpanel_source.sandbox.events.store import Store
from openpanel_source.sandbox.generation import generation_of
from openpanel_source.sandbox.http.app import Application
from openpanel_source.sandbox.http.control import Control, Served
from openpanel_source.sandbox.http.ratelimit import RateLimit
from openpanel_source.sandbox.http.server import Server
from openpanel_source.sandbox.lists.listed import listed_of


class Sandbox:
    """A local server that answers like OpenPanel's Export API, on data it holds in memory.

    Args:
        dataset: What it holds at the start; added to and removed from while it runs.
        port: To listen on, on the loopback interface only; 0 picks a free one.
        rate_limit: Requests a client may make in a window; None for so many that nobody needs
            them, "default" for as many as the server of that date allows.
        window_seconds: Length of that window.
        server_date: ``YYYY-MM`` plays the server as of the end of that month, ``2026-09s`` the one
            of that month whose bounds lose their milliseconds, ``3`` OpenPanel 3; None the usual
            one.
        now: The clock that the server goes by, None for the real one.

    Raises:
        ValueError: No server is known for ``server_date``, or no request may be made.
    """

    def __init__(
        self,
        dataset: Dataset,
        *,
        port: int = 0,
        rate_limit: int | Literal["default"] | None = "default",
        window_seconds: float = 10.0,
        server_date: str | None = None,
        now: Callable[[], datetime] | None = None,
    ) -> None:
        generation = generation_of(server_date)
        limit = generation.rate_limit if rate_limit == "default" else rate_limit
        if limit is not None and limit < 1:
            raise ValueError(f"rate_limit must be 1 or more, or None, not {limit}.")
        now = now or _utc_now
        store = Store(dataset, generation.no_country)
        access = Access(dataset.accounts, generation)
        counter = RateLimit(limit, window_seconds)
        self.listed = listed_of(dataset)
        """What the dashboard lists; change it as its users would."""
        app = Application(store, access, counter, self.listed, generation, now)
        self._control = Control(store, access, counter, now)
        self._store = store
        self._app = app
        self._port = port
        self._server: Server | None = None
        self._thread: threading.Thread | None = None
        self._stopping = threading.Lock()

    @property
    def url(self) -> str:
        """Where it listens: ``http://127.0.0.1:PORT``."""
        return f"http://127.0.0.1:{self._port}"

    @property
    def requests(self) -> list[Served]:
        """The requests served, the oldest first."""
        return self._control.served()

    def start(self) -> Sandbox:
        """Listen, and serve in the background.

        Returns:
            The sandbox itself.

        Raises:
            OSError: The port is taken.
        """
        if self._server is None:
            self._server = Server(self._port, self._app, self._control)
            self._port = self._server.server_port
            self._thread = threading.Thread(
                target=self._server.serve_forever, args=(0.05,), daemon=True
            )
            self._thread.start()
        return self

    def stop(self) -> None:
        """End all connections and free the port; does nothing when it is not running."""
        with self._stopping:
            if self._server is not None and self._thread is not None:
                self._server.close()
                self._thread.join()
                self._server = self._thread = None

    def serve_forever(self) -> None:
        """Serve until interrupted."""
        try:
            self.start()
            thread = self._thread
            while thread is not None and thread.is_alive():
                thread.join(0.5)
        except KeyboardInterrupt:
            pass
        finally:
            self.stop()

    def add(self, events: Iterable[Row]) -> None:
        """Ingest events in API form, as ``POST /_sandbox/events`` does.

        Raises:
            ValueError: A project is unknown or a value cannot be stored; nothing was added.
        """
        self._control.add(events)

    def remove(self, ids: Sequence[str]) -> None:
        """Delete the events with these ids, as ``DELETE /_sandbox/events`` does."""
        self._control.remove(ids)

    def spend(self, client_id: str, requests: int) -> None:
        """Use up requests of a client, as its requests to other routes do.

        On every server but OpenPanel 3, ``/manage`` and ``/insights`` count on the same counter
        as ``/export``; there it is another reader with the same client that does.

        Raises:
            ValueError: An argument is not what it should be.
        """
        self._control.spend(client_id, requests)

    def behave(self, **behaviour: Any) -> None:
        """Replace what goes wrong, as ``POST /_sandbox/behaviour`` does; nothing without arguments.

        Raises:
            ValueError: There is no such fault, or a value does not fit it.
        """
        self._control.behave(behaviour)

    def __enter__(self) -> Sandbox:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()


def _utc_now() -> datetime:
    return datetime.now(timezone.utc)
