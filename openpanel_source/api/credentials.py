"""The address of an API, and the credentials that may be sent there; pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from ipaddress import ip_address
from urllib.parse import urlsplit

from openpanel_source.errors import InvalidSettingError


def checked_base_url(base_url: str, *, allow_http: bool) -> str:
    """The base URL without a trailing slash, if credentials may be sent there.

    Raises:
        InvalidSettingError: It is no http(s) URL, holds credentials or a query, or is plain http
            to another host.
    """
    hint = "use something like https://api.openpanel.dev"
    if any(sign in base_url for sign in "@?#"):
        raise InvalidSettingError(
            "base_url must not hold credentials, a query or a fragment; set client_id and"
            " client_secret instead."
        )
    try:
        parts = urlsplit(base_url)
        host, _ = parts.hostname, parts.port
    except ValueError as error:
        raise InvalidSettingError(f"base_url is not a URL ({error}); {hint}.") from None
    if parts.scheme not in ("http", "https") or not host:
        raise InvalidSettingError(f"base_url {base_url!r} is not an http(s) URL; {hint}.")
    if parts.scheme == "http" and not allow_http and not _is_loopback(host):
        raise InvalidSettingError(
            f"base_url {base_url!r} would send the client secret unencrypted; use https, or set"
            " allow_http = true if the network is yours."
        )
    return base_url.rstrip("/")


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


@dataclass(frozen=True)
class Credentials:
    """A client of OpenPanel; the secret never shows in a repr.

    Args:
        client_id: A lowercase UUIDv4.
        client_secret: Its secret.
    """

    client_id: str
    client_secret: str = field(repr=False)
