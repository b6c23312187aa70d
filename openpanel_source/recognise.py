"""Recognise which generation of the server answers, by as few and cheap requests as tell."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import date

import msgspec

from openpanel_source import generation as generations
from openpanel_source.body import Response
from openpanel_source.client import Client
from openpanel_source.decode import Meta
from openpanel_source.errors import (
    InvalidQueryError,
    OpenPanelError,
    ProjectAccessError,
    ProjectNotFoundError,
    UnsupportedServerError,
)
from openpanel_source.generation import Generation
from openpanel_source.plan import EARLIEST, LATEST
from openpanel_source.query import EVENTS_PATH, EventQuery, Params, encode_string, unique_name

_PROBED_ROWS = 100
_Rows = list[dict[str, msgspec.Raw]]


class _Answer(msgspec.Struct):
    meta: Meta
    data: _Rows


def recognise(
    client: Client, query: EventQuery, projects: Sequence[str], today: date
) -> Generation:
    """The server's generation, if it can answer the query.

    Args:
        client: Asks.
        query: What will be asked for.
        projects: Projects that will be read.
        today: The current UTC day.

    Returns:
        The generation; one request on current servers, two with filters.

    Raises:
        UnsupportedServerError: The server ignores a part of the query, and so would answer with
            the whole project.
        OpenPanelError: The server cannot be asked.
    """
    generation = probe(client, projects, today, filters=bool(query.filters))
    since = None
    if query.filters and not generation.has_filters:
        since = ("filters", "2026-05-18", "filters")
    if query.profile_id is not None and not _applies_profile_id(client, generation, projects):
        since = ("profile ids", "2025-05-21", "profile_id")
    if since is not None:
        what, day, setting = since
        raise UnsupportedServerError(
            f"servers apply {what} on events since {day}, and this one ({generation.dates}) would"
            f" answer with the whole project; upgrade it, or leave {setting} out and select in the"
            " destination."
        )
    return generation


def probe(
    client: Client, projects: Sequence[str], today: date, *, filters: bool = True
) -> Generation:
    """The server's generation, whatever will be asked of it.

    Args:
        client: Asks.
        projects: Projects to ask about; the first that the client may read tells, unless it is
            empty and the server old.
        today: The current UTC day.
        filters: Whether it matters if filters are applied; if not, ``CURRENT`` stands for both.

    Returns:
        The generation; ``UNDECIDED`` if it is old and no project holds rows to tell by.

    Raises:
        OpenPanelError: The server cannot be asked, or no project may be read.
    """
    refusal: OpenPanelError | None = None
    found: Generation | None = None
    for project in projects:
        try:
            found = _probe_project(client, project, today, filters=filters)
        except (ProjectAccessError, ProjectNotFoundError) as error:
            refusal = refusal or error
            continue
        if found is not generations.UNDECIDED:
            return found
    if found is None and refusal is not None:
        raise refusal
    return generations.UNDECIDED


def _probe_project(client: Client, project: str, today: date, *, filters: bool) -> Generation:
    day = [("start", today.isoformat()), ("end", today.isoformat())]
    quoted = [("projectId", encode_string(project)), *day, ("limit", '"1"')]
    try:
        decodes = _accepts(client, quoted)
    except (ProjectAccessError, ProjectNotFoundError):
        # An old server takes the quotes of "2024" for a part of the name.
        if encode_string(project) == project or not _accepts(
            client, [("projectId", project), *day, ("limit", "1")]
        ):
            raise
        decodes = False
    if not decodes:
        return _old(client, project)
    if filters and _accepts(client, [*quoted, ("filters", "garbage")]):
        return generations.APRIL_2026
    return generations.CURRENT


def _old(client: Client, project: str) -> Generation:
    """Which of the generations that do not decode values it is."""
    response, meta, rows = _list(client, project, ("limit", str(_PROBED_ROWS)))
    if not rows:
        # Of what is older than a year, page 1 of one generation alone shows nothing.
        _, _, hidden = _list(client, project, ("limit", "1"), ("page", "2"))
        return generations.BEFORE_MARCH_2026 if hidden else generations.UNDECIDED
    # Older servers read the list of names as one, which no field has.
    if "properties" in rows[0]:
        return generations.MARCH_2026
    if _is_in_fifties(meta, response):
        return generations.BEFORE_APRIL_2025
    return generations.BEFORE_MARCH_2026


def _is_in_fifties(meta: Meta, response: Response) -> bool:
    """Whether pages hold 50 rows at most, whatever is asked for."""
    if meta.total_count <= 50:
        return response.headers.get("x-ratelimit-limit") == "10"
    return meta.pages > math.ceil(meta.total_count / _PROBED_ROWS)


def _applies_profile_id(client: Client, generation: Generation, projects: Sequence[str]) -> bool:
    if generation.has_true_counts or not generation.has_profile_id:
        return generation.has_profile_id
    # Servers of spring 2025 ignore it and show no other sign of their age.
    nobody = ("profileId", unique_name())
    answers = [_list(client, project, ("limit", "1"), nobody) for project in projects]
    return not any(meta.total_count for _, meta, _ in answers)


def _list(client: Client, project: str, *more: tuple[str, str]) -> tuple[Response, Meta, _Rows]:
    params: Params = [
        ("projectId", project),
        ("start", EARLIEST.isoformat()),
        ("end", LATEST.isoformat()),
        ("includes", f"properties,{unique_name()}"),
        *more,
    ]
    response = client.get(EVENTS_PATH, params)
    try:
        answer = msgspec.json.decode(response.content, type=_Answer)
    except msgspec.MsgspecError:
        return response, Meta(0, 0), []
    return response, answer.meta, answer.data


def _accepts(client: Client, params: Params) -> bool:
    try:
        client.get(EVENTS_PATH, params)
    except InvalidQueryError:
        return False
    return True
