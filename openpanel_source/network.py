"""What went wrong between this machine and the server, as an error that says what to do."""

from __future__ import annotations

import requests
import urllib3.exceptions

from openpanel_source.errors import (
    ConnectionFailedError,
    IncompleteBodyError,
    OpenPanelError,
    RequestTimeoutError,
)
from openpanel_source.escape import printable


def too_slow(request: str, seconds: float) -> OpenPanelError:
    """The error of a request that was cut off, having taken so many seconds."""
    return RequestTimeoutError(
        f"no whole answer within {seconds:g} s; the server or the network is too slow: run again"
        " later, or raise request_timeout.",
        request,
    )


def network_error(
    error: requests.RequestException, request: str, timeout: tuple[float, float]
) -> OpenPanelError:
    """The error of this project for one of requests; its message never holds a secret."""
    cause = _root(error)
    if isinstance(error, requests.exceptions.ConnectTimeout):
        return RequestTimeoutError(
            f"no connection within {timeout[0]:g} s; check base_url and the network, then run"
            " again.",
            request,
        )
    timeouts = (TimeoutError, urllib3.exceptions.ReadTimeoutError)
    if isinstance(error, requests.Timeout) or isinstance(cause, timeouts):
        return RequestTimeoutError(
            f"no answer within {timeout[1]:g} s; the server is slow or hangs: run again later, or"
            " raise read_timeout.",
            request,
        )
    if isinstance(
        error, (requests.exceptions.ChunkedEncodingError, requests.exceptions.ContentDecodingError)
    ):
        return IncompleteBodyError(
            "the answer was cut off or broken again and again; run again later.", request
        )
    if isinstance(error, requests.exceptions.SSLError):
        return ConnectionFailedError(
            "the server's certificate is not trusted or TLS failed; check base_url, the host's"
            " certificate and REQUESTS_CA_BUNDLE.",
            request,
        )
    return ConnectionFailedError(
        f"the server cannot be reached ({_plain(cause)}); check base_url and the network, then run"
        " again.",
        request,
    )


def _root(error: BaseException) -> BaseException:
    """The innermost reason urllib3 gives, as 'connection refused' or 'name not known'."""
    inner: object = error.args[0] if error.args else None
    while isinstance(inner, BaseException):
        error = inner
        if isinstance(error, urllib3.exceptions.MaxRetryError):
            inner = error.reason
        else:
            inner = next((arg for arg in error.args if isinstance(arg, BaseException)), None)
    return error


def _plain(error: BaseException) -> str:
    text = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return printable(text.rsplit(": ", 1)[-1]) or type(error).__name__
