"""Recognise which generation of the server answers, by a few cheap requests.

Self-hosted installations lag for years, and older servers answer differently
(openpanel-api.md, section 8).
"""

from __future__ import annotations

from datetime import date
from enum import Enum

import msgspec

from openpanel_source.client import Client
from openpanel_source.errors import InvalidQueryError
from openpanel_source.query import Params, encode_string

_PATH = "/export/events"


class Generation(Enum):
    """A generation of servers; the value says from when to when."""

    CURRENT = "2026-05 or later"
    APRIL_2026 = "2026-04-09 to 2026-05-18"
    MARCH_2026 = "2026-03-03 to 2026-04-08"
    BEFORE_MARCH_2026 = "before 2026-03-03"
    BEFORE_APRIL_2025 = "before 2025-04-16"
    UNDECIDED = "before 2026-04-09"

    @property
    def is_supported(self) -> bool:
        """Whether this source reads it."""
        return self in (Generation.CURRENT, Generation.APRIL_2026)

    @property
    def has_filters(self) -> bool:
        """Whether filters on events are applied rather than ignored."""
        return self is Generation.CURRENT


class _Answer(msgspec.Struct):
    data: list[dict[str, msgspec.Raw]]


def probe(client: Client, project_id: str, first: date, last: date) -> Generation:
    """Find out which generation of the server answers, with 1 to 3 requests.

    Args:
        client: Asks.
        project_id: A project the client may read.
        first: First UTC day of a range that holds events, if there is one.
        last: Last UTC day of that range.

    Returns:
        The generation; ``UNDECIDED`` if it is old and the range holds too few rows to tell.

    Raises:
        OpenPanelError: The server cannot be asked.
    """
    days = [("start", first.isoformat()), ("end", last.isoformat())]
    quoted = [("projectId", encode_string(project_id)), *days, ("limit", '"1"')]
    if not _accepts(client, quoted):
        return _old(client, [("projectId", project_id), *days])
    filters = [*quoted, ("filters", "garbage")]
    return Generation.APRIL_2026 if _accepts(client, filters) else Generation.CURRENT


def _old(client: Client, params: Params) -> Generation:
    response = client.get(_PATH, [*params, ("limit", "51")])
    rows = _rows(response.content)
    if response.headers.get("x-ratelimit-limit") == "10" or len(rows) == 50:
        return Generation.BEFORE_APRIL_2025
    if len(rows) < 2:
        return Generation.UNDECIDED
    comma = [("limit", "1"), ("page", "2"), ("includes", "properties,revenue")]
    rows = _rows(client.get(_PATH, [*params, *comma]).content)
    if not rows:
        return Generation.UNDECIDED
    is_march = "properties" in rows[0]
    return Generation.MARCH_2026 if is_march else Generation.BEFORE_MARCH_2026


def _rows(body: bytes) -> list[dict[str, msgspec.Raw]]:
    try:
        return msgspec.json.decode(body, type=_Answer).data
    except msgspec.MsgspecError:
        return []


def _accepts(client: Client, params: Params) -> bool:
    try:
        client.get(_PATH, params)
    except InvalidQueryError:
        return False
    return True
