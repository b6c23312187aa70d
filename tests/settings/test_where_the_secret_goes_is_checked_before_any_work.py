"""The address that the secret goes to and the secret itself are checked, and not repeated."""

from __future__ import annotations

import pytest

from openpanel_source.api.client import Client
from openpanel_source.api.credentials import Credentials, checked_base_url
from openpanel_source.errors import ConfigurationError, InvalidSettingError
from tests.support.sandbox_world import CLIENT


@pytest.mark.parametrize(
    "url",
    [
        "",
        "api.openpanel.dev",
        "ftp://host",
        "https://",
        "//host",
        "file:///etc/passwd",
        "https:host",
        "http:///x",
        "https://host:port",
        "https://host:99999",
        "https://[::1",
    ],
)
def test_what_is_no_base_url_is_refused(url: str) -> None:
    with pytest.raises(InvalidSettingError, match=r"base_url .* URL"):
        checked_base_url(url, allow_http=True)


@pytest.mark.parametrize(
    "url",
    [
        "https://id:hunter2@host",
        "https://hunter2@host/api",
        "https://id:hun/hunter2@host",
        "id:hunter2@host",
        "ftp://id:hunter2@host",
        "https://host?secret=hunter2",
        "https://host#hunter2",
        "https://id:hunter2@[::1",
        "https://@host",
        "https://host?",
    ],
)
def test_a_base_url_with_more_than_an_address_is_refused_without_repeating_it(url: str) -> None:
    with pytest.raises(InvalidSettingError, match="must not hold credentials") as caught:
        checked_base_url(url, allow_http=True)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("host", ["api.example.org", "10.0.0.5", "localhost.evil.org", "[2001::1]"])
def test_the_secret_goes_over_plain_http_only_where_allowed(host: str) -> None:
    with pytest.raises(InvalidSettingError, match="would send the client secret unencrypted"):
        checked_base_url(f"http://{host}", allow_http=False)
    assert checked_base_url(f"http://{host}/", allow_http=True) == f"http://{host}"


@pytest.mark.parametrize("host", ["localhost:3333", "127.0.0.1", "127.9.9.9:1", "[::1]:80"])
def test_plain_http_to_this_machine_is_allowed(host: str) -> None:
    assert checked_base_url(f"http://{host}/api/", allow_http=False) == f"http://{host}/api"


@pytest.mark.parametrize(
    "secret", ["hunter2\n", " hunter2", "hunter2\r\nx: y", "hunter2\0", "hunter2€"]
)
def test_a_secret_that_no_header_may_hold_is_refused_without_repeating_it(secret: str) -> None:
    with pytest.raises(InvalidSettingError, match="client_secret holds") as caught:
        Client("https://host", Credentials(CLIENT, secret))
    assert "hunter2" not in str(caught.value)
    with pytest.raises(ConfigurationError, match="client_id holds"):
        Client("https://host", Credentials(f"{CLIENT}\n", "hunter2"))
