"""How an answer goes over the wire: in one piece, unless it is to go wrong."""

from __future__ import annotations

import socket
import struct
import threading
from email.utils import formatdate
from http import HTTPStatus

from openpanel_source.sandbox.answers import Answer
from openpanel_source.sandbox.http.behaviour import Misbehaviour

_PARTS = 20
_BREAKING = ("reset", "truncate_body", "wrong_content_length", "interim")
_CHUNKED = {"transfer-encoding": "chunked"}
_REASONS = {status.value: status.phrase for status in HTTPStatus}


def deliver(
    connection: socket.socket,
    answer: Answer,
    misbehaviour: Misbehaviour,
    *,
    with_body: bool,
    keep_alive: bool,
    stopping: threading.Event,
) -> bool:
    """Send an answer.

    Args:
        connection: The client's.
        answer: What to send.
        misbehaviour: What is to go wrong.
        with_body: False for HEAD.
        keep_alive: Whether the client wants to go on.
        stopping: Ends all waiting.

    Returns:
        Whether the connection can be used again.
    """
    actions = misbehaviour.actions
    length = len(answer.body) + actions.get("wrong_content_length", 0)
    framing = actions.get("framing")
    broken = framing == "close" or not actions.keys().isdisjoint(_BREAKING)
    keep_alive = keep_alive and not broken
    head = _head(answer, length, keep_alive, framing)
    body = answer.body if with_body else b""
    if framing == "chunked":
        body = _chunked(body)
    if "interim" in actions:
        while not stopping.wait(actions["interim"]):
            connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
    elif "drip_headers" in actions:
        _drip(connection, head, actions["drip_headers"], stopping)
        connection.sendall(body)
    elif "reset" in actions:
        _reset(connection, head, body, actions["reset"])
    elif "truncate_body" in actions:
        connection.sendall(head + body[: actions["truncate_body"]])
    elif "stall" in actions:
        connection.sendall(head + body[: len(body) // 2])
        stopping.wait(actions["stall"])
        connection.sendall(body[len(body) // 2 :])
    elif "drip" in actions:
        _drip(connection, head + body, actions["drip"], stopping)
    else:
        connection.sendall(head + body)
    return keep_alive


def _head(answer: Answer, length: int, keep_alive: bool, framing: str | None) -> bytes:
    ends = {None: {"content-length": str(max(0, length))}, "chunked": _CHUNKED, "close": {}}
    headers = {
        **answer.headers,
        **ends[framing],
        **({"content-type": answer.content_type} if answer.content_type else {}),
        "date": formatdate(usegmt=True),
        "connection": "keep-alive" if keep_alive else "close",
    }
    lines = [f"HTTP/1.1 {answer.status} {_REASONS.get(answer.status, 'Unknown')}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


def _chunked(body: bytes) -> bytes:
    middle = len(body) // 2
    chunks = [chunk for chunk in (body[:middle], body[middle:]) if chunk]
    return b"".join(b"%x\r\n%b\r\n" % (len(chunk), chunk) for chunk in [*chunks, b""])


def _reset(connection: socket.socket, head: bytes, body: bytes, where: str) -> None:
    sent = {
        "before_headers": b"",
        "in_headers": head[: len(head) // 2],
        "in_body": head + body[: len(body) // 2],
        "last_byte": head + body[:-1],
    }[where]
    connection.sendall(sent)
    # Closing without lingering sends a reset instead of an end.
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def _drip(
    connection: socket.socket, text: bytes, seconds: float, stopping: threading.Event
) -> None:
    size = len(text) // _PARTS + 1
    for start in range(0, len(text), size):
        connection.sendall(text[start : start + size])
        if stopping.wait(seconds):
            return
