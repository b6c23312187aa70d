"""The form of OpenPanel 3's answers: its content types, and headers for browsers."""

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
    if not answer.status:
        return answer
    names = ", ".join(asked)
    headers = {
        "vary": "Origin",
        "access-control-allow-origin": asked.get("origin", "*"),
        "access-control-allow-credentials": "true",
    }
    if method == "OPTIONS":
        headers |= {
            "access-control-allow-methods": asked.get("access-control-request-method", ""),
            "access-control-allow-headers": asked.get("access-control-request-headers", ""),
            "access-control-expose-headers": names.replace(" ", ""),
            "access-control-max-age": str(_WEEK),
        }
    else:
        headers |= {
            "access-control-allow-methods": method,
            "access-control-allow-headers": names,
            "access-control-expose-headers": names,
        }
    told = {name: value for name, value in headers.items() if value}
    content_type = answer.content_type.replace("; ", ";")
    return replace(answer, content_type=content_type, headers=told | answer.headers)
