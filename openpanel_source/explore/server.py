"""The notebook served to this machine alone, to whoever has its address."""

from __future__ import annotations

import secrets
import socket
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import marimo
import uvicorn

from openpanel_source.errors import InvalidSettingError

HOST = "127.0.0.1"
_APP = Path(__file__).with_name("app.py")


def serve(port: int, ready: Callable[[str], None]) -> None:
    """Serve the notebook until the process is asked to end.

    Args:
        port: On 127.0.0.1; 0 picks a free one.
        ready: Called with the address, which holds a secret, once it can be opened.

    Raises:
        InvalidSettingError: The port cannot be had.
    """
    token = secrets.token_urlsafe(24)
    with closing(_listening(port)) as listener:
        number = listener.getsockname()[1]
        app = marimo.create_asgi_app(quiet=True, include_code=True, token=token)
        guarded = _Guarded(app.with_app(path="", root=str(_APP)).build(), number)
        config = uvicorn.Config(guarded, log_level="error", timeout_graceful_shutdown=1)
        ready(f"http://{HOST}:{number}/?access_token={token}")
        # Ctrl-C is how it is meant to end.
        with suppress(KeyboardInterrupt):
            uvicorn.Server(config).run(sockets=[listener])


def _listening(port: int) -> socket.socket:
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((HOST, port))
        listener.listen()
    except (OSError, OverflowError) as error:
        listener.close()
        raise InvalidSettingError(
            f"port {port} of {HOST} cannot be had ({error}); name another with --port, or 0 for a"
            " free one."
        ) from None
    return listener


class _Guarded:
    """Answers pages of its own address alone, and has the browser ask no other host.

    Args:
        app: What answers them, by the protocol ASGI.
        port: That it is reached at.
    """

    def __init__(self, app: Any, port: int) -> None:
        self._app = app
        self._hosts = {f"{name}:{port}".encode() for name in (HOST, "localhost")}
        sockets = " ".join(f"ws://{host.decode()}" for host in sorted(self._hosts))
        policy = (
            "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:;"
            " style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self' data:;"
            f" connect-src 'self' data: blob: {sockets}; worker-src 'self' blob:;"
            " object-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors 'none'"
        )
        self._headers = [
            (b"content-security-policy", policy.encode()),
            (b"referrer-policy", b"no-referrer"),
            (b"x-content-type-options", b"nosniff"),
        ]

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer a request, or take a WebSocket."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        origin = headers.get(b"origin")
        if headers.get(b"host") not in self._hosts or not (origin is None or self._is_own(origin)):
            await _refuse(scope, receive, send)
            return

        async def send_guarded(message: Any) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", ()), *self._headers]
            await send(message)

        await self._app(scope, receive, send_guarded)

    def _is_own(self, origin: bytes) -> bool:
        return origin.removeprefix(b"http://") in self._hosts


async def _refuse(scope: Any, receive: Any, send: Any) -> None:
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.close", "code": 1008})
        return
    await send({"type": "http.response.start", "status": 403, "headers": []})
    await send({"type": "http.response.body", "body": b"This page answers 127.0.0.1 alone.\n"})
