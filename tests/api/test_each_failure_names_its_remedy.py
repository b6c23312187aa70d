"""Whatever a request fails of is told by an error of its own, with what to do about it."""

from __future__ import annotations

import pytest

from openpanel_source import errors
from openpanel_source.api.credentials import Credentials
from openpanel_source.api.query import Params
from openpanel_source.errors import OpenPanelError
from openpanel_source.sandbox import Sandbox
from tests.support.failures import DAYS, SECRET, WEB, failure
from tests.support.listeners import closed_port
from tests.support.recorded import EVENTS, NO_SECRET, READ, ROOT, WRITE, client_of, unknown_client
from tests.support.sandbox_world import world


@pytest.mark.parametrize(
    ("credentials", "params", "error", "remedy", "times"),
    [
        (
            Credentials("", SECRET),
            WEB,
            errors.InvalidClientIdError,
            "copy client_id again from OpenPanel's settings",
            1,
        ),
        (
            Credentials(READ.client_id.replace("2", "A"), SECRET),
            WEB,
            errors.InvalidClientIdError,
            "not a lowercase UUIDv4",
            1,
        ),
        (unknown_client(), WEB, errors.UnknownClientError, "check client_id and base_url", 1),
        (
            Credentials(READ.client_id, SECRET),
            WEB,
            errors.WrongSecretError,
            "check client_secret, or create a new client",
            1,
        ),
        (WRITE, WEB, errors.ClientNotAllowedError, "create one of type read or root", 1),
        (NO_SECRET, WEB, errors.ClientWithoutSecretError, "create a new client", 1),
        (
            READ,
            [("projectId", "acme-app"), *DAYS],
            errors.ProjectAccessError,
            "and none if it was created without one",
            1,
        ),
        (
            ROOT,
            [("projectId", "nonsense"), *DAYS],
            errors.ProjectNotFoundError,
            "the id in the dashboard's address",
            1,
        ),
        (
            ROOT,
            [("projectId", "ny-shop"), *DAYS],
            errors.ProjectNotFoundError,
            "no such project; check project_id",
            1,
        ),
        (ROOT, DAYS, errors.ProjectRequiredError, "set project_id", 1),
        (
            READ,
            [*WEB, ("page", "text")],
            errors.InvalidQueryError,
            "check events, filters and profile_id",
            1,
        ),
        (
            READ,
            [*WEB, ("filters", "garbage")],
            errors.InvalidQueryError,
            "whether the server is old",
            1,
        ),
        (
            READ,
            [("start", "20261109"), *DAYS[1:]],
            errors.InternalServerError,
            "it or its database is down or overloaded: run again later",
            3,
        ),
    ],
)
def test_each_refusal_of_the_server_names_its_remedy(
    sandbox: Sandbox,
    credentials: Credentials,
    params: Params,
    error: type[OpenPanelError],
    remedy: str,
    times: int,
) -> None:
    before = len(sandbox.requests)
    client = client_of(sandbox, credentials)
    found = failure(client, params)
    assert type(found) is error
    assert remedy in str(found)
    assert found.request is not None
    assert found.request.startswith(f"GET {sandbox.url}{EVENTS}?")
    assert len(sandbox.requests) - before == times == client.requests_sent


def test_a_url_that_is_too_long_is_refused(sandbox: Sandbox) -> None:
    found = failure(client_of(sandbox), [*WEB, ("profileId", "x" * 16_500)])
    assert type(found) is errors.QueryTooLongError
    assert "name fewer events or shorter filters" in str(found)


@pytest.mark.parametrize("path", ["/export/nothing", "/export/events/", "/api/export/events"])
def test_a_base_url_that_leads_elsewhere_is_told(sandbox: Sandbox, path: str) -> None:
    found = failure(client_of(sandbox), path=path)
    assert type(found) is errors.EndpointNotFoundError
    assert "check base_url" in str(found)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_never_followed(sandbox: Sandbox, status: int) -> None:
    with world() as elsewhere:
        sandbox.behave(redirect=f"{elsewhere.url}{EVENTS}", status=status)
        before = len(sandbox.requests)
        found = failure(client_of(sandbox))
        assert type(found) is errors.RedirectedError
        assert "set base_url to the address of the API itself" in str(found)
        assert elsewhere.requests == []
    assert len(sandbox.requests) - before == 1


def test_a_server_that_is_not_there_is_told() -> None:
    found = failure(client_of(f"http://127.0.0.1:{closed_port()}"))
    assert type(found) is errors.ConnectionFailedError
    assert "Connection refused" in str(found)


def test_a_host_that_does_not_exist_is_told() -> None:
    found = failure(client_of("https://no-such-host.invalid", timeout=(2, 2)))
    assert type(found) in (errors.UnknownHostError, errors.RequestTimeoutError)
    assert "check base_url" in str(found)


def test_a_server_that_does_not_speak_tls_is_told(sandbox: Sandbox) -> None:
    found = failure(client_of(sandbox.url.replace("http:", "https:"), timeout=(2, 2)))
    assert type(found) is errors.ConnectionFailedError
    assert "REQUESTS_CA_BUNDLE" in str(found)
