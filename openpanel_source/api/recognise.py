"""Recognise which generation of the server answers, by as few and cheap requests as tell."""

from __future__ import annotations

import logging
import math
from collections.abc import Sequence

import msgspec

from openpanel_source.api import generation as generations
from openpanel_source.api.client import Client
from openpanel_source.api.day_bounds import SHOWN_ROWS, BoundsProbe, Listed, listed
from openpanel_source.api.failed_projects import OF_ONE_PROJECT, FailedProjects
from openpanel_source.api.generation import Bounds, Generation, describe
from openpanel_source.api.page import Meta
from openpanel_source.api.query import (
    EVENTS_PATH,
    EVERYTHING,
    EventQuery,
    Params,
    encode_string,
    unique_name,
)
from openpanel_source.errors import (
    DaysMisunderstoodError,
    InvalidQueryError,
    OpenPanelError,
    ProjectAccessError,
    ProjectNotFoundError,
    UnsupportedServerError,
)
from openpanel_source.model.clock import EARLIEST, LATEST
from openpanel_source.model.instants import instant_text
from openpanel_source.model.json_text import UNREADABLE
from openpanel_source.wire.body import Response

logger = logging.getLogger(__name__)

_PROBED_ROWS = 100
_NO_FILTERS: Params = [("filters", "{}"), ("filters", "{}")]
"""Filters that are none, in a form that every server that has filters reads as two of them."""
_Rows = list[dict[str, msgspec.Raw]]


class _Answer(msgspec.Struct):
    meta: Meta
    data: _Rows


def recognise(
    client: Client,
    query: EventQuery,
    projects: Sequence[str],
    known: str | None = None,
) -> Generation:
    """The server's generation, if it can answer the query.

    Args:
        client: Asks.
        query: What will be asked for.
        projects: Projects that will be read.
        known: The mark of the generation that was found, and tried, the last time.

    Returns:
        The generation, with what its bounds mean; about four requests on current servers, and four
        more where it is another than the last time.

    Raises:
        UnsupportedServerError: The server ignores a part of the query, and so would answer with
            the whole project.
        DaysMisunderstoodError: It does not select the events of the days asked for.
        OpenPanelError: The server cannot be asked.
    """
    generation = probe(client, projects, known)
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
    if generation.has_edges:
        logger.warning("this server answers %s", describe(generation))
    return generation


def probe(client: Client, projects: Sequence[str], known: str | None = None) -> Generation:
    """The server's generation, whatever will be asked of it.

    Args:
        client: Asks.
        projects: Projects to ask about; the first that can be read and that holds events tells.
        known: The mark of the generation that was found, and tried, the last time.

    Returns:
        The generation; ``UNDECIDED`` if it is old and no project holds rows to tell by.

    Raises:
        DaysMisunderstoodError: It does not select the events of the days asked for.
        OpenPanelError: The server cannot be asked, or no project can be read.
    """
    refusal: OpenPanelError | None = None
    found: Generation | None = None
    for project in projects:
        try:
            told = _probe_project(client, project, known)
        except OF_ONE_PROJECT as error:
            refusal = refusal or error
            continue
        if told.bounds is not Bounds.UNTOLD:
            return told
        if found in (None, generations.UNDECIDED):
            found = told
    if found is None and refusal is not None:
        raise refusal
    return found or generations.UNDECIDED


def _probe_project(client: Client, project: str, known: str | None) -> Generation:
    start, end = EVERYTHING
    everything = [("start", start), ("end", end)]
    quoted: Params = [
        ("projectId", encode_string(project)),
        *everything,
        ("limit", f'"{SHOWN_ROWS}"'),
    ]
    newest, response = Listed(0, ()), None
    try:
        response = _answer(client, quoted)
    except (ProjectAccessError, ProjectNotFoundError):
        # An old server takes the quotes of "2024" for a part of the name.
        if encode_string(project) == project or not _answer(
            client, [("projectId", project), *everything, ("limit", "1")]
        ):
            raise
    if response is None:
        generation, newest = _old(client, project)
    else:
        newest = listed(response.content, f"events of {project}")
        generation = _new(client, quoted, response)
    if not newest.rows:
        if generation.has_stable_pages:
            _check_empty(client, project, generation)
        return generation
    return BoundsProbe(client, project).measure(generation, newest, known)


def _new(client: Client, quoted: Params, response: Response) -> Generation:
    """Which of the generations that decode values it is."""
    try:
        client.get(EVENTS_PATH, [*quoted, *_NO_FILTERS])
    except InvalidQueryError as error:
        # The path of what is wrong is written in another way by each of them.
        if "filters/0" in error.message:
            return generations.CURRENT
        if "filters.0" in error.message:
            return generations.THREE
    else:
        return generations.APRIL_2026
    if "x-ratelimit-limit" in response.headers:
        return generations.CURRENT
    # Whatever its words are, what it decodes twice tells.
    is_three = _answer(client, [*quoted, ("event", '["1"]')]) is None
    return generations.THREE if is_three else generations.CURRENT


def _check_empty(client: Client, project: str, generation: Generation) -> None:
    """Ask for anything at all where nothing was found between the bounds."""
    encode = encode_string if generation.decodes_values else str
    params = [("projectId", encode(project)), ("limit", str(SHOWN_ROWS))]
    shown = client.read(EVENTS_PATH, params, listed)
    for row in shown.rows:
        if EARLIEST <= row.at.date() <= LATEST:
            start, end = EVERYTHING
            raise DaysMisunderstoodError(
                f"the server lists no event of {project} from {start} to {end}, and one of"
                f" {instant_text(row.at)} without bounds: it means something else by them."
                " Nothing was read or changed; report it to who runs the server."
            )


def _old(client: Client, project: str) -> tuple[Generation, Listed]:
    """Which of the generations that do not decode values it is, and the newest rows."""
    response, meta, rows = _list(client, project, ("limit", str(_PROBED_ROWS)))
    newest = listed(response.content, f"events of {project}") if rows else Listed(0, ())
    newest = newest._replace(rows=newest.rows[:SHOWN_ROWS])
    if not rows:
        # Of what is older than a year, page 1 of one generation alone shows nothing.
        _, _, hidden = _list(client, project, ("limit", "1"), ("page", "2"))
        return (generations.BEFORE_MARCH_2026 if hidden else generations.UNDECIDED), newest
    # Older servers read the list of names as one, which no field has.
    if "properties" in rows[0]:
        return generations.MARCH_2026, newest
    if _is_in_fifties(meta, response):
        return generations.BEFORE_APRIL_2025, newest
    return generations.BEFORE_MARCH_2026, newest


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
    answers, failed = [], FailedProjects()
    for project in projects:
        with failed.alone(project):
            answers.append(_list(client, project, ("limit", "1"), nobody))
    return not any(meta.total_count for _, meta, _ in answers)


def _list(client: Client, project: str, *more: tuple[str, str]) -> tuple[Response, Meta, _Rows]:
    params: Params = [
        ("projectId", project),
        ("start", EVERYTHING[0]),
        ("end", EVERYTHING[1]),
        ("includes", f"properties,{unique_name()}"),
        *more,
    ]
    response = client.get(EVENTS_PATH, params)
    try:
        answer = msgspec.json.decode(response.content, type=_Answer)
    except UNREADABLE:
        return response, Meta(0, 0), []
    return response, answer.meta, answer.data


def _answer(client: Client, params: Params) -> Response | None:
    """The answer; None if the server refuses a parameter."""
    try:
        return client.get(EVENTS_PATH, params)
    except InvalidQueryError:
        return None
