"""An answer and the reading of its body, piece by piece as it arrives."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import requests
import urllib3.exceptions

_PIECE = 1024 * 1024
"""Bytes taken at a time; pieces of requests' own size cost a page a hundred turns of Python."""


class Response(NamedTuple):
    """An answer with its whole body.

    Attributes:
        status: HTTP status.
        headers: Names in any case.
        content: The body, decompressed.
        url: What was asked for.
    """

    status: int
    headers: Mapping[str, str]
    content: bytes
    url: str


def read_response(answer: requests.Response) -> Response:
    """Read the body of an answer that was requested as a stream, and give its connection back.

    Raises:
        requests.RequestException: The body broke off or cannot be decompressed.
    """
    try:
        content: bytes = answer.raw.read(decode_content=True)
    except urllib3.exceptions.HTTPError as error:
        answer.close()
        raise _as_requests(error) from None
    answer.raw.release_conn()
    return Response(answer.status_code, answer.headers, content, answer.url)


def _as_requests(error: urllib3.exceptions.HTTPError) -> requests.RequestException:
    """What requests makes of urllib3's errors when it reads a body itself."""
    if isinstance(error, urllib3.exceptions.DecodeError):
        return requests.exceptions.ContentDecodingError(error)
    if isinstance(error, urllib3.exceptions.ProtocolError):
        return requests.exceptions.ChunkedEncodingError(error)
    if isinstance(error, urllib3.exceptions.SSLError):
        return requests.exceptions.SSLError(error)
    return requests.exceptions.ConnectionError(error)
