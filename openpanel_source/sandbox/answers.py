"""Answers: status, headers and body, and the shapes in which the server puts errors."""

from __future__ import annotations

from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

import msgspec

from openpanel_source.sandbox.generation import Generation
from openpanel_source.sandbox.query import Issue

JSON = "application/json; charset=utf-8"
TEXT = "text/plain; charset=utf-8"
HTML = "text/html; charset=utf-8"


@dataclass
class Answer:
    """What goes back to the client."""

    status: int
    body: bytes
    content_type: str = JSON
    headers: dict[str, str] = field(default_factory=dict)


class Refusal(Exception):  # noqa: N818
    """The request ends here, with this answer."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(f"{answer.status} {answer.body[:200]!r}")
        self.answer = answer


class BadInput(Refusal):
    """ClickHouse cannot read a value: OpenPanel 3 says so, older servers just fail.

    Args:
        what: Kind of value: date, id or number.
    """

    def __init__(self, what: str) -> None:
        super().__init__(server_error().answer)
        message = f"Malformed {what}"
        self.told = json_answer(400, {"status": 400, "error": "Error", "message": message})


def json_answer(status: int, body: Any) -> Answer:
    """Return an answer whose body is JSON."""
    return Answer(status, msgspec.json.encode(body))


def server_error() -> Refusal:
    """Return the plain-text 500 that a production server gives for everything unforeseen."""
    return Refusal(Answer(500, b"Internal server error", TEXT))


def not_found(generation: Generation, method: str, url: str) -> Answer:
    """Return the answer to a route or method that does not exist."""
    if generation.rewritten:
        return json_answer(404, {"status": 404, "error": "Error", "message": "NOT_FOUND"})
    message = f"Route {method}:{url} not found"
    return json_answer(404, {"message": message, "error": "Not Found", "statusCode": 404})


def headers_too_large(generation: Generation) -> Answer:
    """Return the answer to a URL and headers of more than 16 KB."""
    if generation.rewritten:
        return Answer(431, b"", "")
    body = {
        "error": "Request Header Fields Too Large",
        "message": "Exceeded maximum allowed HTTP header size",
        "statusCode": 431,
    }
    return Answer(431, msgspec.json.encode(body), "application/json")


def too_many_requests(generation: Generation) -> Refusal:
    """Return the refusal of a client above its rate limit."""
    status = "statusCode" if generation.rewritten else "status"
    message = "You have exceeded the rate limit for this endpoint."
    body = {status: 429, "error": "Too Many Requests", "message": message}
    return Refusal(json_answer(429, body))


def no_answer() -> Refusal:
    """Return what a request gets whose server dies over it: the end of the connection."""
    return Refusal(Answer(0, b""))


def unauthorized(reason: str, prefix: str) -> Refusal:
    """Return the refusal of credentials."""
    body = {"error": "Unauthorized", "message": f"{prefix}: {reason}"}
    return Refusal(json_answer(401, body))


def denied(generation: Generation, status: int, message: str) -> Refusal:
    """Return the refusal of a project."""
    if generation.named_errors:
        body: dict[str, Any] = {"error": HTTPStatus(status).phrase, "message": message}
    else:
        body = {"status": status, "message": message}
    return Refusal(json_answer(status, body))


def invalid(generation: Generation, issues: list[Issue]) -> Refusal:
    """Return the refusal of a query."""
    if not generation.decodes_values:
        details = [_old_detail(issue) for issue in issues]
        message = "Invalid query parameters"
        body = {"error": "Bad Request", "message": message, "details": details}
        return Refusal(json_answer(400, body))
    separator, told = (".", issues[:1]) if generation.rewritten else ("/", issues)
    message = ", ".join(
        f"querystring/{separator.join(map(str, issue.path))} {issue.text()}" for issue in told
    )
    return Refusal(json_answer(400, {"status": 400, "error": "Error", "message": message}))


def _old_detail(issue: Issue) -> dict[str, Any]:
    if issue.alternatives:
        errors = [
            {"issues": [_old_detail(inner)], "name": "ZodError"} for inner in issue.alternatives
        ]
        shape: dict[str, Any] = {"code": "invalid_union", "unionErrors": errors}
        return shape | {"path": list(issue.path), "message": "Invalid input"}
    choices = " | ".join(f"'{option}'" for option in issue.options)
    if choices and issue.expected:
        return {
            "code": "invalid_enum_value",
            "options": list(issue.options),
            "received": issue.received,
            "path": list(issue.path),
            "message": f"Invalid enum value. Expected {choices}, received '{issue.received}'",
        }
    expected, received = choices or issue.expected, issue.received.lower()
    message = f"Expected {expected}, received {received}"
    return {
        "code": "invalid_type",
        "expected": expected,
        "received": received,
        "path": list(issue.path),
        "message": "Required" if received == "undefined" else message,
    }
