"""The address of an API, and the credentials that may be sent there; pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from openpanel_source.errors import InvalidSettingError
from openpanel_source.model.text import printable


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


_FIELDS = ("client_id", "client_secret")


def parse_clients(value: object) -> dict[str, Credentials]:
    """Clients by project, as they stand in configuration, where the mapping may be JSON.

    Raises:
        InvalidSettingError: It is something else, or a project has no client or two; no value is
            repeated, as it may be a secret.
    """
    if isinstance(value, str):
        try:
            value = json.loads(value, object_pairs_hook=_each_once)
        except (ValueError, RecursionError):
            value = None
    if not isinstance(value, Mapping) or not value:
        raise InvalidSettingError(
            "clients must be a mapping from projects to clients, each with client_id and"
            " client_secret: [sources.openpanel.clients.PROJECT] in .dlt/secrets.toml, or JSON in"
            " the environment."
        )
    return {project: _credentials(str(project), client) for project, client in value.items()}


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise InvalidSettingError(f"clients names {printable(twice, 100)} twice; take one out.")
    return found


def _credentials(project: str, client: object) -> Credentials:
    found = dict(client) if isinstance(client, Mapping) else {}
    wrong = [name for name in _FIELDS if not isinstance(found.get(name), str) or not found[name]]
    unknown = [printable(str(name), 100) for name in found if name not in _FIELDS]
    if not wrong and not unknown:
        return Credentials(**found)
    problem = f"lacks {' and '.join(wrong)}" if wrong else f"holds {unknown[0]}"
    raise InvalidSettingError(
        f"the client of {printable(project, 100)} under clients {problem}; it takes client_id and"
        " client_secret, two texts."
    )
