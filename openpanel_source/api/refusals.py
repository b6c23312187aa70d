"""What an answer of the server means: nothing wrong, or the error that says what to do.

The error bodies come in four shapes and some statuses mean several things
(openpanel-api.md, section 5), so both status and text decide.
"""

from __future__ import annotations

from typing import Any

import msgspec

from openpanel_source import errors
from openpanel_source.errors import OpenPanelError
from openpanel_source.model.json_text import UNREADABLE
from openpanel_source.model.text import printable
from openpanel_source.wire.body import Response
from openpanel_source.wire.rate_limit import LONGEST_WAIT_SECONDS, retry_after

_DEFINITE = (
    errors.InvalidClientIdError,
    errors.UnknownClientError,
    errors.WrongSecretError,
    errors.ClientNotAllowedError,
    errors.ClientWithoutSecretError,
)
_UNAUTHORIZED: tuple[tuple[str, type[OpenPanelError], str], ...] = (
    (
        "must be a valid UUIDv4",
        errors.InvalidClientIdError,
        "the client id is missing or not a lowercase UUIDv4; copy client_id again from OpenPanel's"
        " settings, Clients.",
    ),
    (
        "Invalid client id",
        errors.UnknownClientError,
        "the server knows no client of this id; check client_id and base_url.",
    ),
    (
        "Invalid client secret",
        errors.WrongSecretError,
        "the client secret is wrong; check client_secret, or create a new client in OpenPanel's"
        " settings.",
    ),
    (
        "not allowed to export",
        errors.ClientNotAllowedError,
        "this client may only write events; create one of type read or root and use its"
        " credentials.",
    ),
    (
        "Only root clients",
        errors.ProjectAccessError,
        "the server tells references and projects to root clients only; use the credentials of one,"
        " or take them out of lists.",
    ),
    (
        "has no secret",
        errors.ClientWithoutSecretError,
        "this client has no secret and cannot export; create a new client in OpenPanel's settings.",
    ),
)


_UNITS = (("days", 86_400), ("hours", 3_600), ("minutes", 60))


def is_definite(error: OpenPanelError) -> bool:
    """Whether a credentials error names a mistake that no retry can heal."""
    return isinstance(error, _DEFINITE)


def error_of(response: Response, request: str) -> OpenPanelError | None:
    """The error an answer stands for.

    Args:
        response: Any answer of the server, with its body.
        request: Method and URL, for the message.

    Returns:
        None for status 200, otherwise the error to raise.
    """
    status = response.status
    if status == 200:
        return None if _is_json(response.content, request) else _no_json(response, request)
    message = _message(response.content)
    if 300 <= status < 400:
        return errors.RedirectedError(
            f"the server redirects ({status}) and credentials never follow; set base_url to the"
            " address of the API itself.",
            request,
        )
    if status == 429:
        return _limited(response, request)
    explain = _STATUSES.get(status)
    if explain is not None:
        return explain(message, request)
    if status > 500 or status in (408, 425):
        return errors.ServerUnavailableError(
            f"the server is not available (status {status}); run again later.", request
        )
    return errors.UnexpectedAnswerError(
        f"the server answered status {status}{_quoted(message)}; check that base_url leads to"
        " OpenPanel's API.",
        request,
    )


def _is_json(body: bytes, request: str) -> bool:
    """Whether the bytes begin and end like a JSON object, or a list where the dashboard has one."""
    ends = body[:1] + body[-1:]
    return ends == b"{}" or (ends == b"[]" and "/insights/" in request)


def _no_json(response: Response, request: str) -> OpenPanelError:
    kind = printable(response.headers.get("content-type", "no content type"), 100)
    return errors.UnexpectedAnswerError(
        f"the answer is no JSON object ({kind}); check that base_url leads to OpenPanel's API and"
        " that no proxy or login page answers in its place.",
        request,
    )


def _message(body: bytes) -> str:
    try:
        answer: Any = msgspec.json.decode(body[:65536])
    except UNREADABLE:
        answer = body[:500].decode("utf-8", "replace")
    if isinstance(answer, dict):
        parts = [answer.get("message"), *_details(answer.get("details"))]
        return "; ".join(printable(part) for part in parts if isinstance(part, str))
    return printable(answer) if isinstance(answer, str) else ""


