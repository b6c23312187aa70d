"""A session that sends what it is told to, and nothing on its own."""

from __future__ import annotations

from importlib.metadata import version

import requests

from openpanel_source.errors import InvalidSettingError
from openpanel_source.wire.deadline import WatchedAdapter


def header_value(name: str, value: str) -> str:
    """A setting that is sent as a header.

    Raises:
        InvalidSettingError: No header may hold it.
    """
    # requests would name the value, and so the secret, in its error.
    if not value.isascii() or not value.isprintable() or value != value.strip():
        raise InvalidSettingError(
            f"{name} holds a space, a line break or another character that no header may hold; copy"
            " it again from OpenPanel's settings, Clients."
        )
    return value


_BESIDE_PAGES = 2
"""Requests beside the pages in flight: a day's own reader's, and the count of days to come."""


def new_session(pool_size: int) -> requests.Session:
    """One that keeps connections alive for so many pages in flight, and what is asked beside."""
    session = requests.Session()
    # Without this, requests would add an Authorization header from ~/.netrc.
    session.auth = _no_auth
    session.headers["user-agent"] = f"openpanel-source/{version('openpanel-source')}"
    adapter = WatchedAdapter(pool_connections=1, pool_maxsize=pool_size + _BESIDE_PAGES)
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    return session


def _no_auth(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request
