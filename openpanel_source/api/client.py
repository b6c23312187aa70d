"""One GET: by the client of its project, limited, retried, checked."""

from __future__ import annotations

import copy
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

import requests
import tenacity

from openpanel_source.api.credentials import Credentials, checked_base_url
from openpanel_source.api.identity import Identity, identity_of
from openpanel_source.api.query import Params, query_string
from openpanel_source.api.refusals import error_of
from openpanel_source.api.session import new_session
from openpanel_source.api.shown_url import shown_query
from openpanel_source.errors import (
    CredentialsError,
    InternalServerError,
    OpenPanelError,
    ProjectAccessError,
    RequestAbortedError,
)
from openpanel_source.model.clock import LONGEST_TIMEOUT, check_seconds
from openpanel_source.wire.awaited import Awaited, PausedRequests
from openpanel_source.wire.body import Response, read_response
from openpanel_source.wire.deadline import Watchdog
from openpanel_source.wire.failures import network_error, too_slow
from openpanel_source.wire.proxy import proxy_place
from openpanel_source.wire.retry import RetryPolicy, error_in, log_retry

_T = TypeVar("_T")
_NO_PLAIN = {"http": ""}
"""A proxy would read what goes over plain http."""
_OF_PROXIES = (502, 503, 504)
"""What a proxy answers in place of a server that may not exist."""
MAX_PAGE_BYTES = 64 * 1024 * 1024


@dataclass
class _Shared:
    """What clients of single projects share with the one of all."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    aborted: threading.Event = field(default_factory=threading.Event)
    is_known: bool = False
    users: int = 0
    sent: int = 0


class Client:
    """Reads the Export API of one server; safe to share by threads.

    Args:
        base_url: Root of the API; ``/export/events`` is appended.
        credentials: Sent in headers, to this origin only: those of one client of OpenPanel, or of
            one for each project, by its id.
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
        credentials: Credentials | Mapping[str, Credentials],
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
        of_projects = {"": credentials} if isinstance(credentials, Credentials) else credentials
        self._identities = {
            project: Identity(self.base_url, one) for project, one in of_projects.items()
        }
        for name, seconds in (
            *zip(("connect_timeout", "read_timeout"), timeout, strict=True),
            ("request_timeout", request_timeout),
        ):
            check_seconds(name, seconds, most=LONGEST_TIMEOUT, is_timeout=True)
        self._timeout = timeout
        self._request_timeout = request_timeout
        self._watchdog = Watchdog(request_timeout)
        self.max_page_bytes = max_page_bytes
        self._retry = retry or RetryPolicy()
        self._session = session or new_session(pool_size)
        self._shared = _Shared()
        self._paused = PausedRequests()

    def __enter__(self) -> Client:
        """Use it; whoever is the last to leave closes it."""
        with self._shared.lock:
            self._shared.users += 1
        return self

    def __exit__(self, *_: object) -> None:
        with self._shared.lock:
            self._shared.users -= 1
            is_last = self._shared.users == 0
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

    def read(
        self,
        path: str,
        params: Params,
        decode: Callable[[bytes, str], _T],
        *,
        may_lack: bool = False,
    ) -> _T:
        """Fetch one answer and decode it; one that cannot be decoded is asked for again.

        Args:
            path: Below the base URL, as ``/export/events``.
            params: The encoded query.
            decode: Takes the body, and method and URL for its errors.
            may_lack: Whether a 500 says that there is no such thing, and is no reason to ask again.

        Returns:
            What ``decode`` makes of it.

        Raises:
            OpenPanelError: The one of its subclasses that says what to do, after the retries.
        """
        return self._retried(
            path,
            params,
            lambda response, request: decode(response.content, request),
            may_lack=may_lack,
        )

    @property
    def awaited(self) -> Awaited | None:
        """What requests wait for at this moment, and for how long; None while none waits."""
        paused = self._paused.next
        waits = [one.limiter.wait for one in self._identities.values()]
        seconds = min((wait for wait in waits if wait is not None), default=None)
        if paused is not None or seconds is None:
            return paused
        return Awaited("rate limit", time.monotonic() + seconds)

    @property
    def limit(self) -> int | None:
        """Requests a window, as the server has told; None if it tells none."""
        return next((one.limiter.limit for one in self._identities.values()), None)

    @property
    def requests_sent(self) -> int:
        """How many there were, tries included, of all projects."""
        return self._shared.sent

    @property
    def has_many(self) -> bool:
        """Whether projects have clients of their own."""
        return len(self._identities) > 1

    def of(self, project: str) -> Client:
        """One that makes all requests, of whichever project, as the client of this project."""
        own = copy.copy(self)
        own._identities = {"": identity_of("", [("projectId", project)], self._identities)}
        return own

    def abort(self) -> None:
        """End all requests under way at once, their waits included; later ones are unharmed."""
        self._shared.aborted.set()
        self._shared.aborted = threading.Event()
        self._watchdog.end_all()
        for identity in self._identities.values():
            identity.limiter.wake()

    def close(self) -> None:
        """Close the kept-alive connections."""
        self._session.close()
        self._watchdog.rest()

    def _retried(
        self,
        path: str,
        params: Params,
        decode: Callable[[Response, str], _T],
        *,
        may_lack: bool = False,
    ) -> _T:
        url = f"{self.base_url}{path}"
        request = f"GET {url}"
        if params:
            url = f"{url}?{query_string(params)}"
            request = f"{request}?{shown_query(params)}"
        shared, policy = self._shared, self._retry
        aborted = shared.aborted
        identity = identity_of(path, params, self._identities)
        retrying = tenacity.Retrying(
            retry=tenacity.retry_if_exception(
                lambda error: (
                    identity.is_retryable(error)
                    and not (may_lack and isinstance(error, InternalServerError))
                )
            ),
            stop=lambda state: (
                aborted.is_set() or policy.is_exhausted(state, is_known=shared.is_known)
            ),
            wait=lambda state: policy.pause(
                state, is_known=shared.is_known, is_timed=identity.limiter.is_timed
            ),
            sleep=self._paused.sleep(aborted),
            before_sleep=self._before_sleep,
            reraise=True,
        )
        try:
            return retrying(
                lambda: decode(self._get_once(url, request, identity, aborted), request)
            )
        except CredentialsError as error:
            if not self.has_many:
                raise
            refused = ProjectAccessError(
                f"the client of this project is not accepted: {error.message}", request
            )
        # Without a context: the other projects have clients of their own, and go on.
        raise refused

    def _before_sleep(self, state: tenacity.RetryCallState) -> None:
        log_retry(state, self._retry.outage(error_in(state), is_known=self._shared.is_known))
        self._paused.note(state)

    def _get_once(
        self, url: str, request: str, identity: Identity, aborted: threading.Event
    ) -> Response:
        with self._shared.lock:
            self._shared.sent += 1
        failure: OpenPanelError | None = None
        with identity.limiter.slot(aborted) as slot, self._watchdog.watch() as watch:
            try:
                answer = self._session.get(
                    url,
                    headers=identity.headers,
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
            self._shared.is_known = self._shared.is_known or response.status not in _OF_PROXIES
        if failure is not None:
            # Raised here, without a context: the exception holds the request and so the secret.
            raise failure
        refused = error_of(response, request)
        if refused is not None:
            response = identity.masked(response)
            refused = error_of(response, request) or refused
            raise refused
        identity.is_proven = True
        return response

    def _proxy(self, url: str) -> str | None:
        """Host and port of the proxy that the environment names for a URL."""
        own = self._session.merge_environment_settings(url, dict(_NO_PLAIN), None, None, None)
        return proxy_place(url, own["proxies"])
