"""An answer and the reading of its body, which may not be larger than is allowed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import requests
import urllib3.exceptions

from openpanel_source.errors import AnswerTooLargeError
from openpanel_source.model.json_text import bare

_PIECE = 1024 * 1024
"""Bytes taken at a time of a body whose size is not known before."""


class Response(NamedTuple):
    """An answer with its whole body.

    Attributes:
        status: HTTP status.
        headers: Names in any case.
        content: The body, decompressed, without a byte order mark and white space around it.
    """

    status: int
    headers: Mapping[str, str]
    content: bytes


def read_response(answer: requests.Response, most_bytes: int, request: str) -> Response:
    """Read the body of an answer that was requested as a stream, and give its connection back.

    Args:
        answer: Its headers have come.
        most_bytes: What the body may hold, decompressed.
        request: Method and URL, for the error.

    Raises:
        AnswerTooLargeError: The body is larger; no more of it was read or decompressed than that.
        requests.RequestException: The body broke off or cannot be decompressed.
    """
    try:
        content = _read(answer, most_bytes)
    except urllib3.exceptions.HTTPError as error:
        answer.close()
        raise _as_requests(error) from None
    if content is None:
        answer.close()
        raise AnswerTooLargeError(
            f"the answer is larger than max_page_bytes ({most_bytes:,}); raise max_page_bytes, or"
            " ask for less.",
            request,
        )
    answer.raw.release_conn()
    return Response(answer.status_code, answer.headers, bare(content))


def _read(answer: requests.Response, most_bytes: int) -> bytes | None:
    """The body, or None if it is too large."""
    length: int | None = answer.raw.length_remaining
    if length is not None and length > most_bytes:
        return None
    if length is not None and "content-encoding" not in answer.headers:
        # In one go: pieces would cost a page many turns of Python and a copy.
        whole: bytes = answer.raw.read(decode_content=True)
        return whole
    pieces, size = [], 0
    while piece := answer.raw.read(_PIECE, decode_content=True):
        pieces.append(piece)
        size += len(piece)
        if size > most_bytes:
            return None
    return b"".join(pieces)


def _as_requests(error: urllib3.exceptions.HTTPError) -> requests.RequestException:
    """What requests makes of urllib3's errors when it reads a body itself."""
    if isinstance(error, urllib3.exceptions.DecodeError):
        return requests.exceptions.ContentDecodingError(error)
    if isinstance(error, urllib3.exceptions.ProtocolError):
        return requests.exceptions.ChunkedEncodingError(error)
    if isinstance(error, urllib3.exceptions.SSLError):
        return requests.exceptions.SSLError(error)
    return requests.exceptions.ConnectionError(error)
