"""One GET: limited, retried, checked."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from typing import TypeVar

import requests
import tenacity
from requests.structures import CaseInsensitiveDict

from openpanel_source.api.credentials import Credentials, checked_base_url
from openpanel_source.api.query import Params, query_string
from openpanel_source.api.refusals import error_of, is_definite
from openpanel_source.api.session import header_value, new_session
from openpanel_source.api.shown_url import shown_query
from openpanel_source.errors import (
    CredentialsError,
    OpenPanelError,
    RequestAbortedError,
    ServerFaultError,
    TransientError,
)
from openpanel_source.model.clock import LONGEST_TIMEOUT, check_seconds
from openpanel_source.wire.awaited import Awaited, PausedRequests
from openpanel_source.wire.body import Response, read_response
from openpanel_source.wire.deadline import Watchdog
from openpanel_source.wire.failures import network_error, too_slow
from openpanel_source.wire.proxy import proxy_place
from openpanel_source.wire.rate_limit import RateLimiter
from openpanel_source.wire.retry import RetryPolicy, error_in, log_retry

_T = TypeVar("_T")
_NO_PLAIN = {"http": ""}
"""A proxy would read what goes over plain http."""
_OF_PROXIES = (502, 503, 504)
"""What a proxy answers in place of a server that may not exist."""
_LATE_SECONDS = 3.0
"""After so long an answer is worth a word."""
MAX_PAGE_BYTES = 64 * 1024 * 1024

_limiters: dict[tuple[str, str], RateLimiter] = {}
_limiters_lock = threading.Lock()


def limiter_for(base_url: str, client_id: str) -> RateLimiter:
    """The one limiter that all clients of this process share for a client id."""
    with _limiters_lock:
        return _limiters.setdefault((base_url, client_id), RateLimiter())


class Client:
    """Reads the Export API of one server with one set of credentials; safe to share by threads.

    Args:
        base_url: Root of the API; ``/export/events`` is appended.
        credentials: Sent in headers, to this origin only.
        pool_size: Connections kept alive: the pages in flight.
        timeout: Seconds to connect, and to wait for the next byte.
        request_timeout: Seconds that one request may take, from connecting to the last byte.
        max_page_bytes: What an answer may hold, decompressed.
        retry: When to try again.
        allow_http: Permit plain http to hosts other than this one.
        session: A prepared session instead of a new one.

    Raises:
        InvalidSettingError: ``base_url`` is no URL that credentials may be sent to.
    """

    def __init__(
        self,
        base_url: str,
        credentials: Credentials,
        *,
        pool_size: int = 8,
        timeout: tuple[float, float] = (10.0, 60.0),
        request_timeout: float = 300.0,
        max_page_bytes: int = MAX_PAGE_BYTES,
        retry: RetryPolicy | None = None,
        allow_http: bool = False,
        session: requests.Session | None = None,
    ) -> None:
        self.base_url = checked_base_url(base_url, allow_http=allow_http)
        self.limiter = limiter_for(self.base_url, credentials.client_id)
        for name, seconds in (
            *zip(("connect_timeout", "read_timeout"), timeout, strict=True),
            ("request_timeout", request_timeout),
        ):
            check_seconds(name, seconds, most=LONGEST_TIMEOUT, is_timeout=True)
        self._timeout = timeout
        self._request_timeout = request_timeout
        self._watchdog = Watchdog(request_timeout)
        self.max_page_bytes = max_page_bytes
        self._aborted = threading.Event()
        self._retry = retry or RetryPolicy()
        self._session = session or new_session(pool_size)
        self._headers = {
            "openpanel-client-id": header_value("client_id", credentials.client_id),
            "openpanel-client-secret": header_value("client_secret", credentials.client_secret),
        }
        self._secret = credentials.client_secret
        self._lock = threading.Lock()
        self._paused = PausedRequests()
        self._proven = False
        self._known = False
        self._users = 0
        self.requests_sent = 0

    def __enter__(self) -> Client:
        """Use it; whoever is the last to leave closes it."""
        with self._lock:
            self._users += 1
        return self

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._users -= 1
            is_last = self._users == 0
        if is_last:
            self.close()

    def get(self, path: str, params: Params) -> Response:
        """Fetch one answer of status 200, with its whole body.

        Args:
            path: Below the base URL, as ``/export/events``.
            params: The encoded query.

        Returns:
            The answer.

        Raises:
            OpenPanelError: The one of its subclasses that says what to do, after the retries.
        """
        return self._retried(path, params, lambda response, _: response)

    def read(self, path: str, params: Params, decode: Callable[[bytes, str], _T]) -> _T:
        """Fetch one answer and decode it; one that cannot be decoded is asked for again.

        Args:
            path: Below the base URL, as ``/export/events``.
            params: The encoded query.
            decode: Takes the body, and method and URL for its errors.

        Returns:
            What ``decode`` makes of it.

        Raises:
            OpenPanelError: The one of its subclasses that says what to do, after the retries.
        """
        return self._retried(
            path, params, lambda response, request: decode(response.content, request)
        )

    @property
    def awaited(self) -> Awaited | None:
        """What requests wait for at this moment, and for how long; None while none waits."""
        paused, seconds = self._paused.next, self.limiter.wait
        if paused is not None:
            return paused
        if seconds is not None:
            return Awaited("rate limit", time.monotonic() + seconds)
        longest = self._watchdog.longest
        is_late = longest >= _LATE_SECONDS
        return Awaited("no answer", time.monotonic() - longest) if is_late else None

    def abort(self) -> None:
        """End all requests under way at once, their waits included; later ones are unharmed."""
        self._aborted.set()
        self._aborted = threading.Event()
        self._watchdog.end_all()
        self.limiter.wake()

    def close(self) -> None:
        """Close the kept-alive connections."""
        self._session.close()
        self._watchdog.rest()

    def _retried(self, path: str, params: Params, decode: Callable[[Response, str], _T]) -> _T:
        url = f"{self.base_url}{path}"
        request = f"GET {url}"
        if params:
            url = f"{url}?{query_string(params)}"
            request = f"{request}?{shown_query(params)}"
        aborted, policy = self._aborted, self._retry
        retrying = tenacity.Retrying(
            retry=tenacity.retry_if_exception(self._is_retryable),
            stop=lambda state: aborted.is_set() or policy.is_exhausted(state, is_known=self._known),
            wait=lambda state: policy.pause(
                state, is_known=self._known, is_timed=self.limiter.is_timed
            ),
            sleep=self._paused.sleep(aborted),
            before_sleep=self._before_sleep,
            reraise=True,
        )
        return retrying(lambda: decode(self._get_once(url, request, aborted), request))

    def _before_sleep(self, state: tenacity.RetryCallState) -> None:
        log_retry(state, self._retry.outage(error_in(state), is_known=self._known))
        self._paused.note(state)

    def _is_retryable(self, error: BaseException) -> bool:
        if isinstance(error, CredentialsError):
            # Credentials that have worked do not become wrong from one request to the next.
            return self._proven or not is_definite(error)
        return isinstance(error, (TransientError, ServerFaultError))

    def _get_once(self, url: str, request: str, aborted: threading.Event) -> Response:
        with self._lock:
            self.requests_sent += 1
        failure: OpenPanelError | None = None
        with self.limiter.slot(aborted) as slot, self._watchdog.watch() as watch:
            try:
                answer = self._session.get(
                    url,
                    headers=self._headers,
                    timeout=self._timeout,
                    allow_redirects=False,
                    stream=True,
                    proxies=dict(_NO_PLAIN),
                )
                slot.observe(answer.headers, is_refused=answer.status_code == 429)
                response = read_response(answer, self.max_page_bytes, request)
            except (requests.RequestException, OSError, ValueError, TypeError) as error:
                # What the environment names and cannot be used is no error of requests.
                failure = network_error(error, request, self._timeout, self._proxy(url))
        if aborted.is_set():
            failure = RequestAbortedError("the run ended before the answer came.", request)
        elif watch.is_over:
            # Cut off, an answer may look whole.
            failure = too_slow(request, self._request_timeout)
        if failure is None:
            self._known = self._known or response.status not in _OF_PROXIES
        if failure is not None:
            # Raised here, without a context: the exception holds the request and so the secret.
            raise failure
        refused = error_of(response, request)
        if refused is not None:
            response = self._masked(response)
            refused = error_of(response, request) or refused
            raise refused
        self._proven = True
        return response

    def _proxy(self, url: str) -> str | None:
        """Host and port of the proxy that the environment names for a URL."""
        own = self._session.merge_environment_settings(url, dict(_NO_PLAIN), None, None, None)
        return proxy_place(url, own["proxies"])

    def _masked(self, response: Response) -> Response:
        """An answer without the secret, which debugging servers and proxies echo in errors."""
        if not self._secret:
            return response
        content = response.content
        for form in (self._secret, json.dumps(self._secret)[1:-1]):
            content = content.replace(form.encode(), b"***")
        headers = {
            name: value.replace(self._secret, "***") for name, value in response.headers.items()
        }
        return response._replace(content=content, headers=CaseInsensitiveDict(headers))
