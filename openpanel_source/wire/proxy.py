"""Which proxy the environment names for an address, told without its credentials; pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from requests.utils import select_proxy

VARIABLES = "HTTPS_PROXY (or ALL_PROXY)"
_UNREADABLE = "that it names"


def proxy_place(url: str, proxies: Mapping[str, Any]) -> str | None:
    """Host and port of the proxy for a URL; None without one.

    Args:
        url: Where a request goes.
        proxies: Of requests, by scheme or address.
    """
    address = select_proxy(url, dict(proxies))
    if not address:
        return None
    try:
        parts = urlsplit(address if "://" in address else f"http://{address}")
        host, port = parts.hostname, parts.port
    except ValueError:
        return _UNREADABLE
    if not host:
        return _UNREADABLE
    host = f"[{host}]" if ":" in host else host
    return f"{host}:{port}" if port else host