def _details(details: object) -> list[str]:
    if not isinstance(details, list):
        return []
    items = [item for item in details[:5] if isinstance(item, dict)]
    return [f"{item.get('path')}: {item.get('message')}" for item in items]


def _quoted(message: str) -> str:
    return f" ({message[:300]})" if message else ""


def _bad_request(message: str, request: str) -> OpenPanelError:
    if "projectId is required" in message:
        return errors.ProjectRequiredError("the request names no project; set project_id.", request)
    return errors.InvalidQueryError(
        f"the server refused the request{_quoted(message)}; check events, filters and profile_id,"
        " and whether the server is old (openpanel-source check).",
        request,
    )


def _unauthorized(message: str, request: str) -> OpenPanelError:
    if "seems to be malformed" in message:
        # A malformed id has another text; this one stands for any failure of the look-up.
        return errors.ServerUnavailableError(
            f"the server cannot look up the client{_quoted(message)}: its database is down or being"
            " restarted, and nothing is wrong with client_id; run again later, or see the server's"
            " logs.",
            request,
        )
    for text, error, remedy in _UNAUTHORIZED:
        if text in message:
            return error(remedy, request)
    return errors.CredentialsError(
        f"the server did not accept the credentials{_quoted(message)}; check client_id and"
        " client_secret, and that no proxy asks for credentials of its own; if they are right, run"
        " again later.",
        request,
    )


def _forbidden(message: str, request: str) -> OpenPanelError:
    return errors.ProjectAccessError(
        f"this client may not read the project{_quoted(message)}; a read client reads only the"
        " project that it was created for, and none if it was created without one: set project_id"
        " to that project, or create a read client for this project or a root client in"
        " OpenPanel's settings, Clients.",
        request,
    )


def _not_found(message: str, request: str) -> OpenPanelError:
    if "Project not found" in message:
        return errors.ProjectNotFoundError(
            "the client's organisation has no such project; check project_id (the id in the"
            " dashboard's address, not the name).",
            request,
        )
    return errors.EndpointNotFoundError(
        f"there is no Export API at this address{_quoted(message)}; check base_url (hosted:"
        " https://api.openpanel.dev; self-hosted: often https://HOST/api).",
        request,
    )


def _limited(response: Response, request: str) -> OpenPanelError:
    seconds = retry_after(response.headers)
    if seconds is not None and seconds > LONGEST_WAIT_SECONDS:
        return errors.LongRefusalError(
            f"the server refuses for its rate limit for {_duration(seconds)}; run again then, or"
            " ask who runs the server.",
            request,
        )
    return errors.RateLimitedError(
        "the server kept refusing for its rate limit; stop other readers of this client id, or"
        " run again later.",
        request,
    )


def _duration(seconds: float) -> str:
    unit, length = next((item for item in _UNITS if seconds >= 2 * item[1]), _UNITS[-1])
    return f"{min(seconds / length, 1e6):.0f} {unit}"


def _too_long(message: str, request: str) -> OpenPanelError:
    return errors.QueryTooLongError(
        "URL and headers exceed the 16 KB the server reads; name fewer events or shorter filters.",
        request,
    )


def _internal(message: str, request: str) -> OpenPanelError:
    return errors.InternalServerError(
        f"the server failed (status 500{_also(message)}); it or its database is down or"
        f" overloaded{_asked(request)}: run again later, and see the server's logs if it stays so.",
        request,
    )


def _also(message: str) -> str:
    return f": {message[:300]}" if message else ""


def _asked(request: str) -> str:
    """What the user asked for that may be too much for a server which is well."""
    if not any(f"{name}=" in request for name in ("filters", "series", "events")):
        return ""
    return ", or it cannot compute the filters or properties asked for (regex, dates, numbers)"


_STATUSES = {
    400: _bad_request,
    401: _unauthorized,
    403: _forbidden,
    404: _not_found,
    431: _too_long,
    500: _internal,
}
