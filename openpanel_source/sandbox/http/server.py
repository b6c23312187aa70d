"""The HTTP server: connections and threads, and one request after the other on each."""

from __future__ import annotations

import contextlib
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from openpanel_source.sandbox.access import CLIENT_ID
from openpanel_source.sandbox.answers import Answer, headers_too_large, json_answer
from openpanel_source.sandbox.http.app import Application, Request
from openpanel_source.sandbox.http.behaviour import Misbehaviour
from openpanel_source.sandbox.http.control import PREFIX, Control
from openpanel_source.sandbox.http.delivery import deliver

_LARGEST_HEADERS = 16_384


class Server(ThreadingHTTPServer):
    """Listens on the loopback interface and serves an application.

    Args:
        port: 0 picks a free one.
        app: Answers.
        control: Answers under ``/_sandbox/``.
    """

    daemon_threads = True
    request_queue_size = 1024

    def __init__(self, port: int, app: Application, control: Control) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.app = app
        self.control = control
        self.stopping = threading.Event()
        self._connections: dict[threading.Thread, socket.socket] = {}
        self._lock = threading.Lock()

    def process_request(self, request: Any, client_address: Any) -> None:
        """Serve a connection in a thread of its own."""
        thread = threading.Thread(
            target=self.process_request_thread, args=(request, client_address), daemon=True
        )
        with self._lock:
            self._connections[thread] = request
        thread.start()

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Serve a connection until it ends."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            with self._lock:
                self._connections.pop(threading.current_thread(), None)

    def close(self) -> None:
        """Stop listening, end all connections and wait for their threads."""
        self.stopping.set()
        self.shutdown()
        with self._lock:
            connections = dict(self._connections)
        for connection in connections.values():
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        for thread in connections:
            thread.join(5)
        self.server_close()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: what ends a connection here is the client's affair."""


class _Handler(BaseHTTPRequestHandler):
    server: Server
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def handle_one_request(self) -> None:
        self.raw_requestline = self.rfile.readline(65_537)
        if not self.raw_requestline:
            self.close_connection = True
            return
        if len(self.raw_requestline) > _LARGEST_HEADERS:
            self._refuse(headers_too_large(self.server.app.generation))
            return
        if not self.parse_request():
            return
        size = len(self.path) + sum(len(name) + len(value) for name, value in self.headers.items())
        if size >= _LARGEST_HEADERS:
            self._refuse(headers_too_large(self.server.app.generation))
            return
        length = int(self.headers.get("content-length") or 0)
        body = self.rfile.read(length) if length else b""
        headers = {name.lower(): value for name, value in self.headers.items()}
        self._serve(Request(self.command, self.path, headers, body, self.client_address[0]))

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Answer what is no HTTP as the real server does."""
        error = {"error": "Bad Request", "message": "Client Error", "statusCode": 400}
        self._refuse(
            headers_too_large(self.server.app.generation)
            if code == 431
            else json_answer(400, error)
        )

    def _serve(self, request: Request) -> None:
        if request.path.startswith(PREFIX):
            self._send(request, self.server.control.answer(request), Misbehaviour())
            return
        control, stopping = self.server.control, self.server.stopping
        misbehaviour = control.behaviour.of(request.url)
        actions = misbehaviour.actions
        control.add(actions.get("add_between", ()))
        control.remove(actions.get("remove_between", ()))
        if actions.get("hang"):
            control.record(request, request.headers.get(CLIENT_ID), 0)
            stopping.wait()
            self.close_connection = True
            return
        stopping.wait(actions.get("delay", 0))
        answer = misbehaviour.canned or self.server.app.answer(request, misbehaviour)
        control.record(request, request.headers.get(CLIENT_ID), answer.status)
        self._send(request, misbehaviour.spoiled(answer), misbehaviour)

    def _send(self, request: Request, answer: Answer, misbehaviour: Misbehaviour) -> None:
        if not answer.status:
            self.close_connection = True
            return
        reusable = deliver(
            self.connection,
            answer,
            misbehaviour,
            with_body=request.method != "HEAD",
            keep_alive=not self.close_connection,
            stopping=self.server.stopping,
        )
        self.close_connection = not reusable

    def _refuse(self, answer: Answer) -> None:
        self.close_connection = True
        self._send(Request("", "", {}, b"", ""), answer, Misbehaviour())
