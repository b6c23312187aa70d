"""Connections through a SOCKS proxy, of which a watchdog can cut even the proxy's own handshake.

PySocks is imported when such a proxy is used: few have one.
"""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import Any, cast

from urllib3.exceptions import ProxyError

_PORT = 1080


class ThroughSocks:
    """Goes before a connection class of ``urllib3.contrib.socks``."""

    _socks_options: dict[str, Any]
    host: str
    port: int
    timeout: float

    def watch(self, find: Callable[[], socket.socket | None]) -> None:
        """Say where the socket of the connection is found."""
        raise NotImplementedError

    def _new_conn(self) -> socket.socket:
        import socks  # noqa: PLC0415

        options = self._socks_options
        place = options["proxy_host"].strip("[]"), int(options["proxy_port"] or _PORT)
        failure: OSError = OSError("it has no address")
        try:
            for family, kind, protocol, _, _ in socket.getaddrinfo(*place, 0, socket.SOCK_STREAM):
                connection: Any = socks.socksocket(family, kind, protocol)
                connection.settimeout(self.timeout)
                connection.set_proxy(
                    options["socks_version"],
                    *place,
                    options["rdns"],
                    options["username"],
                    options["password"],
                )
                self.watch(lambda: connection)  # noqa: B023 - looked for at once
                try:
                    connection.connect((self.host, self.port))
                except OSError as error:
                    connection.close()
                    failure = error
                else:
                    return cast("socket.socket", connection)
        except socket.gaierror as error:
            failure = error
        raise ProxyError("the SOCKS proxy does not let through", failure)
