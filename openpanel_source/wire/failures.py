"""What went wrong between this machine and the server, as an error that says what to do."""

from __future__ import annotations

import os
import socket
import ssl

import requests
import urllib3.exceptions

from openpanel_source.errors import (
    ConnectionFailedError,
    IncompleteBodyError,
    InvalidSettingError,
    OpenPanelError,
    RequestTimeoutError,
    UnexpectedError,
    UnknownHostError,
)
from openpanel_source.model.text import printable
from openpanel_source.wire.proxy import VARIABLES

_BUNDLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
"""Variables that name certificates of authorities to requests."""


def too_slow(request: str, seconds: float) -> OpenPanelError:
    """The error of a request that was cut off, having taken so many seconds."""
    return RequestTimeoutError(
        f"no whole answer within {seconds:g} s; the server or the network is too slow: run again"
        " later, or raise request_timeout.",
        request,
    )


def network_error(
    error: Exception, request: str, timeout: tuple[float, float], proxy: str | None
) -> OpenPanelError:
    """The error of this project for one of requests; its message never holds a secret.

    Args:
        error: What requests, or what it builds on, raised.
        request: Method and URL.
        timeout: Seconds to connect, and to wait for the next byte.
        proxy: Host and port of the proxy that the request went through, if any.
    """
    configuration = _of_configuration(error, request, proxy)
    if configuration is not None:
        return configuration
    cause = _root(error)
    through = f" to the proxy {proxy} of {VARIABLES}" if proxy else ""
    if isinstance(error, requests.exceptions.ConnectTimeout):
        return RequestTimeoutError(
            f"no connection{through} within {timeout[0]:g} s; check"
            f" {'that variable' if proxy else 'base_url'} and the network, then run again.",
            request,
        )
    timeouts = (TimeoutError, urllib3.exceptions.ReadTimeoutError)
    if isinstance(error, requests.Timeout) or isinstance(cause, timeouts):
        return RequestTimeoutError(
            f"no answer within {timeout[1]:g} s; the server is slow or hangs: run again later, or"
            " raise read_timeout.",
            request,
        )
    return _broken(error, cause, request, proxy)


def _broken(
    error: Exception, cause: BaseException, request: str, proxy: str | None
) -> OpenPanelError:
    if isinstance(
        error, (requests.exceptions.ChunkedEncodingError, requests.exceptions.ContentDecodingError)
    ):
        return IncompleteBodyError(
            "the answer was cut off or broken again and again; run again later.", request
        )
    if isinstance(error, requests.exceptions.ProxyError):
        return ConnectionFailedError(
            f"the proxy {proxy} does not let through ({_plain(cause)}); correct {VARIABLES}, unset"
            " it or name the server in NO_PROXY, then run again.",
            request,
        )
    if isinstance(error, requests.exceptions.SSLError):
        unread = " (SSL_CERT_FILE is not read)" if os.environ.get("SSL_CERT_FILE") else ""
        return ConnectionFailedError(
            "the server's certificate is not trusted or TLS failed; check base_url, the host's"
            f" certificate and REQUESTS_CA_BUNDLE{unread}.",
            request,
        )
    kind = (
        UnknownHostError
        if isinstance(cause, (urllib3.exceptions.NameResolutionError, socket.gaierror))
        else ConnectionFailedError
    )
    through = f" through the proxy {proxy}" if proxy else ""
    return kind(
        f"the server cannot be reached{through} ({_plain(cause)}); check base_url and the network,"
        " then run again.",
        request,
    )


def _of_configuration(error: Exception, request: str, proxy: str | None) -> OpenPanelError | None:
    """The error for what no retry can heal: the environment names what cannot be used."""
    for name in _BUNDLES:
        problem = _bundle_problem(os.environ.get(name)) if _is_about_tls(error) else None
        if problem:
            return InvalidSettingError(
                f"{name} names certificates that cannot be used"
                f" ({printable(os.environ[name], 300)}: {problem}); correct the variable, or unset"
                " it to trust the usual authorities.",
                request,
            )
    if isinstance(error, requests.exceptions.InvalidSchema) and "SOCKS" in str(error):
        return InvalidSettingError(
            f"{VARIABLES} names a SOCKS proxy, and PySocks is not installed; install it: pip"
            " install 'openpanel-source[socks]'.",
            request,
        )
    if proxy and isinstance(error, (ValueError, TypeError)):
        return InvalidSettingError(
            f"{VARIABLES} holds no address of a proxy; write it as http://HOST:PORT or"
            " socks5h://HOST:PORT.",
            request,
        )
    if not isinstance(error, (requests.RequestException, OSError)):
        return UnexpectedError(
            f"unexpected error ({type(error).__name__}) in a request; please report it.", request
        )
    return None


def _is_about_tls(error: Exception) -> bool:
    is_own = isinstance(error, requests.RequestException)
    return isinstance(error, requests.exceptions.SSLError) or not is_own


def _bundle_problem(path: str | None) -> str | None:
    """Why certificates of authorities cannot be read from a file or folder; None if they can."""
    if not path:
        return None
    try:
        if os.path.isdir(path):
            ssl.create_default_context(capath=path)
        else:
            ssl.create_default_context(cafile=path)
    except ssl.SSLError:
        return "it holds no certificate"
    except OSError as error:
        return error.strerror or "it cannot be read"
    return None


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
