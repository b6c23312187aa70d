"""The programs that are measured: each loads the same events into a fresh DuckDB file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

NAMES = ("connector", "limit", "expert", "rest_api")
"""Modules of this package, each with ``load(work)`` and the ``TABLE`` it fills."""


@dataclass(frozen=True)
class Work:
    """What to load, and where to.

    Args:
        url: The server.
        folder: Where files may be written.
        project: The project's id.
        client_id: Of the client that may read it.
        client_secret: Its secret.
        first: First day that holds events, ``YYYY-MM-DD``.
        last: Last day, inclusive.
        now: The time to take for the present, ISO with zone; empty for the clock's.
    """

    url: str
    folder: str
    project: str
    client_id: str
    client_secret: str
    first: str
    last: str
    now: str = ""

    @property
    def database(self) -> str:
        """Path of the DuckDB file."""
        return str(Path(self.folder) / "warehouse.duckdb")

    @property
    def headers(self) -> dict[str, str]:
        """The credentials as the API takes them."""
        return {
            "openpanel-client-id": self.client_id,
            "openpanel-client-secret": self.client_secret,
        }
