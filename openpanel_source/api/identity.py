"""A client of OpenPanel as requests carry it: its headers, and the rate limit that it has."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from urllib.parse import unquote

from requests.structures import CaseInsensitiveDict

from openpanel_source.api.credentials import Credentials
from openpanel_source.api.query import Params
from openpanel_source.api.refusals import is_definite
from openpanel_source.api.session import header_value
from openpanel_source.errors import CredentialsError, ServerFaultError, TransientError
from openpanel_source.wire.body import Response
from openpanel_source.wire.rate_limit import RateLimiter

_OF_PROJECT = "/insights/"
_limiters: dict[tuple[str, str], RateLimiter] = {}
_limiters_lock = threading.Lock()


def limiter_for(base_url: str, client_id: str) -> RateLimiter:
    """The one limiter that all readers of this process share for a client id."""
    with _limiters_lock:
        return _limiters.setdefault((base_url, client_id), RateLimiter())


class Identity:
    """What a request needs of a client; safe to share by threads.

    Args:
        base_url: Root of the API.
        credentials: Those of the client.

    Attributes:
        limiter: Lets its requests go.
        headers: What each of them carries.
        is_proven: Whether the server has accepted it once.

    Raises:
        InvalidSettingError: No header may hold the credentials.
    """

    def __init__(self, base_url: str, credentials: Credentials) -> None:
        self.limiter = limiter_for(base_url, credentials.client_id)
        self.headers = {
            "openpanel-client-id": header_value("client_id", credentials.client_id),
            "openpanel-client-secret": header_value("client_secret", credentials.client_secret),
        }
        self.is_proven = False
        self._secret = credentials.client_secret

    def is_retryable(self, error: BaseException) -> bool:
        """Whether a request of the client that failed so may do better the next time."""
        if isinstance(error, CredentialsError):
            # Credentials that have worked do not become wrong from one request to the next.
            return self.is_proven or not is_definite(error)
        return isinstance(error, (TransientError, ServerFaultError))

    def masked(self, response: Response) -> Response:
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


def identity_of(path: str, params: Params, identities: Mapping[str, Identity]) -> Identity:
    """The client of the project that a request is about; the first if it is about none of them.

    Args:
        path: The request's, which may hold the project.
        params: Those of the request, in which it may be quoted, as JSON.
        identities: Clients by project.
    """
    project = next((value for name, value in params if name == "projectId"), "")
    if path.startswith(_OF_PROJECT):
        # A client of another project would be answered with the rows of its own.
        project = unquote(path.removeprefix(_OF_PROJECT).partition("/")[0])
    elif project.startswith('"'):
        project = json.loads(project)
    return identities.get(project) or next(iter(identities.values()))
