"""Addresses on loopback where something else listens than a sandbox, or nothing."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager

import trustme


def closed_port() -> int:
    with closing(socket.socket()) as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
    return port


@contextmanager
def tls(certificate: trustme.LeafCert, forward: str | None = None) -> Iterator[str]:
    """A TLS server on loopback that answers any request with an empty JSON object."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    listener = socket.create_server(("127.0.0.1", 0))
    asked: list[bytes] = []

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            try:
                with context.wrap_socket(connection, server_side=True) as wrapped:
                    asked.append(wrapped.recv(65_536))
                    if forward is None:
                        head = "200 OK\r\ncontent-length: 2"
                    else:
                        head = f"307 Away\r\nlocation: {forward}\r\ncontent-length: 2"
                    wrapped.sendall(f"HTTP/1.1 {head}\r\n\r\n{{}}".encode())
            except OSError:
                connection.close()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield f"https://localhost:{listener.getsockname()[1]}"
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    thread.join(5)
