"""The form of OpenPanel 3's answers: its content types, and its headers for browsers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from openpanel_source.sandbox.answers import Answer

_WEEK = 7 * 86_400


def dressed(answer: Answer, method: str, asked: Mapping[str, str]) -> Answer:
    """Return an answer as OpenPanel 3 sends it.

    Args:
        answer: What goes back.
        method: Of the request.
        asked: The headers of the request, names in lower case.
    """
    headers = {
        "access-control-allow-credentials": "true",
        "vary": "Origin",
        "access-control-allow-origin": asked.get("origin", "*"),
    }
    told = _preflight(asked) if method == "OPTIONS" else _allowed(method, asked)
    content_type = answer.content_type.replace("; ", ";")
    return replace(answer, content_type=content_type, headers=headers | told | answer.headers)


def _allowed(method: str, asked: Mapping[str, str]) -> dict[str, str]:
    names = ", ".join(asked)
    return {
        "access-control-allow-methods": method,
        "access-control-allow-headers": names,
        "access-control-expose-headers": names,
    }


def _preflight(asked: Mapping[str, str]) -> dict[str, str]:
    told = {
        # Without the question the server says so in JavaScript's words.
        "access-control-allow-headers": asked.get("access-control-request-headers", "undefined"),
        "access-control-expose-headers": ",".join(asked),
        "access-control-max-age": str(_WEEK),
    }
    method = asked.get("access-control-request-method")
    return {"access-control-allow-methods": method} | told if method else told
